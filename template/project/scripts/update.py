"""Stands in for the command that updates a service, until that is here."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def open_repository(root: Path) -> None:
    """Exit where a file differs from the last commit."""
    run = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=False)
    if run.returncode or run.stdout:
        sys.exit("There are changes that are not committed. Commit or stash them, so that you can undo the update.")


def read_answers(file: Path) -> dict[str, Any]:
    """Return what the service was written from."""
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def update(root: Path, changes: Mapping[str, Any]) -> int:
    """Update the service with these answers changed, and return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answers.yml")
        file.write_text(yaml.safe_dump(dict(changes), sort_keys=False), encoding="utf-8")
        command = [sys.executable, "-m", "copier", "update", "--defaults", "--data-file", str(file)]
        return subprocess.run([*command, "--vcs-ref", ":current:"], cwd=root, check=False).returncode
