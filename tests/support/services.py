"""Write services from the template in the working tree, and run their commands."""

import copy
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import copier
import yaml

from .cases import CASES
from .environments import cache_of_types, environment_of

ROOT = Path(__file__).parents[2]

Answers = Mapping[str, Any]

# Variables of our own run that must not affect services.
_OURS = ("COVERAGE_", "PYTEST_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV")
_NOT_SOURCES = shutil.ignore_patterns("__pycache__", ".*_cache", "*.pyc")
# Files that concurrent runs may write or delete.
_IN_USE = shutil.ignore_patterns(".*_cache", ".coverage*", "*.pyc.*")


@dataclass(frozen=True)
class Service:
    """A service in a folder, with the Python of its commands."""

    folder: Path
    files: Mapping[str, bytes] = field(repr=False)
    """The written files by path, without files that commands created later."""
    python: Path = Path(sys.executable)
    extra: tuple[str, ...] = ()
    """Additional requirements in its environment."""

    def copy(self, folder: Path) -> "Service":
        """Return a copy in another folder that a test can change."""
        shutil.copytree(self.folder, folder, ignore=_IN_USE)
        return replace(self, folder=folder)

    @cached_property
    def answers(self) -> dict[str, Any]:
        """The recorded answers of the service."""
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

        An exit code other than `expect` fails the test, with the output of the command.
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
        """Run a command of the service's environment with additional `variables`, and return the result."""
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

    @contextmanager
    def talk_to(self, *command: str) -> Iterator[tuple[IO[str], IO[str]]]:
        """Run a command of the service's environment within a `with` block, and yield its input and its output.

        At the end, its input is closed and it is waited for.
        """
        program = subprocess.Popen(
            self.command(*command),
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with program:
            assert program.stdin is not None
            assert program.stdout is not None
            yield program.stdin, program.stdout

    def command(self, *command: str) -> list[str]:
        """Return a command of the service's environment with its full path."""
        return [str(self.environment / "bin" / command[0]), *command[1:]]

    @property
    def environment(self) -> Path:
        """The environment with the declared dependencies."""
        return environment_of(self.folder, self.python, self.extra)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that its commands run with."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        return variables | {
            "PATH": f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
            # Services share environments: none of them is installed in one.
            "PYTHONPATH": str(self.folder / "src"),
            # Our tests run on several processors already.
            "PYTEST_ADDOPTS": "-n 0",
        }

    def run_suite(self, *options: str, expect: int = 0, variables: Mapping[str, str] | None = None) -> str:
        """Run the suite with warnings as errors."""
        return self.run("pytest", "-W", "error", *options, expect=expect, variables=variables)

    def check_types(self, *paths: str) -> None:
        """Run mypy, by default on the whole service, with the libraries of all modules and the cache of all services.

        Its suite runs with its own libraries. A cold cache costs 12 s.
        """
        environment = environment_of_all(self.answers["database_access"], self.python)
        command = ("mypy", "--python-executable", str(environment / "bin" / "python"), *paths)
        with cache_of_types(environment) as variables:
            self.run(*command, variables=variables)


SCHEMATHESIS = "schemathesis>=4.32,<5"


def with_load_tools(service: Service) -> Service:
    """Return the service in an environment that also has its group `performance`, and schemathesis."""
    groups = tomllib.loads((service.folder / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return replace(service, extra=(SCHEMATHESIS, *groups["performance"]))


def program(name: str) -> str:
    """Return the path of a program in the environment of our Python."""
    return str(Path(sys.executable).with_name(name))


def copy_template(folder: Path) -> Path:
    """Copy the template from the working tree, including uncommitted changes, and return the copy."""
    for part in ("template", "hooks", "src/phasework_suite"):
        shutil.copytree(ROOT / part, folder / part, ignore=_NOT_SOURCES)
    shutil.copy(ROOT / "copier.yml", folder)
    return folder


def write_service(template: Path, folder: Path, answers: Answers, python: Path = Path(sys.executable)) -> Service:
    """Write a service from `answers` and defaults."""
    copier.run_copy(str(template), folder, data=copy.deepcopy(dict(answers)), defaults=True, quiet=True)
    return Service(folder, read_files(folder), python)


@cache
def environment_of_all(database_access: str, python: Path) -> Path:
    """Return an environment with the libraries of all modules and types of fields in a form."""
    form = "" if database_access == "sync" else "-async"
    with TemporaryDirectory(prefix="phasework-everything-") as folder:
        template = copy_template(Path(folder) / "template")
        service, *others = (
            write_service(template, Path(folder) / case, CASES[case + form], python)
            for case in ("everything", "platform", "blank")
        )
        projects = [tomllib.loads(other.files["pyproject.toml"].decode())["project"] for other in others]
        requirements = {requirement for project in projects for requirement in project["dependencies"]}
        return replace(service, extra=tuple(sorted(requirements))).environment


def lock(folder: Path) -> None:
    """Write the lock file of a service, which its image needs."""
    run = subprocess.run(
        [Path(sys.executable).with_name("uv"), "lock", "--quiet", "--python", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files below a folder by path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder; `read_files` reads them."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def run_copier(command: str, *arguments: str | Path, cwd: Path = ROOT) -> None:
    """Run a Copier command quietly; a failure fails the test with its output."""
    run_python(cwd, "-m", "copier", command, "--defaults", "--quiet", *arguments)


def run_python(folder: Path, *arguments: str | Path) -> None:
    """Run our Python in a folder; a failure fails the test with its output."""
    run = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
