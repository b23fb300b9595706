"""A program for the environment of a service: runs migrations with rows in the tables, and prints what becomes of them.

Its argument is a JSON file with cases. Each has the folder of its migrations, and the Python texts of types and values.
"""

import datetime as dt
import json
import sys
from decimal import Decimal
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

# Our own environment has no service.
TYPES = vars(import_module("library.core.database"))
NAMES = {**TYPES, "sa": sa, "dt": dt, "Decimal": Decimal, "UUID": UUID}

Case = dict[str, Any]


def evaluate(text: str) -> Any:
    """Return the value of a Python expression."""
    return eval(text, NAMES)


def configuration(folder: str, url: str) -> Config:
    """Return the configuration of Alembic for the migrations in a folder."""
    config = Config("alembic.ini")
    config.set_main_option("version_locations", folder)
    config.attributes["database_url"] = url
    return config


def empty(engine: sa.Engine) -> None:
    """Drop all tables."""
    if engine.dialect.name == "sqlite":
        Path(str(engine.url.database)).unlink(missing_ok=True)
        return
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))


def schema(engine: sa.Engine, tables: list[str]) -> dict[str, Any]:
    """Return what a database says about tables."""
    inspector = sa.inspect(engine)
    parts = ("get_unique_constraints", "get_foreign_keys", "get_indexes", "get_check_constraints")
    return {
        table: {
            "columns": sorted(
                [column["name"], str(column["type"]), column["nullable"], column["default"]]
                for column in inspector.get_columns(table)
            ),
            **{part: sorted(map(str, getattr(inspector, part)(table))) for part in parts},
        }
        for table in tables
    }


def differences(one: Any, other: Any) -> list[Any]:
    """Return the parts of two schemas that differ."""
    pairs = [(one[table][part], other[table][part]) for table in other for part in other[table]]
    return [pair for pair in pairs if pair[0] != pair[1]]


def read(engine: sa.Engine, columns: dict[str, str]) -> list[dict[str, str]]:
    """Return the rows of the loans in the order of their ids."""
    table = sa.table("loans", *(sa.column(name, evaluate(kind)) for name, kind in columns.items()))
    with engine.connect() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.id)).mappings()
        return [{name: repr(value) for name, value in row.items()} for row in rows]


def insert(engine: sa.Engine, name: str, columns: dict[str, str], rows: list[dict[str, str]]) -> None:
    """Insert rows into a table."""
    table = sa.table(name, *(sa.column(column, evaluate(kind)) for column, kind in columns.items()))
    with engine.begin() as connection:
        for row in rows:
            connection.execute(table.insert().values({column: evaluate(value) for column, value in row.items()}))


def run(case: Case, url: str) -> Case:
    """Run a case on a database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    config = configuration(case["revised"], url)
    empty(engine)
    command.upgrade(configuration(case["fresh"], url), "heads")
    fresh = schema(engine, case["tables"])
    empty(engine)
    command.upgrade(configuration(case["old"], url), "heads")
    old = schema(engine, case["tables"])
    for name, rows in case["rows"].items():
        insert(engine, name, case["columns"][name], rows)
    inserted = read(engine, case["columns"]["loans"])
    command.upgrade(config, "heads")
    upgraded, after = schema(engine, case["tables"]), read(engine, case["after"])
    config.output_buffer = StringIO()
    if engine.dialect.name == "postgresql":
        command.upgrade(config, "heads", sql=True)
    for name in reversed(case["revisions"]):
        command.downgrade(config, str(ScriptDirectory.from_config(config).get_revision(name).down_revision))
    downgraded, before = schema(engine, case["tables"]), read(engine, case["columns"]["loans"])
    for column in [*old["loans"]["columns"], *downgraded["loans"]["columns"]]:
        column[2] = column[2] or column[0] in case["lost"]
    command.upgrade(config, "heads")
    return {
        "differs": differences(upgraded, fresh),
        "differs_before": differences(downgraded, old),
        "sql": config.output_buffer.getvalue(),
        "inserted": inserted,
        "after": after,
        "before": before,
        "again": schema(engine, case["tables"]) == upgraded,
    }


if __name__ == "__main__":
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(json.dumps({name: [run(case, url) for url in sys.argv[2:]] for name, case in cases.items()}))
