"""Fixtures for tests of the checks."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hooks.cli import main

IDENTITY = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Project:
    """The folder that is checked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, source: str | bytes) -> None:
        """Write a file and its folders. It looks as if it was written an hour ago, so that facts about it are kept."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source if isinstance(source, bytes) else source.encode())
        before = file.stat().st_mtime - 3600
        os.utime(file, (before, before))

    def git(self, *arguments: str) -> None:
        """Run git in the folder."""
        command = ["git", "-c", "init.defaultBranch=main", *arguments]
        subprocess.run(command, cwd=self.folder, env=os.environ | IDENTITY, check=True, capture_output=True)

    def commit(self) -> None:
        """Commit all files."""
        self.git("init", "-q")
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "Change")


@dataclass
class Result:
    """What a run of the checks printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The folder that is checked, which is the current one."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Project(folder)


@pytest.fixture
def check(project: Project, capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run `phasework check` with arguments in the project."""
    (project.folder / "pyproject.toml").touch()

    def run(*arguments: str) -> Result:
        capfd.readouterr()
        code = main(arguments)
        return Result(code, *capfd.readouterr())

    return run
