"""The children of nodes, several times faster than in `ast`, which also visits what is no code: contexts and operators."""

import ast
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

WITHOUT_CODE = {
    "ctx", "op", "ops", "id", "attr", "arg", "kind", "type_comment", "level", "conversion", "simple", "is_async", "module",
    "asname", "rest", "tag", "kwd_attrs", "type_ignores", "cls_name", "lineno", "str",
}  # fmt: skip
LEAVES = (ast.Constant, ast.Name, ast.Global, ast.Nonlocal, ast.MatchSingleton, ast.MatchStar, ast.alias)


def _fields_of(kind: type[ast.AST]) -> tuple[str, ...]:
    if issubclass(kind, LEAVES):
        return ()
    named = kind.__name__ == "TypeAlias"  # its name is an expression
    return tuple(field for field in kind._fields if field not in WITHOUT_CODE and (field != "name" or named))


FIELDS = {kind: _fields_of(kind) for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)}


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below a node that are code."""
    found: list[ast.AST] = []
    for field in FIELDS[node.__class__]:
        value = getattr(node, field)
        if value.__class__ is list:
            found += value
        elif value is not None:
            found.append(value)
    # The keys of a dictionary and the defaults of parameters may be None.
    return [child for child in found if child is not None] if None in found else found


STATEMENTS = {kind for kind in FIELDS if issubclass(kind, ast.stmt)}
BLOCKS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(field for field in ("body", "handlers", "cases", "orelse", "finalbody") if field in kind._fields)
    for kind in FIELDS
    if issubclass(kind, ast.stmt | ast.ExceptHandler | ast.match_case)
}
"""The fields of compound statements that hold statements, or parts with statements."""


def walk(*nodes: ast.AST) -> Iterator[ast.AST]:
    """Yield nodes and all nodes below them that are code, parents before their children."""
    found = list(nodes)
    for node in found:
        yield node
        found += children(node)


def touches(statement: ast.AST, lines: Sequence[int]) -> bool:
    """Return whether a statement, or a decorator above it, is on one of some lines, which are in order."""
    decorators = getattr(statement, "decorator_list", None)
    position = bisect_left(lines, (decorators[0] if decorators else statement).lineno)  # type: ignore[union-attr]
    return position < len(lines) and lines[position] <= statement.end_lineno  # type: ignore[attr-defined]


def statements(body: Iterable[ast.AST], lines: Sequence[int] | None = None) -> Iterator[ast.AST]:
    """Yield statements and then those inside of them: all, or those that touch some of the lines."""
    nodes = list(body)
    for node in nodes:
        kind = node.__class__
        if lines is not None and kind in STATEMENTS and not touches(node, lines):
            continue
        yield node
        if fields := BLOCKS[kind]:
            for field in fields:
                nodes += getattr(node, field)
