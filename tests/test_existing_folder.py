"""Plain Copier writes into a folder that has files only if it may replace them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.services import read_files, write_files

OURS = {"LICENSE": b"Ours.\n", "README.md": b"# Ours\n", "src/clinic_service/main.py": b"# Ours\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files, whose name has signs that mean something in patterns."""
    folder = tmp_path / "our [service]*"
    write_files(folder, OURS)
    return folder


def copy(template: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `copier copy` without a terminal."""
    command = [sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", *options, str(template), str(folder)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def test_files_that_would_be_replaced_are_named_and_nothing_is_written(template: Path, folder: Path) -> None:
    run = copy(template, folder)

    assert run.returncode == 1
    sentence = f"{folder}: use --overwrite to replace README.md, src/clinic_service/main.py, or an empty folder."
    assert run.stderr.strip().endswith(sentence)
    assert read_files(folder) == OURS


def test_the_option_replaces_them(template: Path, folder: Path) -> None:
    run = copy(template, folder, "--overwrite")

    assert run.returncode == 0, run.stderr
    files = read_files(folder)
    assert files["LICENSE"] == OURS["LICENSE"]
    assert files["README.md"] != OURS["README.md"]


def test_other_files_are_no_reason_to_refuse(template: Path, folder: Path) -> None:
    for path in ("README.md", "src/clinic_service/main.py"):
        (folder / path).unlink()

    assert copy(template, folder).returncode == 0
    assert (folder / "LICENSE").read_bytes() == OURS["LICENSE"]
