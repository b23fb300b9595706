"""Resolves the names of one file: `m.patch` to `unittest.mock.patch`, whatever the imports are called."""

import ast
import builtins
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain

from .nodes import children

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SCOPES = (*FUNCTIONS, *COMPREHENSIONS, ast.ClassDef, ast.Lambda)
BINDERS = {
    ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.withitem, *FUNCTIONS, ast.ClassDef,
    ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.Tuple, ast.List, ast.For, ast.AsyncFor, ast.comprehension,
}  # fmt: skip
"""The nodes that may bind names."""
SETS_UP = re.compile(r"_*(async)?_?(init|set_?up)", re.IGNORECASE)
BUILTINS = frozenset(dir(builtins))

Function = ast.FunctionDef | ast.AsyncFunctionDef
Value = str | ast.AST | None
"""What a name is bound to: the full name of an import, an expression, a parameter, a class, or something unknown."""


class Scope:
    """The names of a module, a class, a function or a comprehension.

    Full names are dotted. `()` stands for the result of a call: `shop.orders.Orders().pay`. Relative imports keep their
    dots. What the file itself defines has no full name, except aliases and subclasses of what it imports.
    """

    def __init__(
        self,
        node: ast.AST,
        parent: "Scope | None" = None,
        fixtures: Mapping[str, str] | None = None,
    ) -> None:
        """Take the full names of parameters that are known by their names alone."""
        self.node = node
        self.parent = parent
        self._fixtures: Mapping[str, str] = parent._fixtures if parent else fixtures or {}
        self._names: dict[str, list[Value]] = {}
        self._known: dict[Hashable, str | None] = {}
        for name, value in bindings(node, own_nodes(node)):
            self._names.setdefault(name, []).append(value)

    @cached_property
    def _attributes(self) -> "dict[str, list[tuple[ast.expr, Scope]]]":
        return attributes(self.node, self) if isinstance(self.node, ast.ClassDef) else {}

    def full(self, node: ast.AST | None) -> str | None:
        """Return the full name of an expression, or None if it has none."""
        match node:
            case ast.Name(name):
                return self._find(name)
            case ast.Attribute(ast.Name("self" | "cls"), name):
                return self._find_attribute(name)
            case ast.Attribute(value, name):
                return f"{base}.{name}" if (base := self.full(value)) else None
            case ast.Call(function):
                return f"{base}()" if (base := self.full(function)) else None
            case ast.Await(value) | ast.NamedExpr(_, value):
                return self.full(value)
        return None

    def text(self, node: ast.AST | None) -> str | None:
        """Return the text of an expression that is made of constants, or None."""
        match node:
            case ast.Constant(str(text)):
                return text
            case ast.JoinedStr(values):
                return joined(map(self.text, values))
            case ast.FormattedValue(value):
                return self.text(value)
            case ast.BinOp(left, ast.Add(), right):
                return joined(map(self.text, (left, right)))
            case ast.Name("__name__"):
                return "__name__"
            case ast.Attribute(value, "__name__" | "__qualname__"):
                return self.full(value)
            case ast.Name(name):
                scope = self._scope_of(name)
                bound = scope._names[name] if scope else []
                if scope and len(bound) == 1 and isinstance(bound[0], ast.AST):
                    return scope._once(("text", name), map(scope.text, [bound[0]]))
        return None

    def is_of_module(self, name: str) -> bool:
        """Return whether a name is bound by the module, and by no function or class in between."""
        scope = self._scope_of(name)
        return scope is not None and scope.parent is None

    def certain(self, node: ast.AST | None) -> str | None:
        """Return the full name of an expression, if everything that binds its names agrees on it."""
        match node:
            case ast.Name(name):
                scope = self._scope_of(name)
                if scope is None:
                    return self.full(node)
                return only(scope._exactly(value) for value in scope._names[name])
            case ast.Attribute(ast.Name("self" | "cls"), name):
                owner = self._class()
                assigned = owner._attributes.get(name, ()) if owner else ()
                if not any(inner.node in self._nodes() or sets_up(inner.node) for _, inner in assigned):
                    return None  # something else sets it, and what it is here may come from a base class
                return only(inner.certain(value) for value, inner in assigned)
            case ast.Attribute(value, name):
                return f"{base}.{name}" if (base := self.certain(value)) else None
            case ast.Call(function):
                return f"{base}()" if (base := self.certain(function)) else None
        return None

    def _exactly(self, value: Value) -> str | None:
        """Return what a value is; a class that the file defines is more than its first base."""
        if isinstance(value, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Await):
            return None
        if isinstance(value, ast.expr):
            return self._once(("certain", id(value)), map(self.certain, [value]))
        return self._resolve(value)

    def imports(self) -> Iterator[tuple[str, str]]:
        """Yield what the scope itself imports: the name that it gives, and the full name."""
        for name, values in self._names.items():
            yield from ((name, value) for value in values[:1] if isinstance(value, str))

    def is_function(self, node: ast.AST) -> bool:
        """Return whether an expression names a function that the file defines."""
        if not isinstance(node, ast.Name):
            return False
        scope = self._scope_of(node.id)
        return scope is not None and any(isinstance(value, FUNCTIONS) for value in scope._names[node.id])

    def _find(self, name: str) -> str | None:
        scope = self._scope_of(name)
        if scope is None:
            return f"builtins.{name}" if name in BUILTINS else None
        return scope._once(name, map(scope._resolve, scope._names[name]))

    def _find_attribute(self, name: str) -> str | None:
        scope = self._class()
        if not scope:
            return None
        assigned = (inner.full(value) for value, inner in scope._attributes.get(name, ()))
        of_class = map(scope._resolve, scope._names.get(name, ()))
        return scope._once(("self", name), chain(assigned, of_class))

    def _class(self) -> "Scope | None":
        """Return the scope of the class around this one."""
        scope: Scope | None = self
        while scope and not isinstance(scope.node, ast.ClassDef):
            scope = scope.parent
        return scope

    def _nodes(self) -> Iterator[ast.AST]:
        """Yield the node of this scope and those around it."""
        scope: Scope | None = self
        while scope:
            yield scope.node
            scope = scope.parent

    def _resolve(self, value: Value) -> str | None:
        if isinstance(value, str):
            return value
        if isinstance(value, ast.ClassDef):
            return first(map(self.full, value.bases))
        if isinstance(value, ast.arg):
            return self._fixtures.get(value.arg) or self._instance(value.annotation)
        return self.full(value)

    def _instance(self, annotation: ast.expr | None) -> str | None:
        """Return the full name of an object of the annotated class."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = parsed(annotation.value)
        kind = self.parent.full(annotation) if self.parent else None
        return f"{kind}()" if kind and not kind.startswith("builtins.") else None

    def _scope_of(self, name: str) -> "Scope | None":
        scope: Scope | None = self
        while scope:
            if name in scope._names and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return scope
            scope = scope.parent
        return None

    def _once(self, key: Hashable, values: Iterable[str | None]) -> str | None:
        """Return the first value that is known. A search that leads back to itself (`x = x.y`) finds nothing."""
        if key not in self._known:
            self._known[key] = None
            self._known[key] = first(values)
        return self._known[key]


def bindings(node: ast.AST, own: Iterable[ast.AST]) -> Iterator[tuple[str, Value]]:
    """Yield the names that a scope binds through its own nodes, with what they are bound to."""
    if isinstance(node, (*FUNCTIONS, ast.Lambda)):
        arguments = node.args
        known = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        yield from ((argument.arg, argument) for argument in known)
        yield from ((rest.arg, None) for rest in (arguments.vararg, arguments.kwarg) if rest)
    elsewhere = set[str]()
    found: list[tuple[str, Value]] = []
    for inner in own:
        if inner.__class__ in BINDERS:
            found += bound_by(inner)
        elif isinstance(inner, ast.Global | ast.Nonlocal):
            elsewhere.update(inner.names)
    # An import that a file tries first counts, not what it falls back to.
    found.sort(key=lambda binding: not isinstance(binding[1], str))
    yield from (binding for binding in found if binding[0] not in elsewhere)


def bound_by(node: ast.AST) -> Iterator[tuple[str, Value]]:
    """Yield the names that a node binds."""
    match node:
        case ast.Import(names):
            for alias in names:
                root = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (root, root)
        case ast.ImportFrom(module, names, level):
            prefix = "." * level + (f"{module}." if module else "")
            yield from ((alias.asname or alias.name, prefix + alias.name) for alias in names)
        case ast.Assign(targets, value):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(ast.Name(name), _, value) | ast.NamedExpr(ast.Name(name), value):
            yield name, value
        case ast.withitem(context, ast.Name(name)):
            yield name, context
        case ast.ClassDef(name) | ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
            yield name, node
        case ast.ExceptHandler(_, str(name)) | ast.MatchAs(_, str(name)) | ast.MatchStar(str(name)):
            yield name, None
        case ast.Tuple(elements, ast.Store()) | ast.List(elements, ast.Store()):
            yield from ((element.id, None) for element in elements if isinstance(element, ast.Name))
        case ast.For(ast.Name(name)) | ast.AsyncFor(ast.Name(name)) | ast.comprehension(ast.Name(name)):
            yield name, None


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope: nested scopes, but not what is in them."""
    nodes = children(scope)
    for node in nodes:
        yield node
        if not isinstance(node, SCOPES):
            nodes += children(node)


def attributes(node: ast.ClassDef, scope: Scope) -> dict[str, list[tuple[ast.expr, Scope]]]:
    """Return what the methods of a class assign to attributes of `self`, each with the scope of the method."""
    found: dict[str, list[tuple[ast.expr, Scope]]] = {}
    for method in node.body:
        if not isinstance(method, FUNCTIONS):
            continue
        inner = Scope(method, scope)
        for assignment in own_nodes(method):
            if isinstance(assignment, ast.Assign):
                for target in assignment.targets:
                    match target:
                        case ast.Attribute(ast.Name("self" | "cls"), name):
                            found.setdefault(name, []).append((assignment.value, inner))
    return found


def sets_up(node: ast.AST) -> bool:
    """Return whether a method runs before the others of its class: a set-up, or a fixture, which has a decorator."""
    if not isinstance(node, FUNCTIONS):
        return False
    is_fixture = bool(node.decorator_list) and not node.name.startswith("test")
    return is_fixture or SETS_UP.match(node.name) is not None


def parsed(text: str) -> ast.expr | None:
    """Return the expression in an annotation that is a text, or None."""
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def first(values: Iterable[str | None]) -> str | None:
    """Return the first value that is not None."""
    return next((value for value in values if value is not None), None)


def joined(parts: Iterable[str | None]) -> str | None:
    """Return the parts as one text, or None if one is unknown."""
    known = list(parts)
    return None if None in known else "".join(map(str, known))


def only(values: Iterable[str | None]) -> str | None:
    """Return the value that all of several are, or None if they differ."""
    different = set(values)
    return different.pop() if len(different) == 1 else None
