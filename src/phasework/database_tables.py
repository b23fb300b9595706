"""Reads the tables of a database with SQLAlchemy, which is no dependency of this command: see `open_database`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import Inspector

PACKAGES = {
    "MySQLdb": "mysqlclient",
    "oracledb": "oracledb",
    "psycopg": "psycopg[binary]",
    "psycopg2": "psycopg2-binary",
}
"""The packages of drivers, by the names of their modules."""
NOT_TABLES = ("alembic_version", "spatial_ref_sys", "sqlite_sequence")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    sql: str
    """Its type in SQL."""
    python: type | None
    """The Python type of its values, if SQLAlchemy knows it."""
    length: int | None = None
    digits: tuple[int, int] | None = None
    """The digits of a decimal: all of them, and those after the point."""
    choices: tuple[str, ...] = ()
    has_zone: bool = True
    """Whether a time has a time zone."""
    nullable: bool = False
    default: str | None = None
    comment: str | None = None
    domain: str = ""
    """The domain that is its type in PostgreSQL."""
    computed: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that refer to a row of another table."""

    columns: tuple[str, ...]
    table: str
    cascades: bool
    """Whether the row is deleted with the one to which it refers."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table."""

    name: str
    columns: list[Column]
    primary_key: tuple[str, ...]
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    unique: list[tuple[str, ...]] = field(default_factory=list)
    unique_indexes: list[str] = field(default_factory=list)
    """The unique indexes of expressions, or of a part of the rows, as text."""
    checks: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    """Its comment, and what SQLAlchemy could not read."""


def read_tables(url: str, names: Sequence[str]) -> list[Table]:
    """Return tables of a database, by default all; exit with one sentence if it cannot be read."""
    with open_database(url) as engine:
        from sqlalchemy import inspect

        inspector = inspect(engine)
        found = [name for name in sorted(inspector.get_table_names()) if name not in NOT_TABLES]
        if unknown := [name for name in names if name not in found]:
            sys.exit(f"The database has no table {unknown[0]}; it has {', '.join(found) or 'none'}.")
        return [read_table(inspector, name) for name in names or found]


@contextmanager
def open_database(url: str) -> Iterator[Engine]:
    """Connect to a database during a `with` block; exit with one sentence if something is missing or fails."""
    try:
        from sqlalchemy import create_engine, make_url
        from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
    except ModuleNotFoundError:
        sys.exit("To read a database, SQLAlchemy has to be installed: add `--with sqlalchemy` after `uvx`.")
    engine = None
    try:
        address = make_url(url)
        if address.get_dialect().is_async:
            address = address.set(drivername=address.get_backend_name())
        engine = create_engine(address)
        yield engine
    except NoSuchModuleError as error:
        sys.exit(f"{error}: install a package for this database, or correct the URL.")
    except ModuleNotFoundError as error:
        package = PACKAGES.get(error.name or "", error.name)
        sys.exit(f"To connect, the driver {error.name} has to be installed: add `--with '{package}'` after `uvx`.")
    except ArgumentError as error:
        sys.exit(f"--from-database: {error}; write it as in postgresql://user:password@localhost/library.")
    except SQLAlchemyError as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        sys.exit(f"The database cannot be read: {' '.join(str(reason).split())}")
    finally:
        if engine:
            engine.dispose()


def read_table(inspector: Inspector, name: str) -> Table:
    """Return a table."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        unique = {tuple(each["column_names"]) for each in inspector.get_unique_constraints(name)}
        partial = []
        # From SQLite, SQLAlchemy 2.1 does not read `varchar(60) UNIQUE` as a constraint.
        for index in inspector.get_indexes(name, include_auto_indexes=True):
            if index["unique"] and not index.get("duplicates_constraint"):
                columns, text = read_index(index)
                partial += [text] * bool(text)
                unique |= {columns} if columns else set()
        key = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
        return Table(
            name,
            [read_column(inspector, each, key) for each in inspector.get_columns(name)],
            key,
            read_foreign_keys(inspector, name),
            sorted(unique),
            partial,
            [each["sqltext"] for each in inspector.get_check_constraints(name)],
            (*read_comment(inspector, name), *dict.fromkeys(str(warning.message) for warning in caught)),
        )


def read_index(index: Any) -> tuple[tuple[str, ...], str]:
    """Return the columns of a unique index, or one of expressions or of some rows as text."""
    options = index.get("dialect_options", {})
    condition = next((value for key, value in options.items() if key.endswith("_where")), None)
    parts = index.get("expressions") or index["column_names"]
    if condition is None and not index.get("expressions"):
        return tuple(parts), ""
    return (), f"({', '.join(map(str, parts))}){'' if condition is None else f' WHERE {condition}'}"


def read_foreign_keys(inspector: Inspector, name: str) -> list[ForeignKey]:
    """Return the foreign keys of a table."""
    keys = inspector.get_foreign_keys(name)
    cascading = {
        each["constrained_columns"][0]
        for each in keys
        if (each.get("options", {}).get("ondelete") or "").upper() == "CASCADE"
    }
    if inspector.dialect.name == "sqlite":
        # SQLAlchemy 2.1 does not read the action of a foreign key that is written next to its column.
        quoted = inspector.dialect.identifier_preparer.quote(name)
        with inspector.engine.connect() as connection:
            rows = connection.exec_driver_sql(f"PRAGMA foreign_key_list({quoted})").mappings()
            cascading |= {row["from"] for row in rows if row["on_delete"] == "CASCADE"}
    return [
        ForeignKey(tuple(columns), each["referred_table"], columns[0] in cascading)
        for each in keys
        if (columns := each["constrained_columns"])
    ]


def read_comment(inspector: Inspector, name: str) -> list[str]:
    """Return the comment of a table, where the database has such comments."""
    try:
        comment = inspector.get_table_comment(name)["text"]
    except NotImplementedError:
        return []
    return [comment] if comment else []


def read_column(inspector: Inspector, column: Any, key: tuple[str, ...]) -> Column:
    """Return a column, from its description by SQLAlchemy."""
    kind = column["type"]
    # A domain is a type with constraints.
    base = getattr(kind, "data_type", kind)
    python = find_python_type(base)
    precision, scale = (getattr(base, name, None) for name in ("precision", "scale"))
    return Column(
        column["name"],
        kind.compile(inspector.dialect) if python else str(kind),
        python,
        getattr(base, "length", None),
        (precision, scale or 0) if precision and hasattr(base, "scale") else None,
        tuple(getattr(base, "enums", ())),
        bool(getattr(base, "timezone", True)),
        column["nullable"] and column["name"] not in key,
        column.get("default"),
        column.get("comment"),
        f"domain {kind.name}" if base is not kind else "",
        "computed" in column,
    )


def find_python_type(kind: Any) -> type | None:
    """Return the Python type of a column's values, or None if there is none."""
    from sqlalchemy import ARRAY, JSON

    if isinstance(kind, JSON):
        return dict
    if isinstance(kind, ARRAY):
        return list if find_python_type(kind.item_type) is str else None
    # MySQL has no other booleans.
    if getattr(kind, "display_width", None) == 1:
        return bool
    try:
        python: type = kind.python_type
    except NotImplementedError:
        return None
    return python
