"""No file makes a check fail: files that were damaged in many ways are read, or named in one line."""

import random
import site
from collections.abc import Callable
from pathlib import Path

import pytest

from hooks import registry
from hooks.cli import main
from tests.support.fuzzing import fuzz

from .conftest import Project

ROOTS = [Path(__file__).parents[2], *map(Path, site.getsitepackages())]
FOLDERS = [
    "hooks",
    "src",
    "tests",
    "template/catalog",
    "pytest",
    "_pytest",
    "hypothesis",
    "copier",
    "typer",
    "sqlalchemy",
    "alembic",
]
PIECES = [
    b"(", b")", b"[", b"'", b'"""', b"\\", b"\n", b"\t", b"\r", b"\x00", b"\xff", b":", b"=", b"@", b"*", b"async ", b"def ", b"class ",
    b"import ", b"from . import *\n", b"lambda: ", b"match x:\n", b"f'{", b"yield ", b"global x\n", b"del x\n", b"# phasework: ignore[",
    b"patch('a.b')\n", b"\xef\xbb\xbf", b"# coding: latin-1\n", b"type X = int\n", b"except A, B:\n", b"x: int\n",
]  # fmt: skip
"""What is put into files."""
OF_A_BATCH = 50


def real_files() -> list[Path]:
    """Return Python files of this project and of installed packages."""
    folders = [root / name for root in ROOTS for name in FOLDERS]
    return sorted(file for folder in folders for file in folder.rglob("*.py") if file.stat().st_size < 60_000)


def damage(data: bytes, generator: random.Random) -> bytes:
    """Return a file after some random edits: parts that are left out, moved, repeated or replaced."""
    for _ in range(generator.randint(1, 4)):
        start = generator.randrange(len(data) + 1)
        end = min(len(data), start + generator.choice([1, 10, 200, 2000]))
        part = generator.choice([b"", data[start:end] * 2, data[start:end][::-1], generator.choice(PIECES)])
        data = data[:start] + part + data[generator.choice([start, end]) :]
    return data


@fuzz(few=100, many=10_000)
def test_damaged_files_are_read_or_named(
    project: Project, capfd: pytest.CaptureFixture[str], seed: int, cases: int
) -> None:
    generator = random.Random(seed)
    files = real_files()
    for batch in range(0, cases, OF_A_BATCH):
        for number in range(batch, min(batch + OF_A_BATCH, cases)):
            data = damage(generator.choice(files).read_bytes(), generator)
            project.write(f"{generator.choice(['app', 'tests'])}/file_{number % OF_A_BATCH}.py", data)

        code = main([*registry.CHECKS, "--format=json", "--all", "--no-cache"])

        err = capfd.readouterr().err
        assert code in (0, 1), err
        assert all(" was not read: " in line for line in err.splitlines()), err


def test_awkward_projects_are_checked(project: Project, check: Callable[..., object]) -> None:
    project.write("generated.py", b"x = [\n" + b"    1,\n" * 700_000 + b"]\n")
    project.write("app/__init__.py", "from .link import *\n")
    (project.folder / "app" / "loop").symlink_to("..", target_is_directory=True)
    (project.folder / "app" / "link.py").symlink_to("link.py")
    (project.folder / "folder.py").mkdir()
    project.write("httpx/test_it.py", "import httpx\nhttpx.get()\n")
    project.write("tests/httpx/conftest.py", "from unittest.mock import patch\npatch('httpx.Client')\n")
    project.write("conftest.py", "")
    project.write("sub/conftest.py", "")
    project.write("odd name-1.py", "x = 1\n")
    project.write("päckage/modül.py", "x = 1\n")
    project.write("wide.py", "\ufeffx = 1\n")
    project.write("windows.py", "x = 1\r\ny = '''\r\n'''\r\n")
    project.write("latin.py", "# coding: latin-1\nx = 'é'\n".encode("latin-1"))

    result = check(*registry.CHECKS, "--all")

    assert result.code == 0, result  # type: ignore[attr-defined]
    assert result.err == "generated.py was not read: it is larger than 1,000,000 bytes.\n"  # type: ignore[attr-defined]
