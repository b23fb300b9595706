"""Makes the naive times of `datetime.utcnow()` and `datetime.utcfromtimestamp()` aware."""

from collections.abc import Mapping
from typing import Any

import libcst as cst
import libcst.matchers as m

from .project import Project
from .rewriting import Rewriter, Rewritten, lowest_python, rewrite_module

NAIVE = {"datetime.datetime.utcnow": "now", "datetime.datetime.utcfromtimestamp": "fromtimestamp"}
UTC_NAMES = {"datetime.UTC", "datetime.timezone.utc"}
FACTORIES = {"default", "default_factory", "insert_default", "onupdate"}
"""Keywords that take a function: of dataclasses, pydantic and SQLAlchemy."""
REFERENCE = "{name} is not called here, so it was left: write a function that returns {aware}."
SUFFIX = '{name}() was left: an aware time ends in "+00:00", and here "Z" is added to it.'
COLLISION = "{name}() was left: UTC and timezone mean something else in this module."
ARGUMENTS = "{name}() was left: its arguments are not a single time."
OTHER_SIDE = "The other side of this comparison or difference must be aware, too."
STUB = "This stands in for utcnow(), which the code may not call any more: let it return an aware time from now()."


def rewrite(project: Project, path: str, data: bytes, settings: Mapping[str, Any]) -> Rewritten:
    """Return a file with aware times."""
    del path, settings
    return rewrite_module(data, lambda: Utcnow(has_utc=lowest_python(project.root) >= (3, 11)))


class Utcnow(Rewriter):
    """Replaces the naive calls in a module."""

    def __init__(self, *, has_utc: bool) -> None:
        super().__init__()
        self._has_utc = has_utc

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """Replace a call, or leave it with a note."""
        name = self._naive(original_node.func)
        if not name:
            return self._without_replace(original_node, updated_node)
        short = name.rpartition(".")[2]
        given = [arg for arg in original_node.args if not arg.keyword and not arg.star]
        if len(original_node.args) != (short != "utcnow") or len(given) != len(original_node.args):
            self.note(original_node, ARGUMENTS.format(name=short))
            return updated_node
        if self._adds_z(original_node):
            self.note(original_node, SUFFIX.format(name=short))
            return updated_node
        zone = self._zone(original_node.func)
        if zone is None:
            self.note(original_node, COLLISION.format(name=short))
            return updated_node
        if self._is_compared(original_node):
            self.note(original_node, OTHER_SIDE)
        func = cst.ensure_type(updated_node.func, cst.Attribute).with_changes(attr=cst.Name(NAIVE[name]))
        if short == "utcnow":
            return updated_node.with_changes(func=func, args=[cst.Arg(zone)])
        equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        return updated_node.with_changes(
            func=func, args=[*updated_node.args, cst.Arg(zone, keyword=cst.Name("tz"), equal=equal)]
        )

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        """Replace a function that is passed on, where a new function does the same."""
        keyword = original_node.keyword.value if original_node.keyword else ""
        if self._naive(original_node.value) != "datetime.datetime.utcnow" or keyword not in FACTORIES:
            return updated_node
        zone = self._zone(original_node.value)
        if zone is None:
            return updated_node
        func = cst.ensure_type(updated_node.value, cst.Attribute).with_changes(attr=cst.Name("now"))
        return updated_node.with_changes(value=cst.Lambda(cst.Parameters(), cst.Call(func, [cst.Arg(zone)])))

    def visit_Attribute(self, node: cst.Attribute) -> None:
        """Note what stays: references, and what stands in for these functions in tests."""
        parent = self.parent(node)
        if node.attr.value in ("return_value", "side_effect") and m.matches(
            node.value, m.Attribute(attr=m.Name("utcnow"))
        ):
            self.note(node, STUB)
        name = self._naive(node)
        if not name or (isinstance(parent, cst.Call) and parent.func is node):
            return
        keyword = parent.keyword.value if isinstance(parent, cst.Arg) and parent.keyword else ""
        if keyword in FACTORIES and name.endswith("utcnow") and self._zone(node) is not None:
            return
        aware = "datetime.now(UTC)" if name.endswith("utcnow") else "datetime.fromtimestamp(..., tz=UTC)"
        self.note(node, REFERENCE.format(name=name.rpartition(".")[2], aware=aware))

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """Note the target of a patch."""
        if str(node.evaluated_value).endswith(".utcnow"):
            self.note(node, STUB)

    def _naive(self, node: cst.BaseExpression) -> str:
        """Return the full name of a naive function of datetime, or nothing."""
        if not isinstance(node, cst.Attribute):
            return ""
        names = self.names_of(node)
        return names.pop() if len(names) == 1 and names <= NAIVE.keys() else ""

    def _zone(self, func: cst.BaseExpression) -> cst.BaseExpression | None:
        """Return an expression for the time zone UTC at the place of a function, or None if names collide."""
        utc = ("UTC", "") if self._has_utc else ("timezone", ".utc")
        owner = cst.ensure_type(func, cst.Attribute).value
        if isinstance(owner, cst.Attribute):  # `datetime.datetime`, where the module is at hand
            module = cst.Module([]).code_for_node(owner.value)
            return cst.parse_expression(f"{module}.{utc[0]}{utc[1]}")
        for name, rest in (("UTC", ""), ("timezone", ".utc")):
            if known := self.imported_as("datetime", name, func):
                return cst.parse_expression(f"{known}{rest}")
        if known := self.imported_as("datetime", "", func):
            return cst.parse_expression(f"{known}.{utc[0]}{utc[1]}")
        for name, rest in dict.fromkeys((utc, ("timezone", ".utc"))):
            if added := self.add_import("datetime", name):
                return cst.parse_expression(f"{added}{rest}")
        return None

    def _without_replace(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        """Return `datetime.now(UTC)` for `datetime.now(UTC).replace(tzinfo=UTC)`, which this codemod would leave behind."""
        match original:
            case cst.Call(
                func=cst.Attribute(value=cst.Call() as inner, attr=cst.Name("replace")),
                args=[cst.Arg(keyword=cst.Name("tzinfo"), value=zone)],
            ) if self._naive(inner.func) and self.names_of(zone) & UTC_NAMES:
                changed = cst.ensure_type(updated.func, cst.Attribute).value
                return updated if changed.deep_equals(inner) else changed
        return updated

    def _adds_z(self, call: cst.Call) -> bool:
        """Return whether "Z" is put behind the text of a time."""
        node: cst.CSTNode = call
        parent = self.parent(node)
        has_offset = False
        while isinstance(parent, cst.Attribute | cst.Call):  # .replace(microsecond=0).isoformat()
            has_offset = has_offset or m.matches(parent, m.Attribute(attr=m.Name("isoformat")))
            node, parent = parent, self.parent(parent)
        if isinstance(parent, cst.FormattedStringExpression) and node is call:
            has_offset = parent.format_spec is None
        if not has_offset:
            return False
        if isinstance(parent, cst.BinaryOperation) and parent.left is node:
            return isinstance(parent.right, cst.SimpleString) and str(parent.right.evaluated_value).startswith("Z")
        if isinstance(parent, cst.FormattedStringExpression):
            text = self.parent(parent)
            parts = list(text.parts) if isinstance(text, cst.FormattedString) else []
            after = parts[parts.index(parent) + 1 :][:1] if parent in parts else []
            return bool(after) and isinstance(after[0], cst.FormattedStringText) and after[0].value.startswith("Z")
        return False

    def _is_compared(self, call: cst.Call) -> bool:
        """Return whether a time is compared with another, or subtracted from or by another."""
        parent = self.parent(call)
        if isinstance(parent, cst.Comparison | cst.ComparisonTarget):
            return True
        if not isinstance(parent, cst.BinaryOperation) or not isinstance(parent.operator, cst.Subtract):
            return False
        other = parent.right if parent.left is call else parent.left
        is_delta = isinstance(other, cst.Call) and "datetime.timedelta" in self.names_of(other.func)
        return not is_delta and not (isinstance(other, cst.Call) and self._naive(other.func))
