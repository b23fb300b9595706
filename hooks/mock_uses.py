"""Finds where a file replaces code: mocks, patches, frozen clocks, and doubles of servers."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .check import Positioned, place
from .mock_calls import fixed_target, replacement, spec_of, target_of, value_of
from .mock_libraries import ACTIVE, BARE_MOCKS, CREATORS, FIXTURES, MENTIONS, identify
from .names import FUNCTIONS, Function, Scope
from .source import Source

TYPE_OF_CALL = {"builtins.isinstance": 1, "builtins.issubclass": 1, "typing.cast": 0, "typing_extensions.cast": 0}
"""Functions that take a type, with the position of that argument. To name a mock there is no use of it."""

MOCK_RESULT = re.compile(r"Mock\(\)|patch(\.\w+)?\(\)|create_autospec\(\)")
USEFIXTURES = "pytest.mark.usefixtures"


@dataclass(frozen=True, slots=True)
class MockUse:
    """One place where a test replaces something."""

    line: int
    column: int
    end_line: int
    library: str
    call: str
    """The name in the library: `patch.object`."""
    owner: str
    """The function or method that it is in (`Class.method`), else the name that a module gives it, else empty."""
    target: str = ""
    """What is replaced: its full name where that is known, else as it is written."""
    is_resolved: bool = False
    """Whether `target` is a full name."""
    spec: bool | None = None
    """Whether the mock has the attributes of what it replaces only. None where no mock is made."""
    bound: str = ""
    """What the mock is assigned to or passed as."""
    bound_to: str = ""
    """The full name of that, if it is an attribute of something known."""
    passed_to: str = ""
    """The full name of the function that gets it as an argument."""
    value: str = ""
    """What replaces the target, if the test says it: `constant`, `function`, `mock` or `other`."""
    part_of: int | None = None
    """The position in the list of uses of the mock that this one is an attribute or a result of."""
    touched: frozenset[str] = frozenset()
    """The attributes that the same function uses of the mock, or of the object that is patched."""


class Context(NamedTuple):
    """Where a node is."""

    scope: Scope
    owner: str = ""
    function: str = ""
    """The innermost function that it is in."""
    bound: str = ""
    bound_to: str = ""
    """The full name of what gets the mock, if that is an attribute of something known."""
    passed_to: str = ""
    part_of: int | None = None
    is_type: bool = False
    attributes: Mapping[str, set[str]] = {}
    """The attributes that the function uses, by the object as it is written."""


def scan(source: Source) -> list[MockUse] | None:
    """Return the places where a file replaces something, or None if there are none."""
    if not MENTIONS.search(source.data):
        return None
    return find_uses(source.tree) or None


def find_uses(tree: ast.Module) -> list[MockUse]:
    """Return the places where a module replaces something, in the order of the file."""
    own = {node.name for node in tree.body if isinstance(node, FUNCTIONS)}
    fixtures = {name: full for name, full in FIXTURES.items() if name not in own}
    finder = Finder(fixtures)
    finder.visit_all(tree.body, Context(Scope(tree, fixtures=fixtures)))
    return list(joined_to_parents(finder))


class Finder:
    """Walks through a module and collects what it replaces."""

    def __init__(self, fixtures: dict[str, str]) -> None:
        self.uses: list[MockUse] = []
        self.links: list[tuple[str, str, int | str]] = []
        """Mocks that are given to others: the function, the name, and the position or the name of the other."""
        self._fixtures = fixtures

    def visit_all(self, nodes: Iterable[ast.AST], context: Context) -> None:
        """Collect the uses in some nodes."""
        for node in nodes:
            self.visit(node, context)

    def visit(self, node: ast.AST, context: Context) -> None:
        """Collect the uses in a node, without its annotations."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._visit_function(node, context)
            case ast.ClassDef():
                self._visit_class(node, context)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self.visit_all(ast.iter_child_nodes(node), context._replace(scope=Scope(node, context.scope)))
            case ast.Assign(targets, value):
                self._visit_assignment(targets[0], value, context)
                self.visit_all(targets, context)
            case ast.AnnAssign(target, _, value) if value:
                self._visit_assignment(target, value, context)
            case ast.AnnAssign() | ast.arg():
                pass
            case ast.Return(value) | ast.Yield(value) if value:
                self.visit(value, context._replace(bound=context.function))
            case ast.withitem(expression, name):
                self.visit(expression, context._replace(bound=ast.unparse(name) if name else ""))
            case ast.keyword(name, value):
                self.visit(value, context._replace(bound=name or ""))
            case ast.Dict(keys, values):
                for key, value in zip(keys, values, strict=True):
                    self.visit(value, context._replace(bound=context.scope.text(key) or context.bound))
            case ast.Subscript(value, index):
                self.visit(value, context)
                self.visit(index, context._replace(is_type=True))
            case ast.Call():
                self._visit_call(node, context)
            case ast.Name() | ast.Attribute():
                self._visit_reference(node, context)
            case _:
                self.visit_all(ast.iter_child_nodes(node), context)

    def _visit_function(self, node: Function, context: Context) -> None:
        inside = context
        if not isinstance(context.scope.node, FUNCTIONS):
            inside = context._replace(owner=join(context.owner, node.name), attributes=attributes_used(node))
        arguments = node.args
        names = injected(node, context.scope)
        for decorator in node.decorator_list:
            self.visit(decorator, inside._replace(bound=names.get(decorator, "")))
        self.visit_all((default for default in (*arguments.defaults, *arguments.kw_defaults) if default), inside)
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if argument.arg in ACTIVE and argument.arg in self._fixtures:
                self._add(argument, inside, ACTIVE[argument.arg], argument.arg)
        self.visit_all(node.body, inside._replace(scope=Scope(node, context.scope), function=node.name))

    def _visit_class(self, node: ast.ClassDef, context: Context) -> None:
        inside = context
        if not isinstance(context.scope.node, FUNCTIONS):
            inside = context._replace(owner=join(context.owner, node.name))
        self.visit_all((*node.decorator_list, *node.keywords), inside)
        self.visit_all(node.body, inside._replace(scope=Scope(node, context.scope)))

    def _visit_assignment(self, target: ast.expr, value: ast.expr, context: Context) -> None:
        owner = context.owner
        if not owner and isinstance(target, ast.Name):
            owner = target.id
        bound = ast.unparse(target)
        if isinstance(target, ast.Attribute):
            self.links.extend((owner, name, root_of(bound)) for name in names_in(value))
        full = (context.scope.full(target) if isinstance(target, ast.Attribute) else None) or ""
        if MOCK_RESULT.search(full):
            full = ""
        self.visit(value, context._replace(owner=owner, bound=bound, bound_to=full))

    def _visit_call(self, node: ast.Call, context: Context) -> None:
        full = context.scope.full(node.func)
        if full == USEFIXTURES:
            self._visit_usefixtures(node, context)
            return
        inner = context._replace(bound="", bound_to="", passed_to=full or "")
        if found := identify(full):
            self._add_call(node, context, *found)
            inner = inner._replace(part_of=len(self.uses) - 1)
        else:
            self.visit(node.func, context)
        position = TYPE_OF_CALL.get(full or "")
        self.visit_all((argument for n, argument in enumerate(node.args) if n != position), inner)
        self.visit_all(node.keywords, inner)

    def _visit_reference(self, node: ast.Name | ast.Attribute, context: Context) -> None:
        """Collect a mock that is named and not called: `@respx.mock`, `side_effect=Mock`."""
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name):
            self.visit(root, context)
            return
        if context.part_of is not None and isinstance(node, ast.Name):
            self.links.append((context.owner, node.id, context.part_of))
        if not isinstance(node.ctx, ast.Load) or context.part_of is not None or context.is_type:
            return
        if found := identify(context.scope.full(node)):
            self._add(
                node, context, *found, target=fixed_target(*found), spec=False if found[1] in BARE_MOCKS else None
            )

    def _visit_usefixtures(self, node: ast.Call, context: Context) -> None:
        for argument in node.args:
            name = context.scope.text(argument) or ""
            if library := "pytest-mock" if name.endswith("mocker") and name in self._fixtures else ACTIVE.get(name):
                self._add(argument, context, library, name)

    def _add_call(self, node: ast.Call, context: Context, library: str, call: str) -> None:
        target, is_resolved, patched = target_of(node, library, call, context.scope)
        seen = ast.unparse(patched) if patched else context.bound
        if call in CREATORS and seen not in context.attributes:
            seen = seen.rpartition(".")[0]
        self._add(
            node,
            context,
            library,
            call,
            target=target,
            is_resolved=is_resolved,
            spec=spec_of(node, call, context.scope),
            value=value_of(node, call, context.scope),
            touched=frozenset(context.attributes.get(seen, ())),
        )

    def _add(self, node: Positioned, context: Context, library: str, call: str, **more: Any) -> None:
        line, column, end_line = place(node)
        self.uses.append(
            MockUse(
                line,
                column,
                end_line,
                library,
                call,
                context.owner,
                bound=context.bound,
                bound_to=context.bound_to,
                passed_to=context.passed_to,
                part_of=context.part_of,
                **more,
            )
        )


def joined_to_parents(finder: Finder) -> Iterator[MockUse]:
    """Yield the uses; a mock that is an attribute or a result of another one is linked to it."""
    positions: dict[tuple[str, str], int] = {}
    for position, use in enumerate(finder.uses):
        positions.setdefault((area(use.owner, use.bound), use.bound), position)
    given = {(owner, name): to for owner, name, to in finder.links}
    for position, use in enumerate(finder.uses):
        parent: int | str | None = use.part_of
        if parent is None:
            root = root_of(use.bound)
            parent = root if root != use.bound else given.get((use.owner, use.bound))
        if isinstance(parent, str):
            parent = positions.get((area(use.owner, parent), parent))
        if parent not in (None, position):
            yield replace(use, part_of=parent)
        elif "." in use.bound and not use.target:
            yield replace(use, target=use.bound_to or use.bound, is_resolved=bool(use.bound_to))
        else:
            yield use


def names_in(value: ast.expr) -> Iterator[str]:
    """Yield the names that a value consists of: itself, or the elements of a list."""
    for element in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
        if isinstance(element, ast.Name):
            yield element.id


def root_of(name: str) -> str:
    """Return the object of an attribute: `session` of `session.execute.return_value`, `self.mail` of `self.mail.send`."""
    parts = re.split(r"[.\[(]", name)
    return ".".join(parts[: 2 if parts[0] in ("self", "cls") else 1])


def area(owner: str, name: str) -> str:
    """Return where a name is known: in its function or, for attributes of self, in its class."""
    return owner.rpartition(".")[0] if name.startswith(("self.", "cls.")) else owner


def join(owner: str, name: str) -> str:
    """Return the qualified name of something in a class or a module."""
    return f"{owner}.{name}" if owner else name


def injected(node: Function, scope: Scope) -> dict[ast.expr, str]:
    """Return the parameters that get the mocks of the decorators of a function, from the last decorator to the first."""
    patches = [
        decorator
        for decorator in reversed(node.decorator_list)
        if isinstance(decorator, ast.Call)
        and (found := identify(scope.full(decorator.func)))
        and found[1] in ("patch", "patch.object")
        and not replacement(decorator, found[1])
    ]
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    if isinstance(scope.node, ast.ClassDef):
        names = names[1:]
    return dict(zip(patches, names, strict=False))


def attributes_used(node: Function) -> Mapping[str, set[str]]:
    """Return the attributes that a function uses, by the object as it is written: a name, or an attribute of `self`."""
    found: dict[str, set[str]] = defaultdict(set)
    for inner in ast.walk(node):
        match inner:
            case ast.Attribute(ast.Name(name), attribute, ast.Load()):
                found[name].add(attribute)
            case ast.Attribute(ast.Attribute(ast.Name("self" | "cls" as this), name), attribute, ast.Load()):
                found[f"{this}.{name}"].add(attribute)
    return found
