"""Reads one call of a mock library: what it replaces, by what, and whether the mock has a spec."""

import ast
from typing import NamedTuple

from .mock_libraries import BARE_MOCKS, CREATORS
from .names import Scope

OBJECT_AND_NAME = {"patch.object", "setattr", "delattr", "setitem", "delitem", "spy"}
WITH_PATH = {"patch", "patch.dict", "patch.multiple", "setattr", "delattr"}
"""Calls whose first argument may be a text such as `shop.orders.send`."""

FIRST = ("target", "in_dict", "obj", "dic")
SPEC_FIRST = ("spec", "spec_set", "wraps")
SECOND = ("attribute", "name")
SPEC = ("spec", "spec_set", "autospec", "wraps")
FIXED = {
    "mock_open": "builtins.open",
    "freeze_time": "time",
    "travel": "time",
    "move_to": "time",
    "shift": "time",
    "chdir": "os.getcwd()",
    "syspath_prepend": "sys.path",
}
VALUE_AT = {"patch": 1, "patch.object": 2, "patch.context_manager": 2}


class Target(NamedTuple):
    """What a call replaces."""

    text: str = ""
    is_resolved: bool = False
    """Whether `text` is a full name."""
    patched: ast.expr | None = None
    """The object whose attribute is replaced."""


def target_of(node: ast.Call, library: str, call: str, scope: Scope) -> Target:
    """Return what a call replaces."""
    if fixed := fixed_target(library, call):
        return Target(fixed)
    if library in ("respx", "responses", "requests-mock", "pytest-httpx"):
        return Target(url_of(node, scope))
    if call in ("setenv", "delenv"):
        return Target(f"os.environ[{written(node.args[0], scope)}]" if node.args else "os.environ", is_resolved=True)
    first = argument(node, 0, *(SPEC_FIRST if call in CREATORS else FIRST))
    if first is None:
        return Target()
    if call in WITH_PATH and (path := scope.text(first)):
        return Target(path + replaced_names(node, call), is_resolved=True)
    full = scope.full(first)
    if call in CREATORS and not full and not isinstance(first, ast.Name | ast.Attribute):
        return Target()  # a list of names
    base = full or ast.unparse(first)
    if call not in OBJECT_AND_NAME:
        return Target(base + replaced_names(node, call), full is not None)
    second = argument(node, 1, *SECOND)
    if second is None:
        return Target(base, full is not None, first)
    text = f"{base}[{written(second, scope)}]" if call.endswith("item") else f"{base}.{written(second, scope)}"
    return Target(text, full is not None, first)


def fixed_target(library: str, call: str) -> str:
    """Return what a call replaces whatever its arguments are, or an empty text."""
    if library == "moto":
        return call.removeprefix("mock_")
    return "redis" if library == "fakeredis" else FIXED.get(call, "")


def spec_of(node: ast.Call, call: str, scope: Scope) -> bool | None:
    """Return whether a mock has a spec, or None if the call makes no mock of its own."""
    name = call.rpartition(".")[2]
    if name in ("create_autospec", "spy"):
        return True
    if name in ("stub", "async_stub"):
        return False
    if name in BARE_MOCKS:
        return True if node.args else has_spec(node)
    if call == "patch.multiple":
        made = any((scope.full(keyword.value) or "").endswith(".DEFAULT") for keyword in node.keywords)
        return has_spec(node) if made else None
    if call not in VALUE_AT or replacement(node, call):
        return None
    factory = argument(node, None, "new_callable")
    if factory and (scope.full(factory) or "").rpartition(".")[2] not in BARE_MOCKS:
        return None
    return has_spec(node)


def has_spec(node: ast.Call) -> bool | None:
    """Return whether keyword arguments give a spec, or None if `**` may."""
    given = [keyword for keyword in node.keywords if keyword.arg in SPEC]
    if any(not is_constant(keyword.value) or ast.literal_eval(keyword.value) for keyword in given):
        return True
    return None if any(keyword.arg is None for keyword in node.keywords) else False


def value_of(node: ast.Call, call: str, scope: Scope) -> str:
    """Return what kind of value replaces the target: `constant`, `function`, `mock` or `other`, or an empty text."""
    value = replacement(node, call)
    if value is None:
        return ""
    if is_constant(value):
        return "constant"
    if isinstance(value, ast.Lambda) or scope.is_function(value):
        return "function"
    full = scope.full(value) or ""
    return "mock" if full.removesuffix("()").rpartition(".")[2] in BARE_MOCKS else "other"


def replacement(node: ast.Call, call: str) -> ast.expr | None:
    """Return the value that replaces the target, if the call names it."""
    if call == "setattr":
        by_path = len(node.args) == 2 and not any(keyword.arg == "value" for keyword in node.keywords)
        return argument(node, 1 if by_path else 2, "value")
    if call == "setitem":
        return argument(node, 2, "value")
    return argument(node, VALUE_AT[call], "new") if call in VALUE_AT else None


def replaced_names(node: ast.Call, call: str) -> str:
    """Return the names that `patch.multiple` replaces, as the end of a target."""
    if call != "patch.multiple":
        return ""
    names = [
        keyword.arg for keyword in node.keywords if keyword.arg and keyword.arg not in ("target", "new_callable", *SPEC)
    ]
    if len(names) == 1:
        return f".{names[0]}"
    return f".{{{', '.join(names)}}}" if names else ""


def argument(node: ast.Call, position: int | None, *names: str) -> ast.expr | None:
    """Return the argument at a position or with one of some names."""
    for keyword in node.keywords:
        if keyword.arg in names:
            return keyword.value
    if position is None or not 0 <= position < len(node.args):
        return None
    before = node.args[: position + 1]
    return None if any(isinstance(each, ast.Starred) for each in before) else before[-1]


def url_of(node: ast.Call, scope: Scope) -> str:
    """Return the URL in a call of a double of HTTP servers."""
    candidates = [argument(node, None, "url", "base_url", "host", "path"), *node.args]
    texts = [text for value in candidates if value is not None and (text := scope.text(value))]
    return next((text for text in texts if "/" in text or "." in text), "")


def written(node: ast.expr, scope: Scope) -> str:
    """Return the text of a constant, or an expression as it is written."""
    return scope.text(node) or ast.unparse(node)


def is_constant(node: ast.expr) -> bool:
    """Return whether an expression is made of literals only."""
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
