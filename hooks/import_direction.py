"""Finds imports of tests in source code, and commits in services: `import-direction [FILE ...]`."""

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from .findings import Finding, Node, add_list, at, make_parser, report, walk

SOURCES = ["src"]
SERVICES = ["service.py"]
ALLOWED_BY = "import-direction: allow"
TESTS = {"tests", "test"}
IMPORTERS = {"__import__", "import_module", "importlib.import_module"}
SESSION_TYPE = re.compile(r"\b(Async)?Session\b|\b(async_)?scoped_session\b")
COMMITS = {"commit", "begin"}
TESTS_IMPORTED = "imports {name}, but tests are not installed in production: move the shared code to {source}/."
COMMITTED = (
    "{call} commits in a service: flush, and let the caller that opened the session commit "
    "(a dependency of the route, or the task)."
)


def find_imports(path: PurePosixPath, tree: ast.Module, sources: Sequence[str] = SOURCES) -> Iterator[Finding]:
    """Yield the imports of tests in a file in one of `sources`, outside of any folder of tests."""
    source = next((source for source in sources if _below(path, source) is not None), None)
    below = _below(path, source) if source else None
    if below is None or TESTS & set(below.parent.parts):
        return
    for node in walk(tree):
        for name in _imported(node, below):
            if name.partition(".")[0] == "tests":
                yield at(node, TESTS_IMPORTED.format(name=name, source=source))


def find_commits(path: PurePosixPath, tree: ast.Module, services: Sequence[str] = SERVICES) -> Iterator[Finding]:
    """Yield the commits in a file that matches one of the globs in `services`."""
    if not any(path.match(glob) for glob in services):
        return
    sessions = set(_annotated_as_session(tree))
    for node in walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in COMMITS and _is_session(node.func.value, sessions):
            yield at(node, COMMITTED.format(call=f"{ast.unparse(node.func)}()"))


def _below(path: PurePosixPath, folder: str) -> PurePosixPath | None:
    """Return the path of a file relative to `folder`, or None if it is outside of it."""
    _, found, below = f"/{path}".partition(f"/{folder.strip('/')}/")
    return PurePosixPath(below) if found else None


def _imported(node: Node, file: PurePosixPath) -> Iterator[str]:
    """Yield the modules that a node imports; relative imports count only if they leave the source folder."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield str(node.module)
    elif isinstance(node, ast.ImportFrom) and node.level == len(file.parts) + 1:
        yield from [node.module] if node.module else [alias.name for alias in node.names]
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTERS:
        yield from (str(argument.value) for argument in node.args[:1] if isinstance(argument, ast.Constant))


def _annotated_as_session(tree: ast.Module) -> Iterator[str]:
    for node in walk(tree):
        if not isinstance(node, ast.arg | ast.AnnAssign) or not node.annotation:
            continue
        if SESSION_TYPE.search(ast.unparse(node.annotation)):
            yield node.arg if isinstance(node, ast.arg) else ast.unparse(node.target).rpartition(".")[2]


def _is_session(node: ast.expr, sessions: set[str]) -> bool:
    """Return whether an expression is a session, by its name or by an annotation in the file."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    name = ast.unparse(node).rpartition(".")[2]
    return name == "session" or name.endswith("_session") or name in sessions


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed `arguments`, or those of the command line."""
    parser = make_parser(
        "import_direction", "Find imports of tests in source code, and commits in services.", ALLOWED_BY
    )
    add_list(parser, "source", SOURCES, "a folder of source code")
    add_list(parser, "service", SERVICES, "a glob of files that must not commit")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings in the given files. Return 1 if there are any."""
    given = read_arguments(arguments)
    sources, services = given.sources or SOURCES, given.services or SERVICES

    def check(path: PurePosixPath, tree: ast.Module) -> Iterator[Finding]:
        yield from find_imports(path, tree, sources)
        yield from find_commits(path, tree, services)

    return report(check, given.files, ALLOWED_BY)


if __name__ == "__main__":
    sys.exit(main())
