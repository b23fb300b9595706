"""The contracts of import-linter, which the program `lint-imports` checks."""

import configparser
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from .check import Finding
from .environment import find_program
from .project import Project, warn

BROKEN = 'This breaks the contract "{contract}" of import-linter: {chain}.'
NAME = "lint-imports"
LIMIT = 300
"""Seconds until the program is stopped."""
LINK = re.compile(r"^(?P<first>- +)?\W*(?P<importer>[\w.]+) -> (?P<imported>[\w.]+) \(l\.(?P<line>\d+)")
UNDERLINE = re.compile(r"-{3,}")
COUNT = re.compile(r"Contracts: \d+ kept, (\d+) broken")


def find_broken(project: Project) -> Iterator[Finding]:
    """Yield the first import of each broken contract. Where the contracts cannot be checked, say why and yield nothing."""
    if not (settings := read_contracts(project.root)):
        return
    if settings.get("contract_types"):
        warn(
            "The contracts of import-linter were not checked: contract_types names code of the project, which would run."
        )
        return
    if not (program := find_program(project, NAME)):
        warn("The contracts of import-linter were not checked: it is not installed in the environment of the project.")
        return
    output = _run(program, project)
    if not COUNT.search(output):
        reason = (output.strip().splitlines() or ["no output"])[-1]
        warn(f"The contracts of import-linter were not checked: {reason}")
        return
    yield from _findings(project, output)


def read_contracts(root: Path) -> dict[str, object]:
    """Return the settings of import-linter in a project, or nothing."""
    try:
        if settings := tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]:
            return dict(settings)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    parser = configparser.ConfigParser()
    for name in (".importlinter", "setup.cfg"):
        try:
            parser.read(root / name, encoding="utf-8")
        except (configparser.Error, ValueError):
            continue
        if parser.has_section("importlinter"):
            return dict(parser["importlinter"])
    return {}


def _run(program: str, project: Project) -> str:
    """Return what the program prints. It reads the packages in the source roots, and does not import them."""
    roots = [str(project.root / root) for root in project.modules.roots]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(roots), "NO_COLOR": "1", "COLUMNS": "200"}
    command = [program, "--no-cache"]
    try:
        done = subprocess.run(
            command,
            cwd=project.root,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return f"{done.stdout}\n{done.stderr}"


def _findings(project: Project, output: str) -> Iterator[Finding]:
    """Yield the first import of each chain that the program prints below the name of a contract."""
    lines = output.partition("Broken contracts\n")[2].splitlines()
    contract = ""
    for number, line in enumerate(lines):
        if UNDERLINE.fullmatch(line) and number and lines[number - 1].strip():
            contract = lines[number - 1].strip()
        link = LINK.match(line)
        if not link or not link["first"]:
            continue
        chain = [link["importer"], link["imported"]]
        for following in lines[number + 1 :]:
            step = LINK.match(following)
            if not step or step["first"]:
                break
            chain.append(step["imported"])
        path = project.modules.find(link["importer"])
        if path:
            message = BROKEN.format(contract=contract, chain=" -> ".join(chain))
            yield Finding(path, int(link["line"]), 1, message, verdict="contract", key=message)
