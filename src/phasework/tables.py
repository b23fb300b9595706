"""Reads which columns, constraints and indexes migrations of the template create."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .python_text import to_text

CONSTRAINTS = {
    "UniqueConstraint": "unique",
    "ForeignKeyConstraint": "foreignkey",
    "CheckConstraint": "check",
    "PrimaryKeyConstraint": "primary",
    "create_unique_constraint": "unique",
    "create_foreign_key": "foreignkey",
    "create_check_constraint": "check",
}
"""What adds a constraint to a table, with Alembic's name for the kind of the constraint."""

Options = tuple[tuple[str, str], ...]
"""Keyword arguments as Python texts."""


class UnknownStatement(Exception):
    """A migration does something else than to create tables; the message is the statement."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column, with its type as Python text."""

    name: str
    type: str
    nullable: bool
    options: Options = ()


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint."""

    name: str
    kind: str
    columns: tuple[str, ...] = ()
    condition: str = ""
    """The condition of a CHECK constraint, as Python text."""
    target: str = ""
    """The table that a foreign key refers to."""
    target_columns: tuple[str, ...] = ()
    options: Options = ()


@dataclass(frozen=True, slots=True)
class Index:
    """An index; its columns are Python texts, because they may be expressions."""

    name: str
    columns: tuple[str, ...]
    options: Options = ()


@dataclass(slots=True)
class Table:
    """A table with its parts by name."""

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    constraints: dict[str, Constraint] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    search: tuple[str, ...] = ()
    """The columns that the index for searches covers."""


def read_tables(sources: Iterable[str]) -> dict[str, Table]:
    """Return the tables that migrations create, by name; raise `UnknownStatement`."""
    tables: dict[str, Table] = {}
    for source in sources:
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
        for call, table in _calls(line for node in functions if node.name == "upgrade" for line in node.body):
            try:
                _read(call, table, tables)
            except (IndexError, KeyError) as error:
                raise UnknownStatement(ast.unparse(call)) from error
    return tables


def read_imports(source: str) -> dict[str, str]:
    """Return the import statement of each name that a Python file imports at its top."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                one = ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], 0)
                found[alias.asname or alias.name] = ast.unparse(one)
    return found


def _calls(statements: Iterable[ast.stmt], table: str = "") -> Iterator[tuple[ast.Call, str]]:
    """Yield the calls in a function, each with the table of its `op.batch_alter_table()`."""
    for statement in statements:
        match statement:
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Expr(value=ast.Call() as call):
                yield call, table
            case ast.With(
                items=[ast.withitem(context_expr=ast.Call(func=ast.Attribute(attr="batch_alter_table")) as batch)]
            ):
                yield from _calls(statement.body, _text(batch.args[0]))
            case _:
                raise UnknownStatement(ast.unparse(statement))


def _read(call: ast.Call, batch: str, tables: dict[str, Table]) -> None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if batch and name in CONSTRAINTS:
        _add(tables[batch], _constraint(call, name, name_first=True))
    elif name == "create_table":
        table = tables[_text(call.args[0])] = Table(_text(call.args[0]))
        for item in call.args[1:]:
            _read_item(item, table)
    elif name == "create_index":
        table = tables[_text(call.args[1])]
        columns = call.args[2].elts if isinstance(call.args[2], ast.List) else ()
        index = Index(_text(call.args[0]), tuple(map(to_text, columns)), _options(call))
        table.indexes[index.name] = index
    elif name == "create_search_index":
        tables[_text(call.args[0])].search = tuple(map(_text, call.args[1:]))
    else:
        raise UnknownStatement(ast.unparse(call))


def _read_item(item: ast.expr, table: Table) -> None:
    match item:
        case ast.Call(func=ast.Attribute(attr="Column"), args=[name, kind]):
            options = dict(_options(item))
            nullable = options.pop("nullable", "True") == "True"
            column = Column(_text(name), to_text(kind), nullable, tuple(options.items()))
            table.columns[column.name] = column
        case ast.Call(func=ast.Attribute(attr=kind)) if kind in CONSTRAINTS:
            _add(table, _constraint(item, kind, name_first=False))
        case _:
            raise UnknownStatement(ast.unparse(item))


def _add(table: Table, constraint: Constraint) -> None:
    table.constraints[constraint.name] = constraint


def _constraint(call: ast.Call, function: str, *, name_first: bool) -> Constraint:
    options = {option.arg or "": option.value for option in call.keywords}
    arguments = list(call.args)
    name = _text(arguments.pop(0) if name_first else options.pop("name"))
    kind = CONSTRAINTS[function]
    texts = tuple((key, to_text(value)) for key, value in options.items())
    if kind == "check":
        return Constraint(name, kind, condition=to_text(arguments[0]), options=texts)
    if kind == "foreignkey":
        if name_first:
            target, columns, others = _text(arguments[0]), _texts(arguments[1]), _texts(arguments[2])
        else:
            columns, referred = _texts(arguments[0]), [text.rpartition(".") for text in _texts(arguments[1])]
            target, others = referred[0][0], tuple(column for _, _, column in referred)
        return Constraint(name, kind, columns, target=target, target_columns=others, options=texts)
    columns = _texts(arguments[0]) if name_first else tuple(map(_text, arguments))
    return Constraint(name, kind, columns, options=texts)


def _options(call: ast.Call) -> Options:
    return tuple((option.arg or "", to_text(option.value)) for option in call.keywords)


def _text(node: ast.expr) -> str:
    """Return the text in a literal, or in the `op.f()` of a complete name."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Call(func=ast.Attribute(attr="f"), args=[ast.Constant(value=str() as text)]):
            return text
    raise UnknownStatement(ast.unparse(node))


def _texts(node: ast.expr) -> tuple[str, ...]:
    return tuple(map(_text, node.elts)) if isinstance(node, ast.List) else ()
