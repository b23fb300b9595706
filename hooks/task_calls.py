"""Reads the calls of a file that may be calls of Celery tasks."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from .check import Place, place
from .outline import dotted
from .source import Source
from .tasks import Arguments
from .walking import Context, fails_on_purpose

WORDS = (b"task", b"celery", b".delay(", b"apply_async")
DIRECT = {"run", "__wrapped__", "__call__"}
SENDING = {"delay", "apply_async", "apply", "s", "si", "signature", "subtask"}
EXPECTED = re.compile(r"(TypeError|Exception)\b")
STAND_IN = re.compile(r"(^|_)(self|task)(_|$)")
MOCK = re.compile(r"(^|\.)(Magic|Async|NonCallable|NonCallableMagic)?Mock(\(\))?$|(^|\.)SimpleNamespace\(\)$")

NO_FIXTURES: dict[str, str] = {}

Before = int | None
"""How many results of other tasks a signature gets first; None if that is not known."""


class TaskCall(NamedTuple):
    """A call of what may be a task."""

    place: Place
    task: str
    """The full name of the task. `__name__` stands for the file itself."""
    method: str
    """How it is called; empty for the task itself."""
    arguments: Arguments
    before: Before
    stand_in: str
    """The first argument, if it looks like one that is passed for `self`."""
    where: str
    problem: str = ""
    """What is wrong with the call, whatever the task is."""


def may_call_tasks(source: Source) -> bool | None:
    """Return True for a file that mentions tasks."""
    text = source.data.lower()
    return True if any(word in text for word in WORDS) else None


def task_calls(source: Source) -> list[TaskCall] | None:
    """Return the calls of a file that may be calls of tasks."""
    if not may_call_tasks(source):
        return None
    known, before = set(_known(source)), dict(_befores(source))
    found = []
    for node, context in source.calls:
        if _may_call(node.func, known) and not fails_on_purpose(context, EXPECTED):
            found.append(_read(node, source, context, before))
    return [call for call in found if call] or None


def _may_call(function: ast.expr, known: set[str]) -> bool:
    """Return whether what is called may be a task: it is imported, or a decorated function."""
    while isinstance(function, ast.Attribute):
        function = function.value
    return isinstance(function, ast.Name) and function.id in known


def _known(source: Source) -> Iterator[str]:
    """Yield the names that may be tasks or modules with tasks: imported ones, and decorated functions."""
    for alias in source.all(ast.alias):
        yield alias.asname or alias.name.partition(".")[0]
    yield from (node.name for node in source.functions if node.decorator_list)


def _read(node: ast.Call, source: Source, context: Context, befores: dict[int, Before]) -> TaskCall | None:
    called, method = node.func, ""
    if isinstance(called, ast.Attribute) and called.attr in DIRECT | SENDING:
        method, called = called.attr, called.value
    name = _full(called, source, context)
    if not name or name.startswith("builtins.") or name.endswith("()"):
        return None
    arguments, problem = _arguments(node, method)
    before = befores.get(id(node), _default(node, method))
    return TaskCall(
        place(node), name, method, arguments, before, _stand_in(node, context, method), context.where, problem
    )


def _full(function: ast.expr, source: Source, context: Context) -> str:
    written = dotted(function)
    first, dot, rest = written.partition(".")
    if first in source.imported:
        return source.imported[first] + dot + rest
    scope = context.scope(NO_FIXTURES)
    if first and scope.is_of_module(first) and scope.full(ast.Name(first)) is None:
        return f"__name__.{written}"
    return scope.certain(function) or ""


def _default(node: ast.Call, method: str) -> Before:
    """Return how many results come first where nothing around the call says it."""
    immutable = any(
        keyword.arg == "immutable" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in node.keywords
    )
    return None if method in ("s", "signature", "subtask") and not immutable else 0


def _befores(source: Source) -> Iterator[tuple[int, Before]]:
    """Yield for signatures in chains, chords and links how many results come first."""
    for operation in source.all(ast.BinOp):
        if isinstance(operation.op, ast.BitOr):
            yield from _after(operation.right, 1)
    for node, _ in source.calls:
        name = dotted(node.func).rpartition(".")[2]
        later: list[ast.expr] = [keyword.value for keyword in node.keywords if keyword.arg == "link"]
        if (name == "chain" and not any(isinstance(argument, ast.Starred) for argument in node.args)) or (
            name == "chord" and len(node.args) == 2
        ):
            later += node.args[1:]
        elif isinstance(node.func, ast.Call) and dotted(node.func.func).rpartition(".")[2] == "chord":
            later += node.args
        for argument in later:
            yield from _after(argument, 1)
        yield from _sent_at_once(node)


def _after(node: ast.expr, before: int) -> Iterator[tuple[int, Before]]:
    """Yield the signature that an expression is, or those in a group."""
    if not isinstance(node, ast.Call):
        return
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "s":
        yield id(node), before
    elif dotted(node.func).rpartition(".")[2] == "group":
        yield from (found for argument in node.args for found in _after(argument, before))


def _sent_at_once(node: ast.Call) -> Iterator[tuple[int, Before]]:
    """Yield a signature that is sent right away, without more arguments: `task.s(1).delay()`."""
    function = node.func
    if not isinstance(function, ast.Attribute) or function.attr not in ("delay", "apply_async", "apply"):
        return
    if node.args or any(keyword.arg in (None, "args", "kwargs") for keyword in node.keywords):
        return
    if function.attr != "delay" or not node.keywords:
        yield from _after(function.value, 0)


def _arguments(node: ast.Call, method: str) -> tuple[Arguments, str]:
    """Return what a call passes to the task, and what is wrong with the call itself."""
    if method not in ("apply", "apply_async", "signature", "subtask"):
        return _given(node.args, node.keywords), ""
    values = {keyword.arg: keyword.value for keyword in node.keywords}
    for name, value in zip(("args", "kwargs"), node.args, strict=False):
        values.setdefault(name, value)
    unknown = None in values or any(isinstance(argument, ast.Starred) for argument in node.args)
    count, more, problem = _sequence(values.get("args"))
    keywords, more_keywords = _mapping(values.get("kwargs"))
    return Arguments(count, more or unknown, keywords, more_keywords or unknown), problem


def _given(args: list[ast.expr], keywords: list[ast.keyword]) -> Arguments:
    positional = [argument for argument in args if not isinstance(argument, ast.Starred)]
    names = tuple(keyword.arg for keyword in keywords if keyword.arg)
    more_keywords = len(names) < len(keywords)
    return Arguments(len(positional), len(positional) < len(args), names, more_keywords)


def _sequence(node: ast.expr | None) -> tuple[int, bool, str]:
    """Return how many arguments `args=` has, whether there may be more, and what is wrong with it."""
    if isinstance(node, ast.Tuple | ast.List):
        given = _given(node.elts, [])
        return given.by_position, given.more, ""
    if isinstance(node, ast.Constant) and node.value is not None:
        return 0, True, f"args={ast.unparse(node)} is neither a tuple nor a list"
    absent = node is None or isinstance(node, ast.Constant)
    return 0, not absent, ""


def _mapping(node: ast.expr | None) -> tuple[tuple[str, ...], bool]:
    """Return the keys of `kwargs=`, and whether there may be more."""
    if isinstance(node, ast.Dict):
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        return tuple(keys), len(keys) < len(node.keys)
    if isinstance(node, ast.Call) and dotted(node.func) == "dict":
        given = _given([], node.keywords)
        return given.keywords, given.more_keywords or bool(node.args)
    absent = node is None or (isinstance(node, ast.Constant) and node.value is None)
    return (), not absent


def _stand_in(node: ast.Call, context: Context, method: str) -> str:
    """Return the first argument if its name says that it stands for `self`."""
    if method not in DIRECT | {"", "delay"} or not node.args or not isinstance(node.args[0], ast.Name):
        return ""
    name = node.args[0].id
    if name == "self":
        return name
    if not STAND_IN.search(name):
        return ""
    full = context.scope(NO_FIXTURES).full(node.args[0]) or ""
    return name if MOCK.search(full) or name.endswith("self") else ""
