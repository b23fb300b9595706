"""Fixtures for tests of the checks."""

from pathlib import Path

import pytest


class Project:
    """The folder that is checked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, source: str) -> None:
        """Write a file and its folders."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The folder that is checked, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)
