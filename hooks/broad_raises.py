"""Asks the ruff of the target for the tests that expect any exception (B017, PT011)."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .project import Project

RULES = "B017,PT011"


class NoAnswer(Exception):
    """ruff did not count; the message says why."""


def places(project: Project) -> Iterator[tuple[str, int]]:
    """Yield the files and lines that ruff reports. A line is reported once, even if it breaks both rules."""
    command = [
        find_ruff(project),
        "check",
        f"--select={RULES}",
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
    found = {(Path(item["filename"]), item["location"]["row"]) for item in reported if item["code"] in RULES.split(",")}
    files = set(project.files)
    for file, line in sorted(found):
        path = file.relative_to(project.root).as_posix() if file.is_relative_to(project.root) else ""
        if path in files:
            yield path, line


def find_ruff(project: Project) -> str:
    """Return the ruff of the target's environment, or that on the PATH."""
    folders = []
    if project.python:
        # lib/python3.12/site-packages, or Lib/site-packages on Windows
        environment = project.python.parents[2 if project.python.parent.name.startswith("python") else 1]
        folders = [str(environment / "bin"), str(environment / "Scripts")]
    if found := shutil.which("ruff", path=os.pathsep.join(folders)) or shutil.which("ruff"):
        return found
    raise NoAnswer("ruff is neither in the environment of the project nor on the PATH")
