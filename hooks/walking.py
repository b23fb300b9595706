"""Finds calls in the tree of a file, and remembers where each of them is."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from .names import SCOPES, Scope
from .nodes import FIELDS, STATEMENTS, touches

OUTSIDE = ("decorator_list", "bases", "keywords")
"""What belongs to a function or a class but is evaluated outside of it."""
BLOCKS = (ast.With, ast.AsyncWith)
NEW_CONTEXT = {*SCOPES, *BLOCKS}
Calls = list[tuple[ast.Call, "Context"]]


class Context:
    """Where a call is: in a module, a class, a function, or the block of a `with` statement."""

    __slots__ = ("__dict__", "node", "parent")

    def __init__(self, node: ast.AST, parent: "Context | None" = None) -> None:
        self.node = node
        self.parent = parent

    def scope(self, fixtures: Mapping[str, str]) -> Scope:
        """Return the names that can be used. It is read when it is used: most places have no call that matters."""
        known: dict[int, Scope] = self.__dict__.setdefault("known", {})
        if id(fixtures) not in known:
            above = self.parent.scope(fixtures) if self.parent else None
            is_block = above is not None and isinstance(self.node, BLOCKS)
            known[id(fixtures)] = above if above and is_block else Scope(self.node, above, fixtures)
        return known[id(fixtures)]

    @cached_property
    def where(self) -> str:
        """The function or class, with those around it."""
        above = self.parent.where if self.parent else ""
        return f"{above}.{getattr(self.node, 'name', '')}".strip(".")

    @property
    def is_called(self) -> bool:
        """Whether code here runs only when a function is called."""
        own = isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        return own or (self.parent is not None and self.parent.is_called)

    def classes(self) -> Iterator[str]:
        """Yield the classes around, from the innermost one."""
        context: Context | None = self
        while context:
            if isinstance(context.node, ast.ClassDef):
                yield context.node.name
            context = context.parent

    def blocks(self) -> Sequence[ast.With | ast.AsyncWith]:
        """Return the `with` statements around."""
        above = self.parent.blocks() if self.parent else ()
        return (*above, self.node) if isinstance(self.node, BLOCKS) else above


def fails_on_purpose(context: Context, expected: re.Pattern[str]) -> bool:
    """Return whether a call is in `with pytest.raises(...)` of an exception that a pattern matches."""
    return any(_raises(item.context_expr, expected) for block in context.blocks() for item in block.items)


def _raises(call: ast.expr, expected: re.Pattern[str]) -> bool:
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute | ast.Name):
        return False
    name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
    named = name in ("raises", "assertRaises", "assertRaisesRegex", "suppress")
    return named and any(expected.search(ast.unparse(argument)) for argument in call.args)


def find_calls(tree: ast.Module, lines: Sequence[int] | None = None) -> Iterator[tuple[ast.Call, Context]]:
    """Yield the calls of a file with their contexts: all, or those in statements that touch some of the lines.

    Calls above others come first.
    """
    nodes: list[ast.AST] = [tree]
    contexts = [Context(tree)]
    for number, node in enumerate(nodes):
        kind = node.__class__
        fields = FIELDS[kind]
        if not fields or (lines is not None and kind in STATEMENTS and not touches(node, lines)):
            continue
        context = contexts[number]
        if kind is ast.Call:
            yield node, context  # type: ignore[misc]
        elif kind in NEW_CONTEXT:
            for field in OUTSIDE:
                found = getattr(node, field, ())
                nodes += found
                contexts += [context] * len(found)
            context = Context(node, context)
            fields = tuple(field for field in fields if field not in OUTSIDE)
        for field in fields:
            value = getattr(node, field)
            if value.__class__ is list:
                found = [child for child in value if child is not None]
                nodes += found
                contexts += [context] * len(found)
            elif value is not None:
                nodes.append(value)
                contexts.append(context)
