"""The import statements of one file: what they name and when they run."""

import ast
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from .check import Place, place
from .nodes import BLOCKS, touches
from .source import Source

When = Literal["import", "call", "types"]
"""Code runs when its module is imported, when a function is called, or for type checkers only."""

ABSENCE = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
EXPECTS_AN_ERROR = {"suppress", "raises", "assertRaises", "assertRaisesRegex", "importorskip"}
IMPORTERS = (b"import_module", b"__import__")


class Import(NamedTuple):
    """One imported module, with the names that are taken from it."""

    place: Place
    level: int
    """The number of leading dots."""
    module: str
    """Empty for `from . import name`."""
    names: tuple[str, ...]
    """Empty for `import module`; `*` for all."""
    when: When
    guarded: bool
    """Whether the code goes on if the module is missing."""
    dynamic: bool = False
    """Whether a function imports it by a text."""

    @property
    def text(self) -> str:
        """The module as the file writes it."""
        return "." * self.level + self.module


def scan(source: Source) -> tuple[Import, ...] | None:
    """Return the imports of a file in their order."""
    if b"import" not in source.data:
        return None
    found: list[Import] = []
    _collect(found, source.tree.body, "import", False, source.lines_with(b"import"))
    if any(name in source.data for name in IMPORTERS):
        found.extend(_by_text(source))
    return tuple(sorted(found, key=lambda one: one.place)) or None


def _collect(found: list[Import], body: list[ast.stmt], when: When, guarded: bool, lines: Sequence[int]) -> None:
    """Add the imports in statements. `lines` are those with the word."""
    for node in body:
        if isinstance(node, ast.Import):
            found += [Import(place(node), 0, alias.name, (), when, guarded) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            found.append(Import(place(node), node.level, node.module or "", names, when, guarded))
        elif BLOCKS[node.__class__] and touches(node, lines):
            for inner, inner_when, inner_guarded in _blocks(node, when, guarded):
                _collect(found, inner, inner_when, inner_guarded, lines)


def _blocks(node: ast.stmt, when: When, guarded: bool) -> Iterator[tuple[list[ast.stmt], When, bool]]:
    """Yield the blocks of a compound statement, with when they run and whether a missing module stops them."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield node.body, "call" if when == "import" else when, guarded
        case ast.If():
            body_when: When = "types" if _is_for_types(node.test) else "call" if _is_for_programs(node.test) else when
            yield node.body, body_when, guarded
            yield node.orelse, "types" if _is_for_running(node.test) else when, guarded
        case ast.Try() | ast.TryStar():
            catches = guarded or any(map(_catches_absence, node.handlers))
            yield node.body, when, catches
            for handler in node.handlers:
                yield handler.body, when, catches  # the other way to get the same names
            yield node.orelse, when, guarded
            yield node.finalbody, when, guarded
        case ast.With() | ast.AsyncWith():
            yield node.body, when, guarded or any(_expects_an_error(item.context_expr) for item in node.items)
        case ast.Match():
            for case in node.cases:
                yield case.body, when, guarded
        case ast.ClassDef():
            yield node.body, when, guarded
        case ast.For() | ast.AsyncFor() | ast.While():
            yield node.body, when, guarded
            yield node.orelse, when, guarded


def _is_for_types(test: ast.expr) -> bool:
    """Return whether a condition is met for type checkers only, such as `TYPE_CHECKING is True`."""
    return not _is_for_running(test) and any(
        _last_name(node) == "TYPE_CHECKING" for node in ast.walk(test) if isinstance(node, ast.expr)
    )


def _is_for_running(test: ast.expr) -> bool:
    """Return whether a condition is met when code runs: `not TYPE_CHECKING`."""
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and _is_for_types(test.operand)


def _is_for_programs(test: ast.expr) -> bool:
    """Return whether a condition is met only when the file is run: `__name__ == "__main__"`."""
    return isinstance(test, ast.Compare) and _last_name(test.left) == "__name__"


def _catches_absence(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or _last_name(kind) in ABSENCE for kind in kinds)


def _expects_an_error(manager: ast.expr) -> bool:
    return isinstance(manager, ast.Call) and _last_name(manager.func) in EXPECTS_AN_ERROR


def _last_name(node: ast.expr) -> str:
    """Return `c` for the expressions `c` and `a.b.c`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _by_text(source: Source) -> Iterator[Import]:
    """Yield the imports of constant texts: `import_module("a.b")`, `__import__("a.b")`."""
    for node, context in source.calls_near(*IMPORTERS):
        if _last_name(node.func).encode() not in IMPORTERS or not node.args:
            continue
        named = node.args[0]
        if isinstance(named, ast.Constant) and isinstance(named.value, str) and named.value.isprintable():
            module = named.value.lstrip(".")
            level = len(named.value) - len(module)
            # What a text imports may be missing on purpose.
            when: When = "call" if context.is_called else "import"
            yield Import(place(node), level, module, (), when, True, True)
