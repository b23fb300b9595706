"""What the checks have in common: the files that they read, and how they tell what they found."""

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
    """Something that a check objects to: the place, counted from 1 as in an editor, and one sentence."""

    line: int
    column: int
    message: str


Node = ast.expr | ast.stmt | ast.arg
Check = Callable[[PurePosixPath, ast.Module], Iterator[Finding]]


def report(check: Check, files: Sequence[str], allowed_by: str) -> int:
    """Print what `check` finds in `files`, or in all files below the current folder; return 1 if it found anything.

    A line that holds `allowed_by` is passed over. Where one of `files` is none, nothing is checked, and it returns 2;
    so it does at a file that cannot be read.
    """
    for name in files:
        if not Path(name).is_file():
            print(f"{name} is no file.", file=sys.stderr)
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
    """Return what reads the arguments of a check: the files, and whatever options it adds."""
    epilog = f'A line with the comment "# {allowed_by}" is passed over.'
    parser = argparse.ArgumentParser(prog=name, description=description, epilog=epilog)
    parser.add_argument("files", metavar="FILE", nargs="*", help="files to read (all below the current folder)")
    return parser


def add_list(parser: argparse.ArgumentParser, option: str, usual: Sequence[str], what: str) -> None:
    """Let `--option` be given again and again: a list called `options`, or None where it is not given at all."""
    text = f"{what}; may be given again ({', '.join(usual)})"
    parser.add_argument(f"--{option}", dest=f"{option}s", metavar=option.upper(), action="append", help=text)


def find_files(root: Path) -> set[Path]:
    """Return the Python files below a folder, without those that were installed there."""
    files = (file for file in root.rglob("*.py") if file.is_file())
    return {file for file in files if not any(part.startswith(HIDDEN_OR_INSTALLED) for part in file.parts)}


def walk(tree: ast.Module) -> Iterator[Node]:
    """Yield what has a place in a file: statements, expressions and parameters."""
    return (node for node in ast.walk(tree) if isinstance(node, Node))


def at(node: Node, message: str) -> Finding:
    """Return a finding at a node."""
    return Finding(node.lineno, node.col_offset + 1, message)


def has_part(path: PurePosixPath, folder: str) -> bool:
    """Tell whether `path` lies in `folder`, as in `tests/e2e`, wherever that is."""
    return f"/{folder.strip('/')}/" in f"/{path}"


def _read(check: Check, file: Path, allowed_by: str) -> Iterator[Finding]:
    try:
        source = file.read_bytes()
        tree = ast.parse(source)
    except NOT_PYTHON:
        return  # What is no Python of today is not ours to judge.
    lines = source.decode(errors="replace").splitlines()
    for finding in check(PurePosixPath(file.as_posix()), tree):
        if allowed_by not in lines[finding.line - 1]:
            yield finding
