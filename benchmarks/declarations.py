"""Create mutants of module and class bodies and of decorated functions, which mutmut leaves out."""

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
MUTATED_BY_MUTMUT: list[list[str]] = [[], ["staticmethod"], ["classmethod"]]
"""The decorators of functions that mutmut mutates."""
FOR_READERS = {"description", "tags"}
"""Arguments with texts of the documentation of the API."""


@dataclass(frozen=True)
class Mutant:
    """A file of a service with one mutation."""

    file: Path
    text: str
    diff: str


def mutants_of(folder: Path, file: Path) -> Iterator[Mutant]:
    """Yield mutants of a file, each with one change."""
    tree = ast.parse((folder / file).read_text(encoding="utf-8"))
    original = ast.unparse(tree)
    for node in mutable_nodes(tree):
        for _ in mutate(node):
            text = ast.unparse(tree)
            lines = difflib.unified_diff(original.splitlines(), text.splitlines(), str(file), str(file), "", "", 1, "")
            yield Mutant(file, text, "\n".join(lines))


def mutable_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes except docstrings, annotations, and functions that mutmut mutates."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (is_skipped(child) or is_annotation(node, child)):
            yield from mutable_nodes(child)


def is_skipped(node: ast.AST) -> bool:
    """Return whether a node and its children stay unchanged."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.keyword) and node.arg in FOR_READERS:
        return True
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return isinstance(node, ast.JoinedStr)
    return [ast.unparse(decorator) for decorator in node.decorator_list] in MUTATED_BY_MUTMUT


def is_annotation(parent: ast.AST, child: ast.AST) -> bool:
    """Return whether `child` is a type annotation."""
    if isinstance(parent, ast.Subscript):
        return child is parent.slice
    return child in (getattr(parent, "annotation", None), getattr(parent, "returns", None))


def mutate(node: ast.AST) -> Iterator[None]:
    """Change a node in place in each possible way, and restore it after each yield."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | str):
        yield from with_value(node)
    elif isinstance(node, ast.Compare):
        kept = node.ops[0]
        node.ops[0] = NEGATED[type(kept)]()
        yield
        node.ops[0] = kept
    elif isinstance(node, ast.Set | ast.List | ast.Tuple):
        yield from without_one(node.elts)
    elif isinstance(node, ast.Dict):
        yield from without_one(node.keys, node.values)
    elif isinstance(node, ast.If) and not isinstance(node.test, ast.Compare):
        yield from replaced(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.BoolOp):
        yield from replaced(node, "op", ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    elif isinstance(node, ast.Return) and node.value is not None:
        yield from replaced(node, "value", ast.Constant(None))
    elif isinstance(node, ast.Expr):
        # As if the statement was not there.
        yield from replaced(node, "value", ast.Constant(...))


def replaced(node: ast.AST, field: str, value: ast.AST) -> Iterator[None]:
    """Replace a part of a node."""
    kept = getattr(node, field)
    setattr(node, field, value)
    yield
    setattr(node, field, kept)


def with_value(node: ast.Constant) -> Iterator[None]:
    """Change the value of a constant."""
    kept = node.value
    if isinstance(kept, bool):
        node.value = not kept
    elif isinstance(kept, int):
        node.value = kept + 1
    elif isinstance(kept, str):
        node.value = f"{kept}X"
    yield
    node.value = kept


def without_one(*lists: list[ast.expr] | list[ast.expr | None]) -> Iterator[None]:
    """Remove one item after the other, at the same index of each list."""
    for place in range(len(lists[0])):
        kept = [items.pop(place) for items in lists]
        yield
        for items, item in zip(lists, kept, strict=True):
            items.insert(place, item)  # type: ignore[arg-type]
