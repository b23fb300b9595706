"""Reads what functions talk to: databases, queues, other services, files. It looks at their own statements only."""

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from .mock_words import OF_WRAPPERS, QUEUE_CALLS, SESSION_CALLS, STORES, Kind, last_word, library_kind, name_kind
from .names import FUNCTIONS, Function, Scope, attributes, first
from .source import Source

PART = 0.4
"""The part of the methods of a class that talk to something, from which on the class stands for it."""

LITTLE = 7
"""Statements of a function that only prepares what a helper does."""

SMALL = 4
"""Statements of a function that does one thing: only there a clock or a setting is what it is about."""

WHAT_SMALL_FUNCTIONS_DO = {Kind.TIME, Kind.SETTINGS}
WATCHING = re.compile(r"(sentry_sdk|opentelemetry|statsd|newrelic|datadog|posthog|analytics|segment)\b")
"""Libraries that watch a program: what uses them talks to something else."""

INHERITED = {Kind.EXTERNAL, Kind.QUEUE, Kind.FILES, Kind.MODEL}
"""What a class that extends one of a library talks to. A row of a table is not its database."""

CLIENTS = {"client", "sdk", "gateway", "smtp", "s3", "slack", "twilio", "stripe"}
"""Names of objects all of whose methods call somebody else."""

HTTP_CALLS = {"get", "post", "put", "patch", "delete", "head", "request", "send"}
FILE_CALLS = {"open", "save", "exists", "delete", "read", "write", "url", "path", "listdir", "size", "put", "get"}
STORE_CALLS = SESSION_CALLS | {
    "add",
    "add_all",
    "get",
    "set",
    "delete",
    "merge",
    "insert",
    "find",
    "find_one",
    "update",
}

ONLY_NAMES = re.compile(
    r"(os\.path\.(join|basename|dirname|splitext|split|normpath|commonpath|relpath|isabs|abspath|sep)|pathlib\.(Pure\w*|Path))(\(\))?$"
)
"""What makes names of files without a look at any file."""

COLUMN = re.compile(r"\.(\w*Field|ForeignKey|Column|mapped_column|relationship)\(\)")
"""Values of columns, whatever their library is."""

ROW_CALLS_OF_OTHERS = {
    "objects",
    "refresh_from_db",
    "bulk_create",
    "bulk_update",
    "select_for_update",
    "get_or_create",
    "update_or_create",
    "select_related",
    "prefetch_related",
    "asave",
    "adelete",
}
"""Attributes by which only code of an ORM is called."""

Talk = tuple[Kind, str]
"""A kind, and the first part of the name of the library that shows it, or an empty text."""

Talks = dict[str, frozenset[Talk]]
"""What each function talks to, by its qualified name; each class with its methods; and the module by what it imports."""

MODULE = ""


def scan(source: Source) -> Talks | None:
    """Return what the functions of a file talk to, or None if none does."""
    scope = Scope(source.tree)
    imports = ((library_kind(full), top(full)) for _, full in scope.imports())
    found: Talks = {MODULE: frozenset(talk for talk in imports if talk[0] is not Kind.OTHER)}
    for statement in source.tree.body:
        if isinstance(statement, FUNCTIONS):
            found[statement.name] = frozenset(of_function(statement, scope))
        elif isinstance(statement, ast.ClassDef):
            found |= of_class(statement, scope)
    return {
        name: talks for name, talks in with_helpers(source.tree, with_helpers(source.tree, found)).items() if talks
    } or None


def with_helpers(tree: ast.Module, found: Talks) -> Talks:
    """Give functions that do little but call a helper of their class or module what the helper talks to."""
    known = dict(functions(tree))
    more: Talks = {}
    for name, node in known.items():
        if found.get(name) or sum(isinstance(inner, ast.stmt) for inner in ast.walk(node)) > LITTLE:
            continue
        owner = name.rpartition(".")[0]
        called = (helper_of(inner.func, owner) for inner in ast.walk(node) if isinstance(inner, ast.Call))
        more[name] = frozenset().union(*(found.get(helper, frozenset()) for helper in called if helper in known))
    return found | more


def functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Yield the functions and methods of a module with their qualified names."""
    for statement in tree.body:
        if isinstance(statement, FUNCTIONS):
            yield statement.name, statement
        elif isinstance(statement, ast.ClassDef):
            yield from (
                (f"{statement.name}.{inner.name}", inner) for inner in statement.body if isinstance(inner, FUNCTIONS)
            )


def helper_of(node: ast.expr, owner: str) -> str:
    """Return the qualified name of a function of the same class or module that is called, or an empty text."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name("self" | "cls"), name) if owner:
            return f"{owner}.{name}"
        case ast.Attribute(ast.Name(of_class), name) | ast.Attribute(ast.Call(ast.Name(of_class)), name):
            return f"{of_class}.{name}"
    return ""


def top(full: str) -> str:
    """Return the first part of a full name."""
    return full.partition(".")[0]


def of_class(node: ast.ClassDef, outer: Scope) -> Talks:
    """Return what the methods of a class talk to, and the class as a whole."""
    scope = Scope(node, outer)
    bases = (full for base in node.bases if (full := outer.full(base)))
    inherited = frozenset((kind, top(full)) for full in bases if (kind := library_kind(full)) in INHERITED)
    found: Talks = {}
    for method in node.body:
        if isinstance(method, FUNCTIONS):
            own = frozenset(of_function(method, scope))
            if {kind for kind, _ in own} <= WHAT_SMALL_FUNCTIONS_DO:
                own |= {talk for talk in inherited if talk[0] is Kind.EXTERNAL}
            found[f"{node.name}.{method.name}"] = own
    as_a_whole = inherited | found.get(f"{node.name}.__init__", frozenset()) | frozenset(common(found.values()))
    for name, assigned in attributes(node, scope).items():
        full = first(inner.full(value) for value, inner in assigned)
        if full and (kind := library_kind(full)) is not Kind.OTHER:
            found.setdefault(f"{node.name}.{name}", frozenset([(kind, top(full))]))
    return found | {node.name: as_a_whole}


def common(found: Collection[frozenset[Talk]]) -> Iterator[Talk]:
    """Yield what a large part of some functions talk to."""
    counts = Counter(talk for talks in found for talk in talks)
    yield from (talk for talk, count in counts.items() if count >= PART * len(found))


def of_function(node: Function, outer: Scope) -> Iterator[Talk]:
    """Yield what a function talks to."""
    scope = Scope(node, outer)
    nodes = list(nodes_of(node.body))
    found = {talk for inner in nodes if (talk := of_node(inner, scope))}
    if is_about_small_things(nodes, scope):
        return iter(found)
    return (talk for talk in found if talk[0] not in WHAT_SMALL_FUNCTIONS_DO)


def is_about_small_things(nodes: Iterable[ast.AST], scope: Scope) -> bool:
    """Return whether a function calls nothing but clocks, settings and built-in functions, in a few statements."""
    count = 0
    for node in nodes:
        count += isinstance(node, ast.stmt)
        if isinstance(node, ast.Call):
            talk = of_root(node.func, scope)
            builtin = (scope.full(node.func) or "").startswith("builtins.")
            if not builtin and (not talk or talk[0] not in WHAT_SMALL_FUNCTIONS_DO):
                return False
    return count <= SMALL


def of_root(node: ast.expr, scope: Scope) -> Talk | None:
    """Return what the object of a call belongs to: `settings.LIMITS["a"].get` is about settings."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        if talk := of_node(node, scope):
            return talk
        node = node.func if isinstance(node, ast.Call) else node.value
    return of_node(node, scope)


def nodes_of(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes of statements, without annotations."""
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.AnnAssign):
            todo += [node.value] if node.value else []
        else:
            todo += ast.iter_child_nodes(node)


def of_node(node: ast.AST, scope: Scope) -> Talk | None:
    """Return what one expression talks to."""
    if not isinstance(node, ast.Attribute | ast.Name) or not isinstance(node.ctx, ast.Load):
        return None
    full = scope.full(node)
    if isinstance(node, ast.Name) and full and full.endswith("()"):
        return None  # an object that is only handed on
    if full and (WATCHING.match(full) or ONLY_NAMES.match(full) or COLUMN.search(full)):
        return None
    if full and (kind := library_kind(full)) is not Kind.OTHER:
        return kind, top(full)
    if not isinstance(node, ast.Attribute):
        return None
    if node.attr in QUEUE_CALLS:
        return Kind.QUEUE, ""
    if node.attr in ROW_CALLS_OF_OTHERS:
        return Kind.DATABASE, ""
    return (by_name, "") if (by_name := of_call(node)) else None


def of_call(node: ast.Attribute) -> Kind | None:
    """Return what a method belongs to, by the name of its object: `self.session.execute`, `client.post`."""
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    is_store = owner == "query" or last_word(owner) in STORES
    kind = Kind.DATABASE if is_store else name_kind(owner, OF_WRAPPERS)
    if kind is Kind.DATABASE and owner != "query" and node.attr not in STORE_CALLS:
        return None
    if kind is Kind.FILES and node.attr not in FILE_CALLS:
        return None
    if kind is Kind.EXTERNAL and last_word(owner) not in CLIENTS and node.attr not in HTTP_CALLS:
        return None
    return kind
