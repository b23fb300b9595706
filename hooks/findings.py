"""The common parts of the checks: find the files, read them, print the findings."""

import argparse
import ast
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

NOT_PYTHON = (SyntaxError, ValueError)
HIDDEN_OR_INSTALLED = (".", "node_modules", "site-packages", "__pycache__")


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that a check found: its line and column, counted from 1, and one sentence."""

    line: int
    column: int
    message: str


Node = ast.expr | ast.stmt | ast.arg
Check = Callable[[PurePosixPath, ast.Module], Iterator[Finding]]


def report(check: Check, files: Sequence[str], allowed_by: str) -> int:
    """Print what `check` finds in `files`, or in all files below the current folder. Return 1 if it finds a problem.

    Lines that contain `allowed_by` are skipped. Return 2 if a file is missing or cannot be read.
    """
    for name in files:
        if not Path(name).is_file():
            print(f"{name} is not a file.", file=sys.stderr)
            return 2
    found = 0
    try:
        for file in sorted({*map(Path, files)} or find_files(Path())):
            for finding in sorted(_read(check, file, allowed_by), key=lambda finding: (finding.line, finding.column)):
                print(f"{file.as_posix()}:{finding.line}:{finding.column}: {finding.message}")
                found = 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 2
    return found


def make_parser(name: str, description: str, allowed_by: str) -> argparse.ArgumentParser:
    """Return a parser for the files to check; the check adds its own options."""
    epilog = f'Lines with the comment "# {allowed_by}" are skipped.'
    parser = argparse.ArgumentParser(prog=name, description=description, epilog=epilog)
    parser.add_argument(
        "files", metavar="FILE", nargs="*", help="files to check (default: all below the current folder)"
    )
    return parser


def add_list(parser: argparse.ArgumentParser, option: str, default: Sequence[str], what: str) -> None:
    """Add an option that may be repeated. Its values are in the list `{option}s`, which is None without any."""
    text = f"{what}; may be repeated (default: {', '.join(default)})"
    parser.add_argument(f"--{option}", dest=f"{option}s", metavar=option.upper(), action="append", help=text)


def find_files(root: Path) -> set[Path]:
    """Return the Python files below a folder, without hidden and installed ones."""
    files = (file for file in root.rglob("*.py") if file.is_file())
    return {file for file in files if not any(part.startswith(HIDDEN_OR_INSTALLED) for part in file.parts)}


def walk(tree: ast.Module) -> Iterator[Node]:
    """Yield the nodes that have a position: statements, expressions and parameters."""
    return (node for node in ast.walk(tree) if isinstance(node, Node))


def at(node: Node, message: str) -> Finding:
    """Return a finding at the position of a node."""
    return Finding(node.lineno, node.col_offset + 1, message)


def has_part(path: PurePosixPath, folder: str) -> bool:
    """Return whether `path` is in `folder`, such as `tests/e2e`, at any depth."""
    return f"/{folder.strip('/')}/" in f"/{path}"


def _read(check: Check, file: Path, allowed_by: str) -> Iterator[Finding]:
    try:
        source = file.read_bytes()
        tree = ast.parse(source)
    except NOT_PYTHON:
        return  # ruff reports syntax errors
    lines = source.decode(errors="replace").splitlines()
    for finding in check(PurePosixPath(file.as_posix()), tree):
        if allowed_by not in lines[finding.line - 1]:
            yield finding
