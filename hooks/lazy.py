"""Whether the `__getattr__` of a module gives only names that stand in its file, and modules of its package."""

import ast
from collections.abc import Iterator

from .names import FUNCTIONS


def looks_up(function: ast.FunctionDef) -> bool:
    """Return whether a `__getattr__` looks names up in a table, or imports modules of these names, and nothing else.

    Everything that it does with the name is judged: comparing it, looking it up, importing it, putting it into a text.
    """
    name = function.args.args[0].arg
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    uses = [node for node in parents if isinstance(node, ast.Name) and node.id == name]
    found = set(_imported(function))
    return bool(uses) and all(_is_lookup(node, parents, found) for node in uses)


def _imported(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the variables whose value is a module, which depends on the name that is looked up."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and _name_of(node.value) == "import_module"
        ) and not all(_is_fixed(argument) for argument in node.value.args[:1]):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_fixed(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id == "__name__")


def _is_lookup(use: ast.Name, parents: dict[ast.AST, ast.AST], imported: set[str]) -> bool:
    """Return whether a use of the name can only give what stands in the file."""
    above = list(_above(use, parents))
    if any(isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _name_of(node) == "warn") for node in above):
        return True
    node = parents[use]
    if isinstance(node, ast.FormattedValue):
        return _is_module(parents[node], node)
    if isinstance(node, ast.Compare):
        return not any(isinstance(part, ast.Call) for part in (node.left, *node.comparators))
    if isinstance(node, ast.Subscript):
        return node.slice is use
    if not isinstance(node, ast.Call):
        return False
    if _name_of(node) == "getattr":
        module = node.args[0]
        return isinstance(module, ast.Name) and module.id in imported
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return method in ("get", "pop") and isinstance(node.func.value, ast.Name | ast.Constant)  # type: ignore[attr-defined]


def _is_module(text: ast.AST, name: ast.FormattedValue) -> bool:
    """Return whether a text is the name of a module in a package: `f".{name}"`."""
    before = text.values[-2] if isinstance(text, ast.JoinedStr) and len(text.values) > 1 else None
    is_dot = isinstance(before, ast.Constant) and str(before.value).endswith(".")
    return isinstance(text, ast.JoinedStr) and text.values[-1] is name and is_dot


def _above(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    while node in parents and not isinstance(parents[node], FUNCTIONS):
        node = parents[node]
        yield node


def _name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
