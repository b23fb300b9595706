"""What the names of a module and of its classes are, read from the file alone."""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from .lazy import looks_up
from .nodes import children, statements
from .source import Source

Kind = Literal["module", "import", "class", "function", "alias", "call", "value", "annotation"]
"""`import` is `from x import y`, `alias` is another name, `call` is the result of a call, `annotation` has no value."""

DYNAMIC = re.compile(
    rb"sys\.modules\[[^\]\n]+\]\s*=[^=]"
    rb"|(?<!in )\b(globals|vars)\(\)(?!\.get\b)|locals\(\)\s*(\[|\.update|\.setdefault)"
    rb"|^\s*exec\((?![^\n]*,\s*[\w.]+\s*\)\s*$)|^__getattr__\b|setattr\(\s*sys\.modules\["
    rb"|^__path__\s*=(?!\s*(pkgutil\.)?extend_path)",
    re.MULTILINE,
)
"""How a module gets names that its statements do not show, apart from a `__getattr__` function."""
ASSIGNMENTS = {ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor}
HINTS = (b"sys.modules[", b"globals()", b"locals()", b"vars()", b"exec(", b"__getattr__", b"__path__")
"""Code without any of these words is not searched."""


class Binding(NamedTuple):
    """One statement that gives a name a value."""

    kind: Kind
    line: int
    target: str = ""
    """The dotted name of the imported module, of the other name, or of what is called."""
    level: int = 0
    """The number of dots of a relative import."""
    name: str = ""
    """The imported name of `from x import name`."""
    typing: bool = False
    """Whether only type checkers see it."""
    decorators: tuple[str, ...] = ()
    """Dotted names, and an empty text for other expressions."""
    bases: tuple[str, ...] = ()
    """Dotted names, and an empty text for other expressions, of a class."""
    metaclass: bool = False
    """Whether a class has keywords that may change it, such as most metaclasses."""
    members: Mapping[str, tuple["Binding", ...]] = {}
    """What the body of a class binds."""


Names = dict[str, tuple[Binding, ...]]


@dataclass(slots=True)
class Outline:
    """What a module binds."""

    names: Names
    stars: tuple[tuple[int, str], ...]
    """The level and module of each `from x import *`."""
    attributes: dict[str, frozenset[str]]
    """Attributes that statements of the module give its names: `f.x = 1`."""
    dynamic: bool
    """Whether the module may have any other name, too."""
    lazy: frozenset[str]
    """Names that `__getattr__` may give: the texts of a module whose `__getattr__` looks names up in a table."""
    assigned: dict[str, frozenset[str]]
    """The attributes that the code of each class assigns, of whatever object."""
    changed: frozenset[str]
    """The classes, and other names, that get attributes whose names are computed."""
    deleted: frozenset[str]
    """Names that a `del` statement removes, perhaps."""
    public: frozenset[str] | None
    """The names in `__all__`, if it is a plain list."""


def outline(source: Source) -> Outline:
    """Return what a module binds."""
    collector = Collector()
    collector.visit(source.tree.body)
    if b"global " in source.data:
        collector.add_globals(source)
    if b":=" in source.data:
        collector.add_walrus(source.tree.body)
    getter = _find_getter(source)
    lookup = getter is not None and looks_up(getter)
    return Outline(
        names={name: tuple(bindings) for name, bindings in collector.names.items()},
        stars=tuple(collector.stars),
        attributes={name: frozenset(names) for name, names in collector.attributes.items()},
        dynamic=_is_dynamic(_without_getter(source, getter)) or (getter is not None and not lookup),
        lazy=frozenset(_texts(source.tree)) if lookup else frozenset(),
        assigned=_assigned(source) if b"class " in source.data else {},
        changed=frozenset(_changed(source)) if b"setattr(" in source.data else frozenset(),
        deleted=frozenset(collector.deleted),
        public=_public(source.tree.body),
    )


def _is_dynamic(code: bytes) -> bool:
    """Return whether code makes names that its statements do not show. Most code is told by a word that it has not."""
    return any(word in code for word in HINTS) and DYNAMIC.search(code) is not None


def _find_getter(source: Source) -> ast.FunctionDef | None:
    """Return the `__getattr__` of a module."""
    if b"def __getattr__(" not in source.data:
        return None
    functions = (node for node in source.tree.body if isinstance(node, ast.FunctionDef))
    return next((node for node in functions if node.name == "__getattr__" and node.args.args), None)


def _without_getter(source: Source, getter: ast.FunctionDef | None) -> bytes:
    """Return the code of a module without its `__getattr__`, which may keep what it gives in the module."""
    if not getter:
        return source.data
    lines = source.data.splitlines(keepends=True)
    return b"".join([*lines[: getter.lineno - 1], *lines[getter.end_lineno :]])


def _texts(tree: ast.AST) -> Iterator[str]:
    return (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


class Collector:
    """Collects the bindings of a block of statements, without those in functions."""

    def __init__(self) -> None:
        self.names: dict[str, list[Binding]] = {}
        self.stars: list[tuple[int, str]] = []
        self.attributes: dict[str, set[str]] = {}
        self.deleted: set[str] = set()
        self._typing = False

    def visit(self, body: Iterable[ast.stmt]) -> None:
        """Add what the statements bind."""
        for statement in body:
            if visit := VISITORS.get(type(statement)):
                visit(self, statement)

    def bind(self, name: str, kind: Kind, line: int, /, **more: Any) -> None:
        """Add a binding."""
        self.names.setdefault(name, []).append(Binding(kind, line, typing=self._typing, **more))

    def add_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Add a function."""
        self.bind(node.name, "function", node.lineno, decorators=tuple(map(dotted_call, node.decorator_list)))

    def add_class(self, node: ast.ClassDef) -> None:
        """Add a class with the names in its body."""
        inner = Collector()
        inner.visit(node.body)
        for name in _slots(node.body):
            inner.bind(name, "value", node.lineno)
        members = {name: tuple(bindings) for name, bindings in inner.names.items()}
        self.bind(
            node.name,
            "class",
            node.lineno,
            decorators=tuple(map(dotted_call, node.decorator_list)),
            bases=tuple(dotted(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases),
            metaclass=bool(inner.deleted or inner.stars) or not all(map(_is_harmless, node.keywords)),
            members=members,
        )

    def add_import(self, node: ast.Import) -> None:
        """Add modules."""
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.bind(alias.asname or top, "module", node.lineno, target=alias.name if alias.asname else top)

    def add_import_from(self, node: ast.ImportFrom) -> None:
        """Add names of a module."""
        for alias in node.names:
            if alias.name == "*":
                self.stars.append((node.level, node.module or ""))
            else:
                self.bind(
                    alias.asname or alias.name,
                    "import",
                    node.lineno,
                    target=node.module or "",
                    level=node.level,
                    name=alias.name,
                )

    def add_assign(self, node: ast.Assign) -> None:
        """Add the targets of an assignment."""
        for target in node.targets:
            self.assign(target, node.value)

    def add_annotated(self, node: ast.AnnAssign) -> None:
        """Add a name with an annotation, which has no value unless it is given one."""
        if node.value:
            self.assign(node.target, node.value)
        elif isinstance(node.target, ast.Name):
            self.bind(node.target.id, "annotation", node.lineno)

    def assign(self, target: ast.expr, value: ast.expr | None) -> None:
        """Add a target of an assignment, which may be several names."""
        if isinstance(target, ast.Name):
            kind, name = _value_of(value)
            self.bind(target.id, kind, target.lineno, target=name)
        elif isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self.assign(element, None)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, None)
        elif isinstance(target, ast.Attribute) and (name := dotted(target.value)):
            self.attributes.setdefault(name, set()).add(target.attr)

    def add_if(self, node: ast.If) -> None:
        """Add both branches. What only type checkers see is marked."""
        test = dotted(node.test).rpartition(".")[2]
        before, self._typing = self._typing, self._typing or test == "TYPE_CHECKING"
        self.visit(node.body)
        self._typing = before
        self.visit(node.orelse)

    def add_loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        """Add the variable and the body of a loop."""
        if not isinstance(node, ast.While):
            self.assign(node.target, None)
        self.visit(node.body)
        self.visit(node.orelse)

    def add_with(self, node: ast.With | ast.AsyncWith) -> None:
        """Add the variables and the body of a `with` statement."""
        for item in node.items:
            if item.optional_vars:
                self.assign(item.optional_vars, None)
        self.visit(node.body)

    def add_try(self, node: ast.Try) -> None:
        """Add all parts of a `try` statement."""
        for part in (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody):
            self.visit(part)

    def add_match(self, node: ast.Match) -> None:
        """Add the bodies and the captured names of a `match` statement."""
        for case in node.cases:
            for inner in ast.walk(case.pattern):
                if name := getattr(inner, "rest", None) or getattr(inner, "name", None):
                    self.bind(name, "value", node.lineno)
            self.visit(case.body)

    def add_delete(self, node: ast.Delete) -> None:
        """Remember that names may be gone again."""
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.names.pop(target.id, None)
                self.deleted.add(target.id)

    def add_expression(self, node: ast.Expr) -> None:
        """Add what a call of `setattr` gives a name of the module."""
        call = node.value
        if not isinstance(call, ast.Call) or dotted(call.func) != "setattr" or len(call.args) < 2:
            return
        if (name := dotted(call.args[0])) and isinstance(call.args[1], ast.Constant):
            self.attributes.setdefault(name, set()).add(str(call.args[1].value))

    def add_type(self, node: Any) -> None:
        """Add an alias for a type."""
        self.bind(node.name.id, "value", node.lineno)

    def add_globals(self, source: Source) -> None:
        """Add the names that functions declare as global."""
        for node in source.statements_near(b"global "):
            if isinstance(node, ast.Global):
                for name in node.names:
                    self.bind(name, "value", node.lineno)

    def add_walrus(self, body: Iterable[ast.stmt]) -> None:
        """Add the names that expressions outside of functions bind."""
        for node in walk_block(body):
            if isinstance(node, ast.NamedExpr):
                self.bind(node.target.id, "value", node.lineno)


VISITORS: dict[type[ast.AST], Callable[[Collector, Any], None]] = {
    ast.FunctionDef: Collector.add_function,
    ast.AsyncFunctionDef: Collector.add_function,
    ast.ClassDef: Collector.add_class,
    ast.Import: Collector.add_import,
    ast.ImportFrom: Collector.add_import_from,
    ast.Assign: Collector.add_assign,
    ast.AnnAssign: Collector.add_annotated,
    ast.If: Collector.add_if,
    ast.For: Collector.add_loop,
    ast.AsyncFor: Collector.add_loop,
    ast.While: Collector.add_loop,
    ast.With: Collector.add_with,
    ast.AsyncWith: Collector.add_with,
    ast.Try: Collector.add_try,
    ast.TryStar: Collector.add_try,
    ast.Match: Collector.add_match,
    ast.Delete: Collector.add_delete,
    ast.Expr: Collector.add_expression,
}
if hasattr(ast, "TypeAlias"):  # from Python 3.12
    VISITORS[ast.TypeAlias] = Collector.add_type


def _slots(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the attributes that a class gets from `__slots__`."""
    for node in body:
        if isinstance(node, ast.Assign) and any(dotted(target) == "__slots__" for target in node.targets):
            yield from _texts(node.value)


def _changed(source: Source) -> Iterator[str]:
    """Yield what gets attributes with computed names: what `setattr` names, and the classes around it."""
    for node, context in source.calls_near(b"setattr("):
        computed = len(node.args) > 1 and not isinstance(node.args[1], ast.Constant)
        if computed and dotted(node.func).rpartition(".")[2] == "setattr":
            yield dotted(node.args[0])
            yield from context.classes()


def _is_harmless(keyword: ast.keyword) -> bool:
    """Return whether a keyword of a class adds no attributes."""
    return keyword.arg == "total" or dotted(keyword.value).rpartition(".")[2] == "ABCMeta"


def walk_block(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes below statements, without those in functions and classes."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, inner):
            yield node
            waiting += children(node)


def dotted(node: ast.AST) -> str:
    """Return a name such as `a.b.c`, or an empty text for another expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def dotted_call(node: ast.AST) -> str:
    """Return the dotted name of an expression or of the function that it calls."""
    return dotted(node.func if isinstance(node, ast.Call) else node)


def _value_of(node: ast.expr | None) -> tuple[Kind, str]:
    """Return the kind of a value, and the name of what it is or what is called for it."""
    if isinstance(node, ast.Call):
        return ("call", name) if (name := dotted(node.func)) else ("value", "")
    if isinstance(node, ast.Name | ast.Attribute):
        return ("alias", name) if (name := dotted(node)) else ("value", "")
    return "value", ""


def _public(body: Iterable[ast.stmt]) -> frozenset[str] | None:
    """Return the names in `__all__`, if one plain list has all of them."""
    found = [node for node in body if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and _sets_all(node)]
    if len(found) != 1 or not isinstance(found[0].value, ast.List | ast.Tuple):
        return None
    values = [item.value if isinstance(item, ast.Constant) else None for item in found[0].value.elts]
    names = [value for value in values if isinstance(value, str)]
    return frozenset(names) if len(names) == len(values) else None


def _sets_all(node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


LaterImports = dict[str, tuple[str, int, str, str]]
"""Names that functions import: the module, its level, the name there, and the function."""


def later_imports(source: Source) -> LaterImports:
    """Return what functions import when they are called."""
    return {name: entry for function in reversed(source.functions) for name, entry in _imported(function)}


def _imported(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, tuple[str, int, str, str]]]:
    for node in ast.walk(function):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, (node.module or "", node.level, alias.name, function.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield alias.asname or top, (alias.name if alias.asname else top, 0, "", function.name)


def _assigned(source: Source) -> dict[str, frozenset[str]]:
    """Return the attributes that the code of each class assigns, of whatever object."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in statements(source.tree.body):
        if isinstance(node, ast.ClassDef):
            found[node.name].update(_stored(node.body))
    return {owner: frozenset(names) for owner, names in found.items() if names}


def _stored(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the attributes that statements assign."""
    for node in statements(body):
        kind = node.__class__
        if kind in ASSIGNMENTS:
            for target in node.targets if kind is ast.Assign else (node.target,):  # type: ignore[attr-defined]
                yield from _attributes_in(target)
        elif kind in (ast.With, ast.AsyncWith):
            for item in node.items:  # type: ignore[attr-defined]
                yield from _attributes_in(item.optional_vars)


def _attributes_in(target: ast.expr | None) -> Iterator[str]:
    """Yield the attributes in the target of an assignment."""
    if isinstance(target, ast.Attribute):
        yield target.attr
    elif isinstance(target, ast.Tuple | ast.List):
        yield from (name for element in target.elts for name in _attributes_in(element))
    elif isinstance(target, ast.Starred):
        yield from _attributes_in(target.value)
