"""Reads the Celery tasks of a file, and whether arguments fit them."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from .outline import dotted, dotted_call
from .source import Source

TASK = re.compile(r"(^|\.)\w*task$")


class Parameters(NamedTuple):
    """The parameters of a task, without the `self` that Celery passes."""

    positional: tuple[tuple[str, bool], ...]
    """Each with whether it must be given."""
    only_positional: int
    rest: bool
    """Whether there is `*args`."""
    keywords: tuple[tuple[str, bool], ...]
    """Those that are given by keyword only, each with whether it must be given."""
    any_keyword: bool
    """Whether there is `**kwargs`."""

    def __str__(self) -> str:
        names = [name if needed else f"{name}=..." for name, needed in self.positional]
        names += ["*args"] if self.rest else ["*"] if self.keywords else []
        names += [name if needed else f"{name}=..." for name, needed in self.keywords]
        return ", ".join([*names, "**kwargs"] if self.any_keyword else names)


class Arguments(NamedTuple):
    """The arguments that a call passes to a task."""

    by_position: int
    """How many are passed by position, at least."""
    more: bool
    """Whether there may be more by position."""
    keywords: tuple[str, ...]
    more_keywords: bool
    """Whether there may be more by keyword."""


class Task(NamedTuple):
    """A function that is a task, if its decorator is one of Celery."""

    path: str
    name: str
    line: int
    decorator: str
    above: tuple[str, ...]
    """The decorators that change the task."""
    below: tuple[str, ...]
    """The decorators that change the function before it becomes a task."""
    bound: bool
    base: str
    """The class of the task, if the decorator names it."""
    parameters: Parameters


def tasks(source: Source) -> dict[str, Task] | None:
    """Return the functions of a file whose decorator has a name like that of Celery's."""
    if b"task" not in source.data:
        return None
    found = (_read_task(source.path, node) for node in _functions(source.tree.body))
    return {task.name: task for task in found if task} or None


def _functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        elif isinstance(node, ast.If | ast.Try):
            yield from _functions([*node.body, *node.orelse])


def _read_task(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Task | None:
    names = [dotted_call(decorator) for decorator in node.decorator_list]
    position = next((number for number, name in enumerate(names) if TASK.search(name)), None)
    if position is None:
        return None
    decorator = node.decorator_list[position]
    options = {keyword.arg: keyword.value for keyword in decorator.keywords} if isinstance(decorator, ast.Call) else {}
    bind = options.get("bind", ast.Constant(False))
    if None in options or not isinstance(bind, ast.Constant):
        return None
    bound = bool(bind.value)
    base = dotted(options["base"]) or "?" if "base" in options else ""
    parameters = read_parameters(node.args, bound)
    if parameters is None:
        return None
    above, below = tuple(names[:position]), tuple(names[position + 1 :])
    return Task(path, node.name, node.lineno, names[position], above, below, bound, base, parameters)


def read_parameters(arguments: ast.arguments, bound: bool) -> Parameters | None:
    """Return the parameters of a function, without the first one if it is bound."""
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    needed = len(names) - len(arguments.defaults)
    positional = [(name, number < needed) for number, name in enumerate(names)]
    if bound and not positional:
        return None if not arguments.vararg else _parameters(arguments, [], 0)
    own = positional[1:] if bound else positional
    return _parameters(arguments, own, max(0, len(arguments.posonlyargs) - bound))


def _parameters(arguments: ast.arguments, positional: list[tuple[str, bool]], only_positional: int) -> Parameters:
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    keywords = tuple((argument.arg, default is None) for argument, default in pairs)
    rest, any_keyword = arguments.vararg is not None, arguments.kwarg is not None
    return Parameters(tuple(positional), only_positional, rest, keywords, any_keyword)


def passing(source: Source) -> frozenset[str] | None:
    """Return the decorators in a file that pass all arguments on, and the functions that make such decorators."""
    return frozenset(node.name for node in _functions(source.tree.body) if _passes_on(node)) or None


def _passes_on(decorator: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a function returns context managers, or wraps a function in one that only passes arguments on."""
    if any(dotted(inner).endswith("contextmanager") for inner in decorator.decorator_list):
        return True
    functions = [node for node in ast.walk(decorator) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    wrapped = {argument.arg for node in functions for argument in (*node.args.posonlyargs, *node.args.args)}
    wrappers = [node for node in functions if node.args.vararg and node.args.kwarg]
    return bool(wrappers) and all(_only_passes(node, wrapped) for node in wrappers)


def _only_passes(wrapper: ast.FunctionDef | ast.AsyncFunctionDef, wrapped: set[str]) -> bool:
    """Return whether a wrapper has no parameters of its own and calls what it wraps with all arguments as they are."""
    arguments = wrapper.args
    own = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    rest, keywords = arguments.vararg, arguments.kwarg
    if own or not rest or not keywords:
        return False
    calls = [node for node in ast.walk(wrapper) if isinstance(node, ast.Call) and dotted(node.func) in wrapped]
    expected = f"(*{rest.arg}, **{keywords.arg})"
    changed = any(
        isinstance(node, ast.Name) and node.id in (rest.arg, keywords.arg) and isinstance(node.ctx, ast.Store)
        for node in ast.walk(wrapper)
    )
    return bool(calls) and not changed and all(ast.unparse(call).endswith(expected) for call in calls)


def find_problem(parameters: Parameters, given: Arguments, before: int | None) -> str:
    """Return why arguments do not fit, or an empty text.

    `before` says how many results of other tasks come first; None if that is not known, so that arguments may follow.
    """
    count = given.by_position + (before or 0)
    if count > len(parameters.positional) and not parameters.rest:
        return f"it takes {_counted(len(parameters.positional))} by position and gets {count}"
    names = [name for name, _ in parameters.positional[parameters.only_positional :]]
    taken = [name for name, _ in parameters.positional[:count]]
    for keyword in given.keywords:
        if keyword in taken and keyword in names:
            return f"it gets {keyword} twice"
        if keyword not in names and keyword not in dict(parameters.keywords) and not parameters.any_keyword:
            return f"it has no parameter {keyword}"
    if before is None or given.more_keywords:
        return ""
    later = () if given.more else parameters.positional[count:]
    missing = [name for name, needed in (*later, *parameters.keywords) if needed and name not in given.keywords]
    return f"it needs {' and '.join(missing)}" if missing else ""


def _counted(number: int) -> str:
    return "1 argument" if number == 1 else f"{number or 'no'} arguments"
