"""Asks the ruff of the target what it counts already."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .environment import find_program
from .project import Project

BROAD_RAISES = "B017,PT011"
IMPORT_ORDER = "I001"


class NoAnswer(Exception):
    """ruff did not count; the message says why."""


def broad_raises(project: Project) -> Iterator[tuple[str, int]]:
    """Yield the files and lines of tests that expect any exception."""
    return places(project, BROAD_RAISES)


def import_order(project: Project) -> Iterator[tuple[str, int]]:
    """Yield the files and lines of imports in another order than that of ruff's settings in the project."""
    return places(project, IMPORT_ORDER)


def places(project: Project, rules: str) -> Iterator[tuple[str, int]]:
    """Yield the files and lines that ruff reports. A line is reported once, even if it breaks several of the rules."""
    command = [
        find_ruff(project),
        "check",
        f"--select={rules}",
        "--output-format=json",
        "--exit-zero",
        "--no-cache",
        ".",
    ]
    result = subprocess.run(command, cwd=project.root, capture_output=True, encoding="utf-8", check=False)
    try:
        reported = json.loads(result.stdout)
    except ValueError:
        reason = (result.stderr or "it printed no JSON").strip().splitlines()[0]
        raise NoAnswer(f"{command[0]} failed: {reason}") from None
    found = {(Path(item["filename"]), item["location"]["row"]) for item in reported if item["code"] in rules.split(",")}
    files = set(project.files)
    for file, line in sorted(found):
        path = file.relative_to(project.root).as_posix() if file.is_relative_to(project.root) else ""
        if path in files:
            yield path, line


def find_ruff(project: Project) -> str:
    """Return the ruff of the target's environment, or that on the PATH."""
    if found := find_program(project, "ruff"):
        return found
    raise NoAnswer("ruff is neither in the environment of the project nor on the PATH")
