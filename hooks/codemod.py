"""Changes code: `phasework codemod NAME [PATH ...]` prints a diff, and `--write` applies it."""

import argparse
import difflib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from . import registry
from .check import Unusable
from .codemods import CODEMODS, Codemod
from .project import Project, find_root, warn

if TYPE_CHECKING:
    from .rewriting import Rewritten

CHANGED, FAILED, INTERRUPTED = 1, 2, 130
EPILOG = """\
Only files that contain the words of a codemod are parsed. What could not be
changed safely stays as it is, and a line on stderr says why.

exit codes: 0 nothing to change, or written; 1 something would change, 2 could not run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print or write what a codemod changes. Return 0, 1 if it would change something, or 2 if it could not run."""
    options = make_parser().parse_args(arguments)
    try:
        return run(options)
    except Unusable as reason:
        warn(str(reason))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    lines = [f"  {codemod.name:15}{codemod.summary}" for codemod in CODEMODS]
    parser = argparse.ArgumentParser(
        "phasework codemod",
        description="\n".join(["Change code, and print the change as a diff.", "", "codemods:", *lines]),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [codemod.name for codemod in CODEMODS]
    parser.add_argument("name", metavar="NAME", choices=names, help=", ".join(names))
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path, help="files and folders (default: the project)")
    parser.add_argument("--write", action="store_true", help="write the files instead of printing a diff")
    parser.add_argument(
        "--root",
        metavar="FOLDER",
        type=Path,
        help="the project (default: the nearest folder with a pyproject.toml or .git)",
    )
    return parser


def run(options: argparse.Namespace) -> int:
    """Run a codemod; see `main`."""
    codemod = next(codemod for codemod in CODEMODS if codemod.name == options.name)
    root = options.root.resolve() if options.root else find_root(Path.cwd())
    project = Project.open(root, options.paths, find=registry.find)
    count = 0
    for path, data, rewritten in rewrite_all(project, codemod):
        for line, note in rewritten.notes:
            warn(f"{path}:{line}: {note}")
        if rewritten.data == data:
            continue
        count += 1
        if options.write:
            write(root / path, rewritten.data)
        else:
            sys.stdout.buffer.write(diff(path, data, rewritten.data))
    warn(f"{count} file{'s' * (count != 1)} {'changed' if options.write else 'would change'}.")
    return CHANGED if count and not options.write else 0


def rewrite_all(project: Project, codemod: Codemod) -> Iterator[tuple[str, bytes, "Rewritten"]]:
    """Yield each file that may have something to change, with its bytes before and after."""
    settings = project.settings(codemod)
    rewrite = import_module(f".codemod_{codemod.name}", __package__).rewrite
    for path in project.checked:
        try:
            data = (project.root / path).read_bytes()
        except OSError as error:
            warn(f"{path} was not read: {error.strerror}.")
            continue
        if all(re.search(need, data) for need in codemod.needs):
            yield path, data, rewrite(project, path, data, settings)


def diff(path: str, before: bytes, after: bytes) -> bytes:
    """Return a unified diff, which `git apply` reads."""
    old, new = (data.splitlines(keepends=True) for data in (before, after))
    lines = difflib.diff_bytes(difflib.unified_diff, old, new, os.fsencode(f"a/{path}"), os.fsencode(f"b/{path}"))
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


def write(file: Path, data: bytes) -> None:
    """Replace the content of a file."""
    try:
        file.write_bytes(data)
    except OSError as error:
        raise Unusable(f"{file} cannot be written: {error.strerror}.") from None
