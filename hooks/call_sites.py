"""Walks over the calls of a file, with the names that each can use."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from .names import SCOPES, Scope


class LazyScope:
    """A scope that is read when it is used: most have no call that matters."""

    def __init__(self, node: ast.AST, parent: "LazyScope | None", fixtures: Mapping[str, str]) -> None:
        self._node = node
        self._parent = parent
        self.fixtures = fixtures

    @cached_property
    def scope(self) -> Scope:
        """The scope."""
        return Scope(self._node, self._parent.scope if self._parent else None, self.fixtures)


def walk_calls(
    tree: ast.Module, fixtures: Mapping[str, str], expected: re.Pattern[str]
) -> Iterator[tuple[ast.Call, LazyScope, str]]:
    """Yield the calls of a file, with the scope of each and the name of the function around it.

    Calls in `with pytest.raises(...)` are left out if `expected` matches what is raised: they are meant to fail.
    """
    waiting: list[tuple[ast.AST, LazyScope, str]] = [(tree, LazyScope(tree, None, fixtures), "")]
    while waiting:
        node, scope, where = waiting.pop()
        if isinstance(node, ast.Call):
            yield node, scope, where
        if isinstance(node, ast.With | ast.AsyncWith) and any(_raises(item, expected) for item in node.items):
            continue
        if not isinstance(node, SCOPES):
            waiting.extend((part, scope, where) for part in ast.iter_child_nodes(node))
            continue
        outside = [*getattr(node, "decorator_list", ()), *getattr(node, "bases", ())]
        waiting.extend((part, scope, where) for part in outside)
        inside, below = LazyScope(node, scope, fixtures), f"{where}.{getattr(node, 'name', '')}".strip(".")
        waiting.extend((part, inside, below) for part in ast.iter_child_nodes(node) if part not in outside)


def _raises(item: ast.withitem, expected: re.Pattern[str]) -> bool:
    call = item.context_expr
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute | ast.Name):
        return False
    name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
    return name in ("raises", "assertRaises", "assertRaisesRegex", "suppress") and any(
        expected.search(ast.unparse(argument)) for argument in call.args
    )
