"""Writes the statements of Alembic that change a table into another one and keep its rows."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from .python_text import quote
from .tables import Column, Constraint, Index, Options, Table

LONGEST_NAME = 63
"""The most characters of a name in PostgreSQL."""
IS_POSTGRESQL = 'if op.get_context().dialect.name == "postgresql":'
IS_SQLITE = 'if op.get_context().dialect.name == "sqlite":'
AUTOCOMMIT = "with op.get_context().autocommit_block():"
IN_USE = ", postgresql_concurrently=True"
PartT = TypeVar("PartT", Column, Constraint, Index)


@dataclass(frozen=True, slots=True)
class Replaced:
    """Values that a column may no longer have: the ones that stay, and the value that all others become."""

    kept: list[str]
    value: str
    lost: list[str] = field(default_factory=list)
    """The others, if they are known."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a change does to the rows of a table; all values are Python literals."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    """The new names of columns."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """The values of new required columns."""
    old_defaults: Mapping[str, str] = field(default_factory=dict)
    """The values of removed columns, if somebody undoes the change."""
    filled: Mapping[str, str] = field(default_factory=dict)
    """The values of columns that become required, where they have none."""
    limited: Sequence[str] = ()
    """Columns whose values must be within narrower bounds."""
    replaced: Mapping[str, Replaced] = field(default_factory=dict)


def change_table(before: Table, after: Table, rows: Rows, *, validate: bool = True) -> list[str]:
    """Return the statements for a function of a revision.

    Without `validate`, PostgreSQL does not check constraints for the existing rows: `check_rows` does that later.
    """
    lines = [*_rename(before, after, rows.renamed)]
    before = renamed(before, after, rows.renamed)
    lines += _drop(before, after)
    lines += _fill(before, after, rows)
    lines += _scale(before, after)
    new = [column for name, column in after.columns.items() if name not in before.columns]
    for column in new:
        lines += _add_column(after.name, column, rows.defaults)
    filled = [column for column in new if not column.nullable and column.name in rows.defaults]
    lines += _batch(
        after.name,
        [
            *(
                f"batch_op.alter_column({quote(column.name)}, existing_type={column.type}, server_default=None)"
                for column in filled
            ),
            *_alter(before, after),
            *(f"batch_op.drop_column({quote(name)})" for name in before.columns if name not in after.columns),
            *(_create(constraint, validate=validate) for constraint in _new(before.constraints, after.constraints)),
        ],
    )
    lines += [_create_index(after.name, index) for index in _new(before.indexes, after.indexes)]
    return [*_joined(lines), *_create_search_index(before, after)]


def without_scans(before: Table, after: Table, rows: Rows) -> Table:
    """Return `after` without what makes PostgreSQL read all rows while nobody can write: indexes and required columns."""
    before = renamed(before, after, rows.renamed)
    scanned = [part.name for part in _new(before.constraints, after.constraints) if part.kind == "unique"]
    required = _become_required(before, after)
    return replace(
        after,
        columns={
            name: replace(column, nullable=True) if name in required else column
            for name, column in after.columns.items()
        },
        constraints={name: part for name, part in after.constraints.items() if name not in scanned},
        indexes={name: part for name, part in after.indexes.items() if before.indexes.get(name) == part},
        search=before.search if after.columns.keys() >= set(before.search) else (),
    )


def check_rows(before: Table, middle: Table, after: Table, rows: Rows) -> list[str]:
    """Return the statements from `without_scans()` to `after`: they let others use the table, and can run again."""
    before = renamed(before, after, rows.renamed)
    table = quoted(after.name)
    checked = [
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {quoted(part.name)}"
        for part in _new(before.constraints, middle.constraints)
    ]
    unique = _new(middle.constraints, after.constraints)
    required = _become_required(middle, after)
    marks = {name: quoted(f"{name}_is_set") for name in required}
    indexes = _new(middle.indexes, after.indexes)
    lines = [*_drop_search_index(middle, after)]
    if indexes:
        lines += [AUTOCOMMIT, "    # An interrupted attempt leaves an invalid index."]
        lines += [f"    {line}" for index in indexes for line in _build(after.name, index)]
    postgresql = []
    for name, mark in marks.items():
        postgresql.append(_execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {mark}"))
        postgresql.append(
            _execute(f"ALTER TABLE {table} ADD CONSTRAINT {mark} CHECK ({quoted(name)} IS NOT NULL) NOT VALID")
        )
        checked.append(f"ALTER TABLE {table} VALIDATE CONSTRAINT {mark}")
    if unique or checked:
        postgresql.append(AUTOCOMMIT)
        for part in unique:
            index = Index(part.name, tuple(map(quote, part.columns)), (("unique", "True"),))
            postgresql += [f"    {line}" for line in _build(after.name, index)]
        postgresql += [f"    {_execute(statement)}" for statement in checked]
    postgresql += [
        _execute(f"ALTER TABLE {table} ADD CONSTRAINT {quoted(part.name)} UNIQUE USING INDEX {quoted(part.name)}")
        for part in unique
    ]
    postgresql += [_execute(f"ALTER TABLE {table} ALTER COLUMN {quoted(name)} SET NOT NULL") for name in required]
    postgresql += [_execute(f"ALTER TABLE {table} DROP CONSTRAINT {mark}") for mark in marks.values()]
    others = _batch(
        after.name,
        [
            *_alter(middle, after),
            *(_create(part) for part in unique),
        ],
    )
    if postgresql:
        lines += [IS_POSTGRESQL, *_indented(postgresql)]
    if others:
        lines += ["else:", *_indented(others)]
    return [*lines, *_create_search_index(middle, after)]


def inverse(rows: Rows, before: Table, after: Table) -> Rows:
    """Return what happens to the rows if a change from `before` to `after` is undone."""
    required = _become_required(after, renamed(before, after, rows.renamed))
    return Rows(
        renamed={new: old for old, new in rows.renamed.items()},
        defaults=rows.old_defaults,
        filled={name: rows.old_defaults[name] for name in required if name in rows.old_defaults},
    )


def create_table(table: Table) -> list[str]:
    """Return the statements that create a table."""
    parts = [quote(table.name), *map(_column, table.columns.values()), *map(_constraint, table.constraints.values())]
    lines = [f"op.create_table({', '.join(parts)})"]
    lines += [_create_index(table.name, index) for index in table.indexes.values()]
    return [*lines, *_create_search_index(Table(table.name), table)]


def renamed(before: Table, after: Table, columns: Mapping[str, str]) -> Table:
    """Return `before` with the new names of columns, and of the constraints and indexes that are named after them."""

    def new(name: str) -> str:
        return columns.get(name, name)

    constraints: dict[str, Constraint] = {}
    for part in before.constraints.values():
        moved = replace(part, columns=tuple(map(new, part.columns)), condition=_rename_words(part.condition, columns))
        constraints |= _keyed(_like(moved, after.constraints, before.constraints))
    texts = {quote(old): quote(name) for old, name in columns.items()}
    indexes: dict[str, Index] = {}
    for index in before.indexes.values():
        moved_index = replace(index, columns=tuple(texts.get(text, text) for text in index.columns))
        indexes |= _keyed(_like(moved_index, after.indexes, before.indexes))
    return Table(
        before.name,
        {new(name): replace(column, name=new(name)) for name, column in before.columns.items()},
        constraints,
        indexes,
        tuple(map(new, before.search)),
    )


def quoted(name: str) -> str:
    """Return a name as SQL: SQLAlchemy shortens long names in the same way."""
    if len(name) > LONGEST_NAME:
        digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        name = f"{name[: LONGEST_NAME - 8]}_{digest[-4:]}"
    return f'"{name}"'


def _rename(before: Table, after: Table, columns: Mapping[str, str]) -> Iterator[str]:
    for old, new in columns.items():
        yield f"op.alter_column({quote(before.name)}, {quote(old)}, new_column_name={quote(new)})"
    moved = renamed(before, after, columns)
    constraints = [
        (old, new)
        for old, new in zip(before.constraints.values(), moved.constraints.values(), strict=True)
        if old.name != new.name
    ]
    indexes = [
        (old, new)
        for old, new in zip(before.indexes.values(), moved.indexes.values(), strict=True)
        if old.name != new.name
    ]
    if not constraints and not indexes:
        return
    yield IS_POSTGRESQL
    table = quoted(before.name)
    for one, other in constraints:
        yield "    " + _execute(f"ALTER TABLE {table} RENAME CONSTRAINT {quoted(one.name)} TO {quoted(other.name)}")
    for first, second in indexes:
        yield "    " + _execute(f"ALTER INDEX {quoted(first.name)} RENAME TO {quoted(second.name)}")
    yield "else:"
    for first, second in indexes:
        yield f"    op.drop_index({_name(first.name)}, {quote(before.name)})"
        yield f"    {_create_index(before.name, second)}"
    changes = [line for one, other in constraints for line in (_drop_constraint(one), _create(other))]
    yield from _indented(_batch(before.name, changes))


def _drop(before: Table, after: Table) -> Iterator[str]:
    for index in _new(after.indexes, before.indexes):
        yield f"op.drop_index({_name(index.name)}, {quote(before.name)})"
    yield from _drop_search_index(before, after)
    yield from _batch(before.name, map(_drop_constraint, _new(after.constraints, before.constraints)))


def _add_column(table: str, column: Column, defaults: Mapping[str, str]) -> Iterator[str]:
    if not column.nullable and column.name in defaults:
        # SQLite stores some decimals in another form.
        kind = f", {column.type}" if column.type.startswith("Exact(") else ""
        default = ("server_default", f"sa.literal({defaults[column.name]}{kind})")
        column = replace(column, options=(*column.options, default))
    elif not column.nullable:
        yield "# Optional, because the values are lost."
        column = replace(column, nullable=True)
    yield f"op.add_column({quote(table)}, {_column(column)})"


def _drop_search_index(before: Table, after: Table) -> Iterator[str]:
    if before.search and before.search != after.search:
        yield IS_POSTGRESQL
        yield "    " + _execute(f"DROP INDEX IF EXISTS {quoted(f'ix_{before.name}_trigrams')}")


def _create_search_index(before: Table, after: Table) -> Iterator[str]:
    if after.search and after.search != before.search:
        yield f"create_search_index({', '.join(map(quote, [after.name, *after.search]))})"


def _fill(before: Table, after: Table, rows: Rows) -> Iterator[str]:
    changes = [(name, "is_(None)", value) for name, value in rows.filled.items() if name in before.columns]
    changes += [(name, f"not_in([{', '.join(entry.kept)}])", entry.value) for name, entry in rows.replaced.items()]
    if not changes:
        return
    names = dict.fromkeys(name for name, _, _ in changes)
    columns = [f"sa.column({quote(name)}, {before.columns[name].type})" for name in names]
    yield f"table = sa.table({', '.join([quote(after.name), *columns])})"
    for name, condition, value in changes:
        yield f"op.execute(table.update().where(sa.column({quote(name)}).{condition}).values({name}={value}))"


def _scale(before: Table, after: Table) -> Iterator[str]:
    """Yield what SQLite needs for other decimals: it stores those of more than 15 digits in units of their last place."""
    for name, column in before.columns.items():
        old, new = (_scaled_places(kind) for kind in (column.type, after.columns.get(name, column).type))
        power = (new or 0) - (old or 0)
        value = quoted(name)
        if old is None and new is not None:
            value = f"CAST(round({value} * 1e{power}) AS INTEGER)"
        elif old is not None and new is None:
            value = f"{value} / 1e{old}"
        elif power:
            value = f"{value} {'*' if power > 0 else '/'} {10 ** abs(power)}"
        if value != quoted(name):
            yield IS_SQLITE
            yield "    " + _execute(f"UPDATE {quoted(after.name)} SET {quoted(name)} = {value}")


def _scaled_places(kind: str) -> int | None:
    found = re.fullmatch(r"Exact\((\d+), (\d+)\)", kind)
    return int(found[2]) if found and int(found[1]) > 15 else None


def _become_required(before: Table, after: Table) -> list[str]:
    return [
        name
        for name, column in after.columns.items()
        if name in before.columns and before.columns[name].nullable and not column.nullable
    ]


def _alter(before: Table, after: Table) -> Iterator[str]:
    for name, new in after.columns.items():
        old = before.columns.get(name)
        if old is None or old == new:
            continue
        changes = [f"existing_type={old.type}"]
        if old.type != new.type:
            changes.append(f"type_={new.type}")
        if old.nullable != new.nullable:
            changes.append(f"nullable={new.nullable}")
        if old.options != new.options:
            comments = [dict(column.options).get("comment", "None") for column in (new, old)]
            changes += [f"comment={comments[0]}", f"existing_comment={comments[1]}"]
        yield f"batch_op.alter_column({quote(name)}, {', '.join(changes)})"


def _create(part: Constraint, *, validate: bool = True) -> str:
    options = part.options if validate or part.kind == "unique" else (*part.options, ("postgresql_not_valid", "True"))
    if part.kind == "check":
        return f"batch_op.create_check_constraint({_name(part.name)}, {part.condition}{_keywords(options)})"
    if part.kind == "foreignkey":
        ends = f"{quote(part.target)}, {_list(part.columns)}, {_list(part.target_columns)}"
        return f"batch_op.create_foreign_key({_name(part.name)}, {ends}{_keywords(options)})"
    return f"batch_op.create_unique_constraint({_name(part.name)}, {_list(part.columns)}{_keywords(options)})"


def _drop_constraint(part: Constraint) -> str:
    return f"batch_op.drop_constraint({_name(part.name)}, type_={quote(part.kind)})"


def _create_index(table: str, index: Index, more: str = "") -> str:
    return f"op.create_index({_name(index.name)}, {quote(table)}, [{', '.join(index.columns)}]{_keywords(index.options)}{more})"


def _build(table: str, index: Index) -> list[str]:
    drop = f"op.drop_index({_name(index.name)}, {quote(table)}, if_exists=True{IN_USE})"
    return [drop, _create_index(table, index, IN_USE)]


def _column(column: Column) -> str:
    return f"sa.Column({quote(column.name)}, {column.type}, nullable={column.nullable}{_keywords(column.options)})"


def _constraint(part: Constraint) -> str:
    name = f", name={_name(part.name)}{_keywords(part.options)})"
    if part.kind == "check":
        return f"sa.CheckConstraint({part.condition}{name}"
    if part.kind == "foreignkey":
        referred = _list(f"{part.target}.{column}" for column in part.target_columns)
        return f"sa.ForeignKeyConstraint({_list(part.columns)}, {referred}{name}"
    kind = "UniqueConstraint" if part.kind == "unique" else "PrimaryKeyConstraint"
    return f"sa.{kind}({', '.join(map(quote, part.columns))}{name}"


def _batch(table: str, lines: Iterable[str]) -> list[str]:
    inner = _indented(lines)
    return [f"with op.batch_alter_table({quote(table)}) as batch_op:", *inner] if inner else []


def _joined(lines: Iterable[str]) -> list[str]:
    """Join blocks of the same kind that follow each other: SQLite copies the table for each of them."""
    joined: list[str] = []
    block = ""
    for line in lines:
        if line == block:
            continue
        if not line.startswith(" "):
            block = line if line.startswith("with ") else ""
        joined.append(line)
    return joined


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _execute(sql: str) -> str:
    return f"op.execute({quote(sql)})"


def _name(name: str) -> str:
    return f"op.f({quote(name)})"


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(map(quote, names))}]"


def _keywords(options: Options) -> str:
    return "".join(f", {key}={value}" for key, value in options)


def _new(before: Mapping[str, PartT], after: Mapping[str, PartT]) -> list[PartT]:
    """Return the parts that are new or have changed."""
    return [part for name, part in after.items() if before.get(name) != part]


def _like(part: PartT, after: Mapping[str, PartT], before: Mapping[str, PartT]) -> PartT:
    """Return the part of `after` that differs from `part` only in its name, or else `part`."""
    if part.name in after:
        return part
    twins = [twin for name, twin in after.items() if name not in before and replace(twin, name=part.name) == part]
    return twins[0] if twins else part


def _keyed(part: PartT) -> dict[str, PartT]:
    return {part.name: part}


def _rename_words(condition: str, columns: Mapping[str, str]) -> str:
    if "sa.column(" in condition:
        return re.sub(
            r"(?<=sa\.column\()([\"'])(\w+)\1", lambda found: quote(columns.get(found[2], found[2])), condition
        )
    return re.sub(r"(?<![\w.])\w+", lambda found: columns.get(found[0], found[0]), condition)
