"""The common parts of codemods: parse a file, follow its names, add imports, and refuse what is not safe."""

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import libcst as cst
import libcst.matchers as m
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor
from libcst.metadata import (
    GlobalScope,
    ImportAssignment,
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    QualifiedNameProvider,
    QualifiedNameSource,
    Scope,
    ScopeProvider,
)

Note = tuple[int, str]
"""A line, and why something in it was not changed or what to look at."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file after a change."""

    data: bytes
    notes: tuple[Note, ...] = ()


class Rewriter(cst.CSTTransformer):
    """A change of one module, which adds imports and collects notes."""

    METADATA_DEPENDENCIES = (ParentNodeProvider, PositionProvider, QualifiedNameProvider, ScopeProvider)

    def __init__(self) -> None:
        super().__init__()
        self.context = CodemodContext()
        self.notes: list[Note] = []
        self._bound: set[str] = set()
        self._has_stars = False
        self._added: set[tuple[str, str]] = set()

    def visit_Module(self, node: cst.Module) -> None:
        """Collect the names that the module binds in any scope."""
        scopes = {scope for scope in self.metadata[ScopeProvider].values() if isinstance(scope, Scope)}
        self._bound = {assignment.name for scope in scopes for assignment in scope.assignments}
        self._has_stars = bool(m.findall(node, m.ImportFrom(names=m.ImportStar())))

    def note(self, node: cst.CSTNode, text: str) -> None:
        """Keep a note about a node."""
        self.notes.append((self.get_metadata(PositionProvider, node).start.line, text))

    def names_of(self, node: cst.CSTNode) -> set[str]:
        """Return the full names of what an expression may be, of imported things only."""
        found = self.get_metadata(QualifiedNameProvider, node, set())
        names = found() if callable(found) else found
        return {name.name for name in names if name.source is QualifiedNameSource.IMPORT}

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """Return the node around another."""
        return self.get_metadata(ParentNodeProvider, node)

    def imported_as(self, module: str, name: str, user: cst.CSTNode) -> str | None:
        """Return the name by which the module has imported something at its top, if `user` sees it under that name."""
        scope = self.get_metadata(ScopeProvider, user, None)
        wanted = f"{module}.{name}" if name else module
        if scope is None:
            return None
        for assignment in scope.globals.assignments:
            if not isinstance(assignment, ImportAssignment) or "." in assignment.name:
                continue
            known = {found.name for found in assignment.get_qualified_names_for(assignment.name)}
            if known == {wanted} and self._is_seen(scope, assignment.name, assignment):
                return assignment.name
        return None

    @staticmethod
    def _is_seen(scope: Scope, name: str, assignment: ImportAssignment) -> bool:
        return set(scope[name]) == {assignment} and isinstance(assignment.scope, GlobalScope)

    def add_import(self, module: str, name: str) -> str | None:
        """Import a name at the top of the module and return it, or None if the module has it for something else."""
        if (module, name) not in self._added and (name in self._bound or self._has_stars):
            return None
        self._added.add((module, name))
        AddImportsVisitor.add_needed_import(self.context, module, name)
        return name


def rewrite_module(data: bytes, make: Callable[[], Rewriter], after: Iterable[type] = ()) -> Rewritten:
    """Return a file as a rewriter changes it. A file that libcst cannot write back as it was stays as it is."""
    try:
        module = cst.parse_module(data)
    except (cst.ParserSyntaxError, UnicodeDecodeError, SyntaxError, RecursionError) as error:
        line = getattr(error, "raw_line", 1)
        return Rewritten(data, ((line, "The file was not changed: it is no Python that libcst can read."),))
    if module.bytes != data:
        return Rewritten(data, ((1, "The file was not changed: libcst cannot write it back as it is."),))
    rewriter = make()
    changed = MetadataWrapper(module, unsafe_skip_copy=True).visit(rewriter)
    if changed.bytes == data:
        return Rewritten(data, tuple(sorted(rewriter.notes)))
    changed = AddImportsVisitor(rewriter.context).transform_module(changed)
    for transformer in after:
        changed = transformer(rewriter.context).transform_module(changed)
    return Rewritten(changed.bytes, tuple(sorted(rewriter.notes)))


@cache
def lowest_python(root: Path) -> tuple[int, int]:
    """Return the lowest version of Python that a project supports, as its pyproject.toml says; 3.0 if it does not."""
    try:
        required = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
        found = re.search(r">=?\s*3\.(\d+)", required)
    except (OSError, ValueError, KeyError, TypeError):
        found = None
    return (3, int(found[1])) if found else (3, 0)
