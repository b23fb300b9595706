"""Replaces bare mocks of SQLAlchemy's AsyncSession by mocks that have its methods, with their signatures.

A bare `AsyncMock()` makes every method a coroutine, so `session.add(x)` gives a warning instead of a result, and it accepts
methods that do not exist.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.codemod.visitors import RemoveImportsVisitor
from libcst.metadata import FunctionScope, ScopeProvider

from .check import Unusable
from .project import Project
from .rewriting import Rewriter, Rewritten, rewrite_module

MOCKS = {f"{module}.{name}" for module in ("unittest.mock", "mock") for name in ("AsyncMock", "MagicMock", "Mock")}
SESSION = re.compile(r"(mock_?|fake_?|async_?)*(db_?|database_?)?(async_?)?(session|db)(_?mock)?")
AWAITED = """
aclose close close_all commit connection delete delete_all execute flush get get_one invalidate merge
merge_all refresh reset rollback run_sync scalar scalars stream stream_scalars
"""
NOT_AWAITED = """
add add_all autoflush begin begin_nested bind bind_mapper bind_table binds deleted dirty
execution_options expire expire_all expunge expunge_all get_async_bind get_bind
get_nested_transaction get_transaction identity_key identity_map in_nested_transaction in_transaction info
is_active is_modified new no_autoflush object_session sync_session sync_session_class
"""
COROUTINES, FUNCTIONS = frozenset(AWAITED.split()), frozenset(NOT_AWAITED.split())
"""The attributes of AsyncSession in SQLAlchemy 2.0 and 2.1, by whether they are awaited."""
EVIDENCE = (COROUTINES | FUNCTIONS) - {"close", "delete", "get", "info", "new", "connection", "stream"}
"""Attributes that sessions of HTTP clients do not have."""
OF_MOCKS = re.compile(
    r"assert_\w+|mock_\w+|method_calls|call_\w+|return_value|side_effect|await_\w+|configure_mock|reset_mock|__\w+__"
)
CONTENT = {"execute", "scalars", "stream", "stream_scalars"}
"""Methods whose result is an object with methods of its own."""

OTHER = "{name} is no AsyncSession, or the code uses it wrongly: it has no {attribute}. It was left."
COLLISION = "{name} was left: {wanted} means something else in this module."
ENTERS = "`async with` on this mock gives another mock, not the session: set {name}.__aenter__.return_value = {name}."
RESULT = "The methods of this result are coroutines unless you set a result: {name}.{method}.return_value = Mock()."
SYNC = "{method}() of a session is no coroutine, and neither is that of the new mock: do not await it."
ASKS = "inspect.iscoroutinefunction() is true for every method of this mock, also for add()."


def rewrite(project: Project, path: str, data: bytes, settings: Mapping[str, Any]) -> Rewritten:
    """Return a file with mocks of sessions that fit."""
    del project, path
    helper = str(settings["helper"])
    if helper and "." not in helper:
        raise Unusable(f'[tool.phasework.async_session] helper is "{helper}": write module.function.')
    return rewrite_module(data, lambda: AsyncSession(helper), [RemoveImportsVisitor])


class AsyncSession(Rewriter):
    """Replaces the mocks of sessions in a module."""

    def __init__(self, helper: str) -> None:
        super().__init__()
        self._helper = helper
        self._uses: dict[str, list[cst.Attribute]] = {}
        self._annotated: set[str] = set()
        self._entered: dict[str, list[cst.CSTNode]] = {}
        self._asked: dict[str, list[cst.CSTNode]] = {}
        self._replaced: set[str] = set()

    def visit_Module(self, node: cst.Module) -> None:
        """Collect how the names that may be sessions are used, in all functions: a fixture is used by its name."""
        super().visit_Module(node)
        for attribute in m.findall(node, m.Attribute()):
            owner = name_of(cst.ensure_type(attribute, cst.Attribute).value)
            if SESSION.fullmatch(owner):
                self._uses.setdefault(owner, []).append(cst.ensure_type(attribute, cst.Attribute))
        for item in m.findall(node, m.With(asynchronous=m.Asynchronous())):
            for one in cst.ensure_type(item, cst.With).items:
                if one.asname:
                    self._entered.setdefault(name_of(one.item), []).append(one)
        for call in m.findall(
            node, m.Call(func=m.OneOf(m.Name("iscoroutinefunction"), m.Attribute(attr=m.Name("iscoroutinefunction"))))
        ):
            for arg in cst.ensure_type(call, cst.Call).args:
                if isinstance(arg.value, cst.Attribute):
                    self._asked.setdefault(name_of(arg.value.value), []).append(call)
        for parameter in m.findall(node, m.Param(annotation=m.Annotation())):
            param = cst.ensure_type(parameter, cst.Param)
            if param.annotation and "sqlalchemy.ext.asyncio.AsyncSession" in self.full_names(
                param.annotation.annotation
            ):
                self._annotated.add(param.name.value)

    def full_names(self, node: cst.BaseExpression) -> set[str]:
        """Return the full names of an annotation; several modules of SQLAlchemy offer AsyncSession."""
        names = self.names_of(node)
        return {"sqlalchemy.ext.asyncio.AsyncSession" if name.endswith(".AsyncSession") else name for name in names}

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        """Replace a mock that is assigned to a name of a session."""
        if len(original_node.targets) != 1:
            return updated_node
        target = original_node.targets[0].target
        value = self._replace(original_node.value, name_of(target), self._fixture_around(original_node, target))
        return updated_node.with_changes(value=value) if value else updated_node

    def leave_AnnAssign(self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign) -> cst.AnnAssign:
        """Replace a mock that is assigned to an annotated name of a session."""
        value = original_node.value and self._replace(original_node.value, name_of(original_node.target), "")
        return updated_node.with_changes(value=value) if value else updated_node

    def leave_Return(self, original_node: cst.Return, updated_node: cst.Return) -> cst.Return:
        """Replace a mock that a fixture returns."""
        name = self._function_around(original_node)
        value = original_node.value and self._replace(original_node.value, name, "")
        return updated_node.with_changes(value=value) if value else updated_node

    def leave_Yield(self, original_node: cst.Yield, updated_node: cst.Yield) -> cst.Yield:
        """Replace a mock that a fixture yields."""
        name = self._function_around(original_node)
        given = original_node.value if isinstance(original_node.value, cst.BaseExpression) else None
        value = given and self._replace(given, name, "")
        return updated_node.with_changes(value=value) if value else updated_node

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        """List the lines in which the new mock differs from a session."""
        del original_node
        for name in self._replaced:
            self._list_differences(name)
        return updated_node

    def _replace(self, value: cst.BaseExpression, name: str, fixture: str) -> cst.BaseExpression | None:
        """Return what takes the place of a mock, or None if it stays."""
        if not isinstance(value, cst.Call) or value.args or not self.names_of(value.func) & MOCKS:
            return None
        known = [one for one in (name, fixture) if SESSION.fullmatch(one)]
        if not known:
            return None
        uses = [use for one in known for use in self._uses.get(one, ())]
        used = {use.attr.value for use in uses if not OF_MOCKS.fullmatch(use.attr.value)}
        if strange := sorted(used - COROUTINES - FUNCTIONS):
            if used & EVIDENCE:
                self.note(value, OTHER.format(name=known[0], attribute=strange[0]))
            return None
        if not self._is_async(value, known, uses, used):
            return None
        made = self._make(value)
        if made is None:
            return None
        self._replaced.update(known)
        for used_name in self.names_of(value.func):
            module, _, mock = used_name.rpartition(".")
            RemoveImportsVisitor.remove_unused_import(self.context, module, mock)
        return made

    def _is_async(self, value: cst.Call, names: list[str], uses: list[cst.Attribute], used: set[str]) -> bool:
        """Return whether a mock is certainly one of an AsyncSession."""
        if self._annotated.intersection(names):
            return True
        if not used & EVIDENCE:
            return False
        if any(name.endswith(".AsyncMock") for name in self.names_of(value.func)):
            return True
        return any(use.attr.value in COROUTINES and self._is_made_async(use) for use in uses)

    def _is_made_async(self, use: cst.Attribute) -> bool:
        """Return whether a method is awaited, or gets an AsyncMock."""
        parent = self.parent(use)
        if isinstance(parent, cst.Call) and isinstance(self.parent(parent), cst.Await):
            return True
        if isinstance(parent, cst.AssignTarget):
            assign = cst.ensure_type(self.parent(parent), cst.Assign)
            return isinstance(assign.value, cst.Call) and any(
                name.endswith(".AsyncMock") for name in self.names_of(assign.value.func)
            )
        return isinstance(parent, cst.Attribute) and "await" in parent.attr.value

    def _make(self, value: cst.Call) -> cst.BaseExpression | None:
        if self._helper:
            module, _, function = self._helper.rpartition(".")
            name = self._name(module, function, value)
            return cst.parse_expression(f"{name}()") if name else None
        create = self._name("unittest.mock", "create_autospec", value)
        session = self._name("sqlalchemy.ext.asyncio", "AsyncSession", value)
        return cst.parse_expression(f"{create}({session}, instance=True)") if create and session else None

    def _name(self, module: str, wanted: str, user: cst.Call) -> str | None:
        """Return the name by which the module can use something, importing it if necessary; None after a collision."""
        if known := self.imported_as(module, wanted, user):
            return known
        if (package := self.imported_as(module, "", user)) or (package := self._module_of(user, module)):
            return f"{package}.{wanted}"
        if added := self.add_import(module, wanted):
            return added
        self.note(user, COLLISION.format(name="This mock", wanted=wanted))
        return None

    def _module_of(self, user: cst.Call, module: str) -> str | None:
        """Return `mock` for `from unittest import mock`."""
        package, _, name = module.rpartition(".")
        return self.imported_as(package, name, user) if package else None

    def _fixture_around(self, node: cst.CSTNode, target: cst.BaseExpression) -> str:
        """Return the name of the function around an assignment if it returns or yields the target."""
        scope = self.get_metadata(ScopeProvider, node, None)
        if not isinstance(scope, FunctionScope) or not isinstance(target, cst.Name):
            return ""
        function = self._around(node)
        given = m.OneOf(m.Return(value=m.Name(target.value)), m.Yield(value=m.Name(target.value)))
        return function.name.value if function and m.findall(function, given) else ""

    def _function_around(self, node: cst.CSTNode) -> str:
        function = self._around(node)
        return function.name.value if function and is_fixture(function) else ""

    def _around(self, node: cst.CSTNode) -> cst.FunctionDef | None:
        while not isinstance(node, cst.FunctionDef | cst.Module):
            node = self.parent(node)
        return node if isinstance(node, cst.FunctionDef) else None

    def _list_differences(self, name: str) -> None:
        for item in self._entered.get(name, ()):
            self.note(item, ENTERS.format(name=name))
        for call in self._asked.get(name, ()):
            self.note(call, ASKS)
        for use in self._uses.get(name, ()):
            method, parent = use.attr.value, self.parent(use)
            if method in FUNCTIONS and (self._is_awaited(parent) or self._asserts_awaits(parent)):
                self.note(use, SYNC.format(method=method))
            elif method in CONTENT and self._is_awaited(parent) and self._is_used_at_once(parent):
                self.note(use, RESULT.format(name=name, method=method))

    def _is_awaited(self, node: cst.CSTNode) -> bool:
        return isinstance(node, cst.Call) and isinstance(self.parent(node), cst.Await)

    def _asserts_awaits(self, node: cst.CSTNode) -> bool:
        return isinstance(node, cst.Attribute) and "await" in node.attr.value

    def _is_used_at_once(self, call: cst.CSTNode) -> bool:
        return isinstance(self.parent(self.parent(call)), cst.Attribute)


def name_of(node: cst.CSTNode) -> str:
    """Return `session` for the expressions `session` and `self.session`."""
    if isinstance(node, cst.Attribute):
        return node.attr.value if m.matches(node.value, m.Name("self") | m.Name("cls")) else ""
    return node.value if isinstance(node, cst.Name) else ""


def is_fixture(function: cst.FunctionDef) -> bool:
    """Return whether a function is a fixture of pytest."""
    names: Iterator[cst.BaseExpression] = (decorator.decorator for decorator in function.decorators)
    return any("fixture" in cst.Module([]).code_for_node(name) for name in names)
