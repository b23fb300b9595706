"""The Docker engine of this machine, if one runs, as on GitHub's runners."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# Docker 20 and docker-compose 1 use BuildKit only with these variables.
_BUILDKIT = {"DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}


@cache
def why_no_engine() -> str | None:
    """Return why images cannot be built here, or None."""
    if shutil.which("docker") is None:
        return "no Docker: `docker` is not on the PATH"
    version = run("docker", "version", check=False)
    if version.returncode:
        return f"no Docker engine responds: {version.stderr.strip().splitlines()[-1]}"
    return None if compose_command() else "neither `docker compose` nor docker-compose is installed"


@cache
def compose_command() -> tuple[str, ...]:
    """Return the command of Compose (current or 1.29), or nothing."""
    if run("docker", "compose", "version", check=False).returncode == 0:
        return ("docker", "compose")
    return ("docker-compose",) if shutil.which("docker-compose") else ()


def needs_engine() -> list[pytest.MarkDecorator]:
    """Return the marks of tests that build and start images: they run in sequence, and are skipped without an engine."""
    reason = why_no_engine()
    return [pytest.mark.skipif(reason is not None, reason=str(reason)), pytest.mark.xdist_group("engine")]


def run(
    *command: str,
    check: bool = True,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command; unless `check` is false, a failure fails the test with the output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | _BUILDKIT | dict(variables or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, (
        f"{' '.join(command)} exited {done.returncode}:\n{done.stdout}{done.stderr}"
    )
    return done


def docker(*arguments: str) -> str:
    """Run a Docker command and return its output."""
    return run("docker", *arguments).stdout.strip()


def inspect(name: str) -> dict[str, Any]:
    """Return Docker's description of a container or an image."""
    (known,) = json.loads(docker("inspect", name))
    return dict(known)


@dataclass(frozen=True)
class Stack:
    """The stack of a docker-compose.yml, with a unique name and free ports."""

    folder: Path
    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ("docker-compose.yml",)

    def compose(self, *arguments: str) -> str:
        """Run a Compose command and return its output; a failure fails the test."""
        return self.start(*arguments, check=True).stdout.strip()

    def start(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a Compose command and return the result."""
        files = [option for file in self.files for option in ("--file", file)]
        return run(
            *(*compose_command(), "--project-name", self.name, *files, *arguments),
            check=check,
            cwd=self.folder,
            variables=self.variables,
        )

    def container(self, service: str) -> dict[str, Any]:
        """Return Docker's description of the container of a service."""
        label = f"label=com.docker.compose.service={service}"
        project = f"label=com.docker.compose.project={self.name}"
        return inspect(docker("ps", "--all", "--quiet", "--filter", project, "--filter", label))
