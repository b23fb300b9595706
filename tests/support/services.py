"""Writes services from the template of the working tree, and runs their commands."""

import copy
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import copier
import yaml

from .environments import environment_of, locked

ROOT = Path(__file__).parents[2]

Answers = Mapping[str, Any]

# What steers our own run must not steer that of a service.
_OURS = ("COVERAGE_", "PYTEST_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV")
_NOT_SOURCES = shutil.ignore_patterns("__pycache__", ".*_cache", "*.pyc")
# What a run beside may be writing or deleting.
_IN_USE = shutil.ignore_patterns(".*_cache", ".coverage*", "*.pyc.*")


@dataclass(frozen=True)
class Service:
    """A service in a folder, and the Python that its commands run with."""

    folder: Path
    files: Mapping[str, bytes] = field(repr=False)
    """What was written, by its path; what running the service leaves behind is not in it."""
    python: Path = Path(sys.executable)
    besides: tuple[str, ...] = ()
    """What is installed in its environment besides its own dependencies."""

    def copy(self, folder: Path) -> "Service":
        """Return a copy in another folder, which a test may change."""
        shutil.copytree(self.folder, folder, ignore=_IN_USE)
        return replace(self, folder=folder)

    @cached_property
    def answers(self) -> dict[str, Any]:
        """What the service was written from, as it recorded it."""
        answers: dict[str, Any] = yaml.safe_load((self.folder / ".copier-answers.yml").read_text(encoding="utf-8"))
        return answers

    @property
    def package(self) -> str:
        """The name of its Python package."""
        return str(self.answers["package_name"])

    @property
    def modules(self) -> list[str]:
        """The names of its modules."""
        return sorted(
            path.split("/")[3] for path in self.files if re.fullmatch(r"src/\w+/modules/\w+/service\.py", path)
        )

    @property
    def plan(self) -> dict[str, dict[str, int]]:
        """The phase and the coverage target of each module."""
        return self.answers.get("plan") or {}

    def run(self, *command: str, expect: int = 0, variables: Mapping[str, str] | None = None) -> str:
        """Run a command of the service's own environment and return what it printed.

        An exit code other than `expect` fails the test, with all that the command said.
        """
        run = self.start(*command, variables=variables)
        assert run.returncode == expect, f"{' '.join(command)} in {self.folder} exited {run.returncode}:\n{run.stdout}"
        return run.stdout

    def start(
        self,
        *command: str,
        timeout: float | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the service's own environment, with `variables` besides our own, wherever it leads."""
        return subprocess.run(
            self.command(*command),
            cwd=self.folder,
            env=self.variables | dict(variables or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
        )

    def command(self, *command: str) -> list[str]:
        """Return a command of the service's own environment, with its full path."""
        return [str(self.environment / "bin" / command[0]), *command[1:]]

    @property
    def environment(self) -> Path:
        """The environment that holds what the service declares."""
        return environment_of(self.folder, self.python, self.besides)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that its commands run with."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        return variables | {
            "PATH": f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
            # Services share environments: none of them is installed in one.
            "PYTHONPATH": str(self.folder / "src"),
        }

    def run_suite(self, *options: str, expect: int = 0, variables: Mapping[str, str] | None = None) -> str:
        """Run the suite with warnings as errors."""
        return self.run("pytest", "-W", "error", *options, expect=expect, variables=variables)

    def check_types(self) -> None:
        """Run mypy on the service, with the cache of all services that share its environment."""
        cache = self.environment.with_suffix(".mypy")
        with locked(cache.with_suffix(".mypy-lock")):
            self.run("mypy", "--cache-dir", str(cache))


SCHEMATHESIS = "schemathesis>=4.32,<5"


def with_load_tools(service: Service) -> Service:
    """Return the service in an environment that also has its group `performance`, and schemathesis."""
    groups = tomllib.loads((service.folder / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return replace(service, besides=(SCHEMATHESIS, *groups["performance"]))


def program(name: str) -> str:
    """Return the path of a program that is installed beside our Python."""
    return str(Path(sys.executable).with_name(name))


def copy_template(folder: Path) -> Path:
    """Copy the template of the working tree, as it is now, and return the copy: no commit is needed to try a change."""
    for part in ("template", "hooks", "src/phasework_suite"):
        shutil.copytree(ROOT / part, folder / part, ignore=_NOT_SOURCES)
    shutil.copy(ROOT / "copier.yml", folder)
    return folder


def write_service(template: Path, folder: Path, answers: Answers, python: Path = Path(sys.executable)) -> Service:
    """Write a service from `answers`, with the default for every other question."""
    copier.run_copy(str(template), folder, data=copy.deepcopy(dict(answers)), defaults=True, quiet=True)
    return Service(folder, read_files(folder), python)


def lock(folder: Path) -> None:
    """Resolve what a service declares, as `uv sync` does for whoever works on it: its image is built from that."""
    run = subprocess.run(
        [Path(sys.executable).with_name("uv"), "lock", "--quiet", "--python", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, by its path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def run_copier(command: str, *arguments: str | Path, cwd: Path = ROOT) -> None:
    """Run a command of Copier, quietly; what it says of a failure fails the test."""
    run_python(cwd, "-m", "copier", command, "--defaults", "--quiet", *arguments)


def run_python(folder: Path, *arguments: str | Path) -> None:
    """Run our own Python in a folder; what it says of a failure fails the test."""
    run = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
