"""Finds mocks in integration and e2e tests: `mock-policy [FILE ...]`."""

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from .findings import Finding, Node, add_list, at, has_part, make_parser, report, walk

FOLDERS = ["tests/integration", "tests/e2e"]
ALLOWED_BY = "mock-policy: allow"
LIBRARIES = ("unittest.mock", "mock")
# These names replace nothing.
HARMLESS = {"ANY", "DEFAULT", "call", "sentinel"}
HELPERS = re.compile(r"create_mock_\w+|create_(async_)?session_mock|ProperAsyncMock")
PYTEST_MOCK = {"mocker", "class_mocker", "module_mocker", "package_mocker", "session_mocker"}
INSTEAD = "use real servers here (on 127.0.0.1), or write a unit test."


def find_mocks(path: PurePosixPath, tree: ast.Module, folders: Sequence[str] = FOLDERS) -> Iterator[Finding]:
    """Yield the mocks in a file in one of `folders`."""
    if not any(has_part(path, folder) for folder in folders):
        return
    used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in walk(tree):
        for name in _mocks_of(node, used, defined):
            yield at(node, f"{name} is a mock in {path.parent}: {INSTEAD}")


def _mocks_of(node: Node, used: set[str], defined: set[str]) -> Iterator[str]:
    """Yield the names of the mocks that a node imports or requests."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name in LIBRARIES and _is_used(alias.asname or alias.name, used):
                yield alias.name
    elif isinstance(node, ast.ImportFrom):
        yield from _imported(node, used)
    elif isinstance(node, ast.arg) and node.arg in PYTEST_MOCK - defined:
        yield node.arg


def _imported(node: ast.ImportFrom, used: set[str]) -> Iterator[str]:
    module = node.module or ""
    for alias in node.names:
        full = f"{module}.{alias.name}".lstrip(".")
        if not node.level and full in LIBRARIES:
            if _is_used(alias.asname or alias.name, used):
                yield full
        elif not node.level and module in LIBRARIES:
            if alias.name not in HARMLESS:
                yield full
        elif module.rpartition(".")[2] == "test_utils" and HELPERS.fullmatch(alias.name):
            yield full


def _is_used(library: str, used: set[str]) -> bool:
    """Return whether the code uses a name of the library that is not harmless."""
    names = {name.removeprefix(f"{library}.").partition(".")[0] for name in used if name.startswith(f"{library}.")}
    return not names <= HARMLESS


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed `arguments`, or those of the command line."""
    parser = make_parser("mock_policy", "Find mocks in integration and e2e tests.", ALLOWED_BY)
    add_list(parser, "folder", FOLDERS, "a folder of tests without mocks")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the mocks in the given files. Return 1 if there are any."""
    given = read_arguments(arguments)
    folders = given.folders or FOLDERS
    return report(lambda path, tree: find_mocks(path, tree, folders), given.files, ALLOWED_BY)


if __name__ == "__main__":
    sys.exit(main())
