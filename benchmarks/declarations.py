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
MUTATED_BY_MUTMUT = {"staticmethod", "classmethod"}


@dataclass(frozen=True)
class Mutant:
    """A file of a service with one mutation."""

    file: Path
    text: str
    diff: str


def mutants_of(folder: Path, file: Path) -> Iterator[Mutant]:
    """Yield mutants of a file, each with another value, comparison or item of a collection."""
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
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return isinstance(node, ast.JoinedStr)
    decorators = {decorator.id for decorator in node.decorator_list if isinstance(decorator, ast.Name)}
    return not node.decorator_list or (decorators <= MUTATED_BY_MUTMUT and len(node.decorator_list) == 1)


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
