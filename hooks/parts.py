"""Reads what a file of tests consists of: its functions, classes and fixtures, and what each of them refers to."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .check import Place, place
from .names import FUNCTIONS, Function, Scope
from .nodes import statements, walk
from .source import Source

MODULE = ""
"""The part that is the module itself: what runs when it is imported, and what applies to all of its tests."""

SETUP = re.compile(r"setUp\w*|tearDown\w*|asyncSetUp|asyncTearDown|(setup|teardown)(_method|_class|_function|_module)?")
FIXTURE = {"pytest.fixture", "pytest_asyncio.fixture", "pytest.yield_fixture"}
USEFIXTURES = "pytest.mark.usefixtures"
ASSERTING = re.compile(
    r".*(assert|raises).*|(fail|warns|expect|verify|should|check|validate|ensure|compare|match|deprecated_call|raise_for_status).*",
    re.IGNORECASE,
)
"""The names of functions that fail a test."""


@dataclass(slots=True)
class Part:
    """A function, a method, a class or a variable of a file."""

    place: Place = (1, 1, 1)
    refers: set[str] = field(default_factory=set)
    """Full names of what it uses from other files."""
    uses: set[str] = field(default_factory=set)
    """The parts of its own file that it uses."""
    requests: set[str] = field(default_factory=set)
    """Fixtures that it requests, by name."""
    is_class: bool = False
    bases: tuple[str, ...] = ()
    """The base classes: full names, or names in the same file."""
    fixture: str = ""
    """The name of the fixture, if it is one."""
    is_autouse: bool = False
    is_test: bool = False
    is_setup: bool = False
    asserts: bool = False


@dataclass(slots=True)
class Outline:
    """The parts of a file, by their qualified names."""

    parts: dict[str, Part]
    imports: dict[str, str]
    """Full names of what the module imports, by the names that it gives them."""
    stars: tuple[str, ...] = ()
    """The modules of which it imports everything."""
    plugins: tuple[str, ...] = ()
    """The modules in `pytest_plugins`."""


def scan(source: Source) -> Outline:
    """Return the outline of a file."""
    return Reader(source.tree).read()


class Reader:
    """Reads the outline of one module."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._scope = Scope(tree)
        self._parts: dict[str, Part] = {MODULE: Part()}

    def read(self) -> Outline:
        """Return the outline."""
        for statement in self._tree.body:
            self._read_statement(statement)
        return Outline(
            self._parts,
            dict(self._scope.imports()),
            tuple(module for statement in statements(self._tree.body) for module in stars(statement)),
            tuple(self._plugins()),
        )

    def _read_statement(self, node: ast.stmt) -> None:
        if isinstance(node, FUNCTIONS):
            self._read_function(node, node.name, self._scope)
        elif isinstance(node, ast.ClassDef):
            self._read_class(node, node.name, self._scope)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            for inner in ast.iter_child_nodes(node):
                if isinstance(inner, ast.stmt):
                    self._read_statement(inner)
        else:
            self._read_variable(node)

    def _read_variable(self, node: ast.stmt) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [target.id for target in targets if isinstance(target, ast.Name)] or [MODULE]
        for name in names:
            part = self._parts.setdefault(name, Part(place(node)))
            self._collect(part, [node], self._scope, "")
            if name == "pytestmark":
                self._parts[MODULE].requests |= part.requests

    def _read_class(self, node: ast.ClassDef, name: str, scope: Scope) -> None:
        inner = Scope(node, scope)
        bases = (base_of(base, scope) for base in node.bases)
        part = self._parts[name] = Part(place(node), is_class=True, bases=tuple(filter(None, bases)))
        self._collect(part, node.decorator_list, scope, name)
        for statement in node.body:
            if isinstance(statement, FUNCTIONS):
                self._read_function(statement, f"{name}.{statement.name}", inner)
            elif isinstance(statement, ast.ClassDef):
                self._read_class(statement, f"{name}.{statement.name}", inner)
            else:
                self._collect(part, [statement], inner, name)

    def _read_function(self, node: Function, name: str, scope: Scope) -> None:
        owner = name.rpartition(".")[0]
        part = self._parts[name] = Part(place(node))
        part.is_test = node.name.startswith("test")
        part.is_setup = bool(SETUP.fullmatch(node.name))
        for decorator in node.decorator_list:
            self._read_decorator(part, node, decorator, scope)
        if part.is_test or part.fixture or part.is_setup:
            part.requests |= requested(node)
        self._collect(part, [*node.decorator_list, *node.args.defaults], scope, owner)
        self._collect(part, node.body, Scope(node, scope), owner)

    def _read_decorator(self, part: Part, node: Function, decorator: ast.expr, scope: Scope) -> None:
        call = decorator if isinstance(decorator, ast.Call) else None
        if scope.full(call.func if call else decorator) not in FIXTURE:
            return
        part.fixture, part.is_test = node.name, False
        for keyword in call.keywords if call else ():
            if keyword.arg == "name":
                part.fixture = scope.text(keyword.value) or node.name
            if keyword.arg == "autouse":
                part.is_autouse = not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)

    def _collect(self, part: Part, nodes: Iterable[ast.AST], scope: Scope, owner: str) -> None:
        """Add what some nodes refer to. `owner` is the class that they are in."""
        for node in walk(*nodes):
            self._collect_node(part, node, scope, owner)

    def _collect_node(self, part: Part, node: ast.AST, scope: Scope, owner: str) -> None:
        match node:
            case ast.Attribute(ast.Name("self" | "cls"), name) if owner:
                part.uses.add(f"{owner}.{name}")
            case ast.Attribute() | ast.Name(_, ast.Load()):
                if full := scope.full(node):
                    part.refers.add(full)
                if isinstance(node, ast.Name) and scope.is_of_module(node.id):
                    part.uses.add(node.id)
            case ast.Call(function, arguments):
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                part.asserts |= bool(ASSERTING.fullmatch(name))
                if name == "getfixturevalue" or (name == "usefixtures" and scope.full(function) == USEFIXTURES):
                    part.requests |= {text for argument in arguments if (text := scope.text(argument))}
            case ast.Assert() | ast.Raise():
                part.asserts = True

    def _plugins(self) -> Iterator[str]:
        for node in self._tree.body:
            match node:
                case ast.Assign([ast.Name("pytest_plugins")], value):
                    for element in getattr(value, "elts", [value]):
                        if text := self._scope.text(element):
                            yield text


def base_of(node: ast.expr, scope: Scope) -> str | None:
    """Return the full name of a base class, or its name in the same file."""
    return scope.full(node) or (node.id if isinstance(node, ast.Name) else None)


def requested(node: Function) -> set[str]:
    """Return the parameters without a default: a test or a fixture gets fixtures for them."""
    positional = [*node.args.posonlyargs, *node.args.args]
    required = positional[: len(positional) - len(node.args.defaults)]
    keywords = [
        argument
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is None
    ]
    return {argument.arg for argument in (*required, *keywords)} - {"self", "cls"}


def stars(node: ast.AST) -> Iterator[str]:
    """Yield the module of which a statement imports everything."""
    match node:
        case ast.ImportFrom(module, [ast.alias("*")], level):
            yield "." * level + (module or "")
