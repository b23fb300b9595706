"""Commits of a database session that somebody else opened."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .check import Finding, Place, place
from .project import Project, matches
from .source import Source

COMMITS = {"commit", "begin"}
SESSION_NAME = re.compile(r"_?session|\w+_session")
SESSION_TYPE = re.compile(r"\b(Async)?Session\b|\b(async_)?scoped_session\b")
COMMITTED = "{call} commits in a service."
HINT = (
    "Flush, and let the caller that opened the session commit: the dependency of a route, or a task. "
    "Then several services can share one transaction."
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Commit:
    """A call that commits what the caller of the function may have in its session."""

    place: Place
    call: str
    types: tuple[str, ...]
    """Names in the annotation, of which one may be an alias of a session; empty if it is certainly a session."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the value of a name comes from."""

    opened: bool
    """Whether the code itself opened it."""
    annotation: str = ""


UNKNOWN = Origin(False)
OPENED = Origin(True)
Names = dict[str, Origin]


def scan(source: Source) -> tuple[Commit, ...] | None:
    """Return the commits of sessions that are given to the code, not opened by it."""
    if b".commit" not in source.data and b".begin" not in source.data:
        return None
    outside: Names = {name: origin for name, origin in _bound(source.tree.body, {}, {}).items() if origin.opened}
    return tuple(_in_block(source.tree.body, outside, {})) or None


def scan_aliases(source: Source) -> frozenset[str] | None:
    """Return the names of types that a module defines as a session: `SessionDep = Annotated[Session, ...]`."""
    if b"Session" not in source.data and b"scoped_session" not in source.data:
        return None
    return frozenset(_aliases(source.tree.body)) or None


def _aliases(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() | ast.Name() | ast.Attribute() as value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _ if type(node).__name__ == "TypeAlias":  # `type Name = ...` of Python 3.12
                name, value = node.name.id, node.value  # type: ignore[attr-defined]
            case _:
                continue
        if SESSION_TYPE.search(ast.unparse(value)) and not isinstance(value, ast.Call):
            yield name


def _in_block(body: Iterable[ast.AST], names: Names, attributes: Names) -> Iterator[Commit]:
    """Yield the commits in a block, then those in the functions and classes in it."""
    for node in _within(body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in COMMITS:
            yield from _judge(node, node.func.value, names, attributes)
        elif isinstance(node, ast.ClassDef):
            yield from _in_block(node.body, names, _attributes(node))
        elif isinstance(node, Function):
            inner = names | _parameters(node)
            inner |= _bound(node.body, inner, attributes)
            yield from _in_block(node.body, inner, attributes)


def _judge(call: ast.Call, owner: ast.expr, names: Names, attributes: Names) -> Iterator[Commit]:
    origin, name = _origin(owner, names, attributes)
    if origin.opened or not name:
        return
    text = f"{ast.unparse(call.func)}()"
    if SESSION_NAME.fullmatch(name) or SESSION_TYPE.search(origin.annotation):
        yield Commit(place(call), text, ())
    elif origin.annotation:
        yield Commit(place(call), text, tuple(re.findall(r"\w+", origin.annotation)))


def _origin(node: ast.expr, names: Names, attributes: Names) -> tuple[Origin, str]:
    """Return where the value of an expression comes from, and its last name; an empty name if it has none."""
    match node:
        case ast.Name(id=name):
            return names.get(name, UNKNOWN), name
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            return attributes.get(name, UNKNOWN), name
        case ast.Attribute(value=ast.Name() | ast.Attribute(), attr=name):
            return UNKNOWN, name
    return UNKNOWN, ""


def _parameters(function: Function) -> Names:
    arguments = function.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return {one.arg: Origin(False, ast.unparse(one.annotation) if one.annotation else "") for one in given}


def _bound(body: Iterable[ast.AST], names: Names, attributes: Names) -> Names:
    """Return what the assignments and `with` statements of a block bind."""
    bound: Names = {}
    for node in _within(body):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                origin = _value(value, names | bound, attributes)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                opened = _value(value, names | bound, attributes).opened if value else False
                origin = Origin(opened, ast.unparse(annotation))
            case ast.withitem(context_expr=ast.Call(), optional_vars=ast.Name(id=name)):
                origin = OPENED
            case (
                ast.For(target=ast.Name(id=name), iter=ast.Call())
                | ast.AsyncFor(target=ast.Name(id=name), iter=ast.Call())
            ):
                origin = OPENED
            case _:
                continue
        bound[name] = origin
    return bound


def _value(value: ast.expr, names: Names, attributes: Names) -> Origin:
    """Return the origin of an assigned value: what a call returns is new."""
    match value:
        case ast.Call() | ast.Await(value=ast.Call()):
            return OPENED
        case ast.BoolOp(values=values):  # `session or open_session()`
            return next((origin for one in values if not (origin := _value(one, names, attributes)).opened), OPENED)
    return _origin(value, names, attributes)[0]


def _attributes(node: ast.ClassDef) -> Names:
    """Return where the attributes of the objects of a class come from."""
    found: Names = {}
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found[statement.target.id] = Origin(False, ast.unparse(statement.annotation))
    for method in node.body:
        if not isinstance(method, Function):
            continue
        names = _parameters(method)
        for inner in _within(method.body):
            match inner:
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                    origin = _value(value, names, found)
                case ast.AnnAssign(
                    target=ast.Attribute(value=ast.Name(id="self"), attr=name), annotation=annotation, value=value
                ):
                    opened = _value(value, names, found).opened if value else False
                    origin = Origin(opened, ast.unparse(annotation))
                case _:
                    continue
            if name not in found or found[name].opened:
                found[name] = origin
    return found


def _within(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a block in order. Functions and classes are yielded, but not what is in them."""
    waiting = list(body)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef):
            waiting.extend(list(ast.iter_child_nodes(node))[::-1])


def find_given(project: Project, services: Sequence[str], paths: Iterable[str]) -> Iterator[tuple[str, Commit]]:
    """Yield the commits of given sessions in those of some files that are in the folders of services."""
    inside = [path for path in paths if any(matches(path, service) for service in services)]
    found = list(project.read(scan, inside))
    aliases: frozenset[str] = frozenset()
    if any(commit.types for _, commits in found for commit in commits):
        aliases = aliases.union(*(names for _, names in project.read(scan_aliases, project.files)))
    for path, commits in found:
        yield from ((path, commit) for commit in commits if not commit.types or aliases.intersection(commit.types))


def find_commits(project: Project, services: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for each commit in a service."""
    for path, commit in find_given(project, services, project.checked):
        line, column, end_line = commit.place
        yield Finding(path, line, column, COMMITTED.format(call=commit.call), HINT, verdict="commit", end_line=end_line)
