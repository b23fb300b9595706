"""Versions of the template in a git repository, and services that are updated to them."""

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

from .services import ROOT, copy_template, read_files

# Other functions below may replace it.
run_copy = copier.run_copy

COMMAND = (sys.executable, "-m", "phasework")
"""The command in a separate process; with `WORKING_TREE` it does not look for another version of itself."""
WORKING_TREE = os.environ | {"PHASEWORK_VERSION": "the working tree"}
FIRST = "v0.1.0"
ANSWERS = ".copier-answers.yml"
GIT_VARIABLES = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    # Ignore the user's git configuration.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}
_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | GIT_VARIABLES

Replacement = tuple[str, str]
Changes = Mapping[str, "Replacement | str"]
"""Changes of a version: for each file of the template, an old and a new text, or the contents of a new file."""


def git(folder: Path, *arguments: str, expect: int | None = 0) -> str:
    """Run a git command in a folder and return its output; None accepts every exit code."""
    run = subprocess.run(["git", *arguments], cwd=folder, env=_ENVIRONMENT, capture_output=True, text=True, check=False)
    assert expect in (None, run.returncode), f"git {' '.join(arguments)}: {run.stderr}"
    return run.stdout


def commit_all(folder: Path, message: str) -> None:
    """Commit all files of a folder; create a repository if there is none."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


@dataclass(frozen=True)
class Versions:
    """The template in a repository; each version is a tag based on the first one."""

    folder: Path

    def release(self, tag: str, *several: Changes) -> None:
        """Create a version with these changes to the first one."""
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
    """Return the text of a file with its only occurrence of `old` replaced."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
    return text.replace(old, new)


def make_versions(folder: Path) -> Versions:
    """Create a repository with the template of the working tree as version 0.1.0."""
    copy_template(folder)
    commit_all(folder, FIRST)
    git(folder, "tag", FIRST)
    return Versions(folder)


def clone_history(folder: Path, earlier: Mapping[str, str], newest: str) -> Versions:
    """Clone this repository, with commits as the earlier versions, by tag, and the working tree as the newest one.

    Skips the test in a clone without these commits.
    """
    for commit in earlier.values():
        if subprocess.run(["git", "cat-file", "-e", commit], cwd=ROOT, capture_output=True, check=False).returncode:
            pytest.skip(f"this clone of the repository has no commit {commit[:7]}: run `git fetch --unshallow`")
    git(ROOT, "clone", "--quiet", "--no-tags", str(ROOT), str(folder))
    for tag, commit in earlier.items():
        git(folder, "tag", tag, commit)
    git(folder, "rm", "-r", "--quiet", ".")
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    commit_all(folder, newest)
    git(folder, "tag", newest)
    return Versions(folder)


@dataclass(frozen=True)
class Outcome:
    """The result of an update."""

    code: int
    printed: str

    def names(self, title: str) -> list[str]:
        """Return the lines below a title of the summary."""
        found = re.search(rf"^{re.escape(title)}.*:\n((?:  .*\n)+)", self.printed, re.MULTILINE)
        return [line.strip() for line in found[1].splitlines()] if found else []


@dataclass(frozen=True)
class LivingService:
    """A service in a git repository that is edited and updated."""

    folder: Path

    def copy(self, folder: Path) -> "LivingService":
        """Return a copy."""
        shutil.copytree(self.folder, folder, symlinks=True)
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
        """Replace the only occurrence of `old` in a file."""
        self.write(path, replace(self.folder / path, old, new))

    def add_line(self, path: str, line: str) -> None:
        """Append a line to a file."""
        self.write(path, f"{self.read(path)}{line}\n")

    def commit(self, message: str = "Work") -> None:
        """Commit everything."""
        commit_all(self.folder, message)

    def update(
        self, changes: Mapping[str, Any] | None = None, version: str | None = ":current:", **options: Any
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
        """Return git's status of changed files."""
        return git(self.folder, "status", "--porcelain", "--untracked-files=all").splitlines()

    def files(self) -> dict[str, bytes]:
        """Return the files, without git's own."""
        return {path: content for path, content in read_files(self.folder).items() if not path.startswith(".git/")}

    def answers(self) -> dict[str, Any]:
        """Return the recorded answers."""
        answers: dict[str, Any] = yaml.safe_load(self.read(ANSWERS))
        return answers


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Run a `with` block in a folder, without the user's git configuration."""
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
class ServiceCache:
    """A cache of newly written services."""

    versions: Versions
    folder: Path
    written: dict[str, Path] = field(default_factory=dict, repr=False)

    def fresh(self, given: dict[str, Any], version: str) -> Path:
        """Return the folder of the service with these answers."""
        key = json.dumps([given, version])
        if key not in self.written:
            folder = self.folder / str(len(self.written))
            source = str(self.versions.folder)
            run_copy(source, folder, given, vcs_ref=version, defaults=True, quiet=True)
            self.written[key] = folder
        return self.written[key]

    @contextlib.contextmanager
    def serve_updates(self) -> Iterator[None]:
        """Let updates use cached services within a `with` block, instead of writing each twice."""

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
    def serve_old_services(self) -> Iterator[None]:
        """Let updates use the cache for the old service within a `with` block; others are written."""
        write = copier.run_copy

        def copy(
            source: str, folder: Path, *recorded: dict[str, Any], answers_file: str = ANSWERS, **options: Any
        ) -> None:
            if not recorded:
                write(source, folder, answers_file=answers_file, **options)
                return
            shutil.copytree(self.fresh(recorded[0], options["vcs_ref"]), folder)
            (folder / ANSWERS).rename(folder / answers_file)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(copier, "run_copy", copy)
            yield

    def begin(self, folder: Path, given: dict[str, Any], version: str) -> LivingService:
        """Return a new service in a new repository."""
        service = LivingService(self.fresh(given, version)).copy(folder)
        commit_all(folder, "Begin")
        return service
