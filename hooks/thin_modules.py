"""Modules that add nothing: they only pass on the names of others, or wrap their functions."""

import ast
from dataclasses import dataclass

from .check import Place, place
from .source import Source

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Thin:
    """What a module without code of its own does."""

    place: Place
    passed_on: tuple[str, ...]
    """Names that it imports for others."""
    wrapped: tuple[str, ...]
    """Functions that only call another with the same arguments."""


def scan(source: Source) -> Thin | None:
    """Return what a module passes on if it does nothing else."""
    if b"import" not in source.data:
        return None
    body = [node for node in source.tree.body if not _is_docstring(node)]
    passed_on: list[str] = []
    wrapped: list[str] = []
    for node in body:
        match node:
            case ast.ImportFrom(module="__future__"):
                pass
            case ast.Import() | ast.ImportFrom():
                passed_on.extend(alias.asname or alias.name for alias in node.names)
            case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.AnnAssign(target=ast.Name(id="__all__")):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name() | ast.Attribute()):
                wrapped.append(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if is_wrapper(node):
                wrapped.append(node.name)
            case _:
                return None
    return Thin(place(body[0]), tuple(passed_on), tuple(wrapped)) if passed_on else None


def is_wrapper(function: Function) -> bool:
    """Return whether a function does nothing but call another one with its own arguments."""
    if function.decorator_list:
        return False
    body = [node for node in function.body if not _is_docstring(node)]
    match body:
        case [ast.Return(value=ast.Call() as call) | ast.Expr(value=ast.Call() as call)]:
            pass
        case [ast.Return(value=ast.Await(value=ast.Call() as call))]:
            pass
        case _:
            return False
    if not isinstance(call.func, ast.Name | ast.Attribute):
        return False
    arguments = function.args
    own = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    own += [one.arg for one in (arguments.vararg, arguments.kwarg) if one]
    values = [
        *(one.value if isinstance(one, ast.Starred) else one for one in call.args),
        *(one.value for one in call.keywords),
    ]
    passed = [one.id for one in values if isinstance(one, ast.Name)]
    return len(passed) == len(values) and sorted(passed) == sorted(own)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
