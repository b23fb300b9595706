"""Reads the calls of a file that replace something by its name: `patch`, `patch.object`, `monkeypatch.setattr` ..."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from .check import Place, place
from .names import Scope
from .source import Source
from .walking import fails_on_purpose

WORDS = (b"patch", b"setattr", b"delattr", b"spy")
MOCK = re.compile(
    r"(?:unittest\.mock|mock|mock\.mock|pytest_mock\.mocker|pytest_mock(?:\.plugin)?\.Mock(?:er)?Fixture\(\))"
    r"\.(patch(?:\.object|\.multiple|\.dict)?|spy)"
)
MONKEYPATCH = re.compile(
    r"(?:_?pytest(?:\.monkeypatch)?\.MonkeyPatch(?:\(\)|\.context\(\)|\(\)\.context\(\)))\.(setattr|delattr)"
)
MOCKERS = {f"{scope}mocker": "pytest_mock.mocker" for scope in ("", "class_", "module_", "package_", "session_")}
FIXTURES = {**MOCKERS, "monkeypatch": "pytest.MonkeyPatch()"}
SETTINGS = {"target", "spec", "create", "spec_set", "autospec", "new_callable"}
"""Keywords of `patch.multiple` that are no names to replace."""
EXPECTED = re.compile(r"(AttributeError|ImportError|ModuleNotFoundError|Exception)\b")


class Site(NamedTuple):
    """A call that replaces something."""

    place: Place
    call: str
    """`patch`, `patch.object`, `patch.multiple`, `patch.dict`, `spy`, `setattr` or `delattr`."""
    base: str
    """What has the names: dotted text, or the full name of an object. Empty if it cannot be told."""
    by_text: bool
    names: tuple[str, ...]
    """The names that are replaced. `patch.dict` has none: its base itself must exist."""
    where: str
    """The function around the call."""
    written: str
    """The first argument as a person would write it."""

    def target(self, name: str) -> str:
        """Return one of the names that are replaced, as a person would write it."""
        is_whole = self.by_text and self.call in ("patch", "setattr", "delattr")
        return self.written if is_whole or not name else f"{self.written}.{name}"

    @property
    def attribute_first(self) -> bool:
        """Whether attributes win over modules of the same name."""
        return self.call in ("setattr", "delattr") or not self.by_text

    @property
    def creates_builtins(self) -> bool:
        """Whether a name of the builtins may be replaced in any module."""
        return self.call in ("patch", "patch.object", "patch.multiple")


def patch_sites(source: Source) -> list[Site] | None:
    """Return the calls that replace something that must exist."""
    if not any(word in source.data for word in WORDS):
        return None
    aliases = set(_aliases(source))
    patches = {"patch", *aliases}
    return [
        site
        for node, context in source.calls_near(*WORDS, *(alias.encode() for alias in aliases))
        if _may_replace(node.func, patches)
        and not fails_on_purpose(context, EXPECTED)
        and (site := read_site(node, context.scope(FIXTURES), context.where))
    ] or None


def _may_replace(function: ast.expr, patches: set[str]) -> bool:
    """Return whether a function may be one that replaces something, by its name."""
    if isinstance(function, ast.Name):
        return function.id in patches
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr in ("object", "dict", "multiple"):
        return _may_replace(function.value, patches)
    return function.attr in ("patch", "setattr", "delattr", "spy")


def _aliases(source: Source) -> Iterator[str]:
    for node in source.statements_near(b"mock"):
        if isinstance(node, ast.ImportFrom) and node.module in ("unittest.mock", "mock"):
            yield from (alias.asname for alias in node.names if alias.asname)


def read_site(node: ast.Call, scope: Scope, where: str) -> Site | None:
    """Return what a call replaces, or None if it is another call or replaces what need not exist."""
    full = scope.full(node.func) or ""
    if found := MOCK.fullmatch(full):
        return _mock_site(node, scope, where, found[1])
    if found := MONKEYPATCH.fullmatch(full):
        return _monkeypatch_site(node, scope, where, found[1])
    return None


def _mock_site(node: ast.Call, scope: Scope, where: str, call: str) -> Site | None:
    keywords = {keyword.arg for keyword in node.keywords}
    if None in keywords or "create" in keywords:
        return None
    target = _argument(node, 0, "target", "in_dict", "obj")
    if target is None:
        return None
    text = _text(target, scope) if call in ("patch", "patch.multiple", "patch.dict") else None
    if call == "patch":
        return _text_site(node, where, call, text) if text else _unknown(node, where, call)
    if call == "patch.dict":
        if text is None:
            return None  # a dictionary itself
        return Site(place(node), call, text, by_text=True, names=(), where=where, written=text)
    if call == "patch.multiple":
        names = tuple(str(keyword) for keyword in keywords if keyword not in SETTINGS)
    else:
        name = _attribute(_argument(node, 1, "attribute", "name"), scope)
        names = (name,) if name else ()
    if not names:
        return _unknown(node, where, call)
    if text:
        return Site(place(node), call, text, by_text=True, names=names, where=where, written=text)
    return _object_site(node, scope, where, call, target, names)


def _monkeypatch_site(node: ast.Call, scope: Scope, where: str, call: str) -> Site | None:
    keywords = {keyword.arg for keyword in node.keywords}
    by_path = len(node.args) + len(keywords & {"name", "value"}) == (2 if call == "setattr" else 1)
    may_be_missing = "raising" in keywords or len(node.args) > (3 if call == "setattr" else 2)
    if None in keywords or (by_path and may_be_missing) or any(isinstance(arg, ast.Starred) for arg in node.args):
        return None
    if may_be_missing:
        return None
    target = _argument(node, 0, "target")
    if target is None:
        return None
    if by_path:
        text = _text(target, scope)
        return _text_site(node, where, call, text) if text else _unknown(node, where, call)
    name = _attribute(_argument(node, 1, "name"), scope)
    return _object_site(node, scope, where, call, target, (name,)) if name else _unknown(node, where, call)


def _text_site(node: ast.Call, where: str, call: str, text: str) -> Site | None:
    base, _, name = text.rpartition(".")
    if not base or not all(part.isidentifier() for part in text.split(".")):
        return None
    return Site(place(node), call, base, by_text=True, names=(name,), where=where, written=text)


def _text(node: ast.expr, scope: Scope) -> str | None:
    """Return the text of an expression. Only at its beginning, `__name__` is that of a module."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    later = (inner for part in parts[1:] for inner in ast.walk(part))
    if any(isinstance(inner, ast.Attribute) and inner.attr in ("__name__", "__qualname__") for inner in later):
        return None
    return scope.text(node)


def _attribute(node: ast.expr | None, scope: Scope) -> str | None:
    """Return the name of an attribute. For `function.__name__` it is the last part of the full name."""
    text = scope.text(node)
    return text.rpartition(".")[2] if text and not isinstance(node, ast.Constant) else text


def _object_site(node: ast.Call, scope: Scope, where: str, call: str, target: ast.expr, names: tuple[str, ...]) -> Site:
    full = scope.certain(target) or ""
    return Site(place(node), call, full, by_text=False, names=names, where=where, written=ast.unparse(target))


def _unknown(node: ast.Call, where: str, call: str) -> Site:
    return Site(
        place(node),
        call,
        "",
        by_text=True,
        names=(),
        where=where,
        written=ast.unparse(node.args[0])[:80] if node.args else "",
    )


def _argument(node: ast.Call, position: int, *names: str) -> ast.expr | None:
    for keyword in node.keywords:
        if keyword.arg in names:
            return keyword.value
    before = node.args[: position + 1]
    if len(before) <= position or any(isinstance(argument, ast.Starred) for argument in before):
        return None
    return before[-1]
