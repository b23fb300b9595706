"""Finds tests that are skipped always: by a mark, or by their first statements."""

import ast
from collections.abc import Iterable, Iterator

from .names import Scope
from .source import Source

MARKS = {"pytest.mark.skip", "unittest.skip"}
EXCEPTION = "unittest.SkipTest"


def scan(source: Source) -> list[int] | None:
    """Return the lines that skip tests whatever the circumstances, or None."""
    if b"skip" not in source.data.lower():
        return None
    scope = Scope(source.tree)
    marked = (
        node.lineno for node in source.nodes if isinstance(node, ast.Attribute | ast.Name) and scope.full(node) in MARKS
    )
    return sorted({*marked, *called(source.tree.body, scope)}) or None


def called(body: Iterable[ast.stmt], scope: Scope) -> Iterator[int]:
    """Yield the lines of statements that skip, in a module and its functions, but not below a condition."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from called(statement.body, Scope(statement, scope))
            case ast.Expr(ast.Call(ast.Attribute(ast.Name("self"), "skipTest"))):
                yield statement.lineno
            case ast.Expr(ast.Call(function)) if scope.full(function) == "pytest.skip":
                yield statement.lineno
            case ast.Raise(ast.Call(function) | function) if scope.full(function) == EXCEPTION:
                yield statement.lineno
