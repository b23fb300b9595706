"""Stands in for the command that updates a service, until that is here."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def refuse_changed_files(root: Path) -> None:
    """Exit where a file differs from the last commit."""
    run = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=False)
    if run.returncode or run.stdout:
        sys.exit("Commit or stash your changes first.")


def update(root: Path, changes: Mapping[str, Any], *, vcs_ref: str | None = None) -> int:
    """Update the service with these answers changed, and return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answers.yml")
        file.write_text(yaml.safe_dump(dict(changes), sort_keys=False), encoding="utf-8")
        command = [sys.executable, "-m", "copier", "update", "--defaults", "--data-file", str(file)]
        version = ["--vcs-ref", vcs_ref] if vcs_ref else []
        return subprocess.run([*command, *version], cwd=root, check=False).returncode
