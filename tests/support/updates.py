"""Versions of the template in a git repository of their own, and services that live with them."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from phasework.updates import update

from .services import copy_template, read_files

# Below, another function may take its place.
run_copy = copier.run_copy

COMMAND = (sys.executable, "-m", "phasework")
"""The command in a process of its own; with `WORKING_TREE` it does not look for another version of itself."""
WORKING_TREE = os.environ | {"PHASEWORK_VERSION": "the working tree"}
FIRST = "v0.1.0"
ANSWERS = ".copier-answers.yml"
_IDENTITY = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}
_ENVIRONMENT = (
    {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    | _IDENTITY
    | {name.replace("AUTHOR", "COMMITTER"): value for name, value in _IDENTITY.items()}
    # What a person has set in git for themselves concerns no test.
    | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
)

Replacement = tuple[str, str]
Changes = Mapping[str, "Replacement | str"]
"""What a version changes: of a file of the template a text and what stands there from now on, or a whole new file."""


def git(folder: Path, *arguments: str, expect: int = 0) -> str:
    """Run a command of git in a folder and return what it printed."""
    run = subprocess.run(["git", *arguments], cwd=folder, env=_ENVIRONMENT, capture_output=True, text=True, check=False)
    assert run.returncode == expect, f"git {' '.join(arguments)}: {run.stderr}"
    return run.stdout


def commit_all(folder: Path, message: str) -> None:
    """Commit every file of a folder, and begin its repository if need be."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


@dataclass(frozen=True)
class Versions:
    """The template in a repository; each of its versions is a tag, and comes from the first one."""

    folder: Path

    def release(self, tag: str, *several: Changes) -> None:
        """Make a version of the first one with these changes."""
        git(self.folder, "checkout", "--quiet", FIRST)
        for path, change in (item for changes in several for item in changes.items()):
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(change if isinstance(change, str) else replace(file, *change), encoding="utf-8")
        commit_all(self.folder, tag)
        git(self.folder, "tag", tag)
        git(self.folder, "checkout", "--quiet", FIRST)

    def write(self, folder: Path, answers: Mapping[str, Any], version: str = FIRST) -> "LivingService":
        """Write a service and commit it."""
        run_copy(str(self.folder), folder, dict(answers), vcs_ref=version, defaults=True, quiet=True)
        commit_all(folder, "Begin")
        return LivingService(folder)


def replace(file: Path, old: str, new: str) -> str:
    """Return the text of a file with its only `old` replaced."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
    return text.replace(old, new)


def make_versions(folder: Path) -> Versions:
    """Put the template of the working tree, as version 0.1.0, into a repository."""
    copy_template(folder)
    commit_all(folder, FIRST)
    git(folder, "tag", FIRST)
    return Versions(folder)


@dataclass(frozen=True)
class Outcome:
    """What an update did."""

    code: int
    printed: str

    def names(self, title: str) -> list[str]:
        """Return the lines below a title of the summary."""
        found = re.search(rf"^{re.escape(title)}.*:\n((?:  .*\n)+)", self.printed, re.MULTILINE)
        return [line.strip() for line in found[1].splitlines()] if found else []


@dataclass(frozen=True)
class LivingService:
    """A service in a git repository, which its team edits and updates."""

    folder: Path

    def copy(self, folder: Path) -> "LivingService":
        """Return another one like it."""
        shutil.copytree(self.folder, folder)
        return LivingService(folder)

    def read(self, path: str) -> str:
        """Return the text of a file."""
        return (self.folder / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the only `old` in a file."""
        self.write(path, replace(self.folder / path, old, new))

    def add_line(self, path: str, line: str) -> None:
        """Write a line to the end of a file."""
        self.write(path, f"{self.read(path)}{line}\n")

    def commit(self, message: str = "Work") -> None:
        """Commit everything."""
        commit_all(self.folder, message)

    def update(
        self, changes: Mapping[str, Any] | None = None, version: str | None = ":current:", **options: bool
    ) -> Outcome:
        """Update it in this process."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), inside(self.folder):
            try:
                code = update(self.folder, changes or {}, version=version, **options)
            except SystemExit as refusal:
                # Python prints anything but a number, and exits with 1.
                return Outcome(refusal.code if isinstance(refusal.code, int) else 1, str(refusal.code))
        return Outcome(code, printed.getvalue())

    def status(self) -> list[str]:
        """Return what git tells of files that differ from the last commit."""
        return git(self.folder, "status", "--porcelain", "--untracked-files=all").splitlines()

    def files(self) -> dict[str, bytes]:
        """Return the files, without git's own."""
        return {path: content for path, content in read_files(self.folder).items() if not path.startswith(".git/")}

    def answers(self) -> dict[str, Any]:
        """Return what it was written from."""
        answers: dict[str, Any] = yaml.safe_load(self.read(ANSWERS))
        return answers


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Run a `with` block in a folder, without what a person has set in git."""
    before, variables = Path.cwd(), dict(os.environ)
    os.chdir(folder)
    os.environ.update({name: _ENVIRONMENT[name] for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")})
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(variables)


@dataclass
class Shelf:
    """Services as they are written anew, each written once."""

    versions: Versions
    folder: Path
    written: dict[str, Path] = field(default_factory=dict, repr=False)

    def fresh(self, given: dict[str, Any], version: str) -> Path:
        """Return the folder of the service that has these answers."""
        key = json.dumps([given, version])
        if key not in self.written:
            folder = self.folder / str(len(self.written))
            source = str(self.versions.folder)
            run_copy(source, folder, given, vcs_ref=version, defaults=True, quiet=True)
            self.written[key] = folder
        return self.written[key]

    @contextlib.contextmanager
    def serves_updates(self) -> Iterator[None]:
        """Let updates take services from here inside of a `with` block, where each would be written twice."""

        def render(
            answers: dict[str, Any], changes: dict[str, Any], version: str, old: Path, new: Path, **_: Any
        ) -> None:
            recorded = {key: value for key, value in answers.items() if not key.startswith("_")}
            shutil.copytree(self.fresh(recorded, answers["_commit"]), old)
            shutil.copytree(self.fresh({**recorded, **changes}, version), new)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("phasework.updates.render", render)
            yield

    @contextlib.contextmanager
    def serves_copies(self) -> Iterator[None]:
        """Let updates take from here what the service was before, inside of a `with` block; what it will be is written."""

        def copy(_: str, folder: Path, recorded: dict[str, Any], *, vcs_ref: str, **__: Any) -> None:
            shutil.copytree(self.fresh(recorded, vcs_ref), folder)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(copier, "run_copy", copy)
            yield

    def begin(self, folder: Path, given: dict[str, Any], version: str) -> LivingService:
        """Return a new service in a repository of its own."""
        service = LivingService(self.fresh(given, version)).copy(folder)
        commit_all(folder, "Begin")
        return service
