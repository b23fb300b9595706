"""`alembic downgrade` shows what it would undo, and asks for a confirmation."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.revisions import revision
from tests.support.servers import Server
from tests.support.services import Service

CREATE, DROP = 'op.create_table("tickets_notes", sa.Column("text", sa.Text()))', 'op.drop_table("tickets_notes")'
UPDATE = 'op.execute("UPDATE core_users SET name = nickname WHERE nickname IS NOT NULL")'
USERS = {
    "about": "Nicknames of users",
    "name": "core_0003",
    "previous": "core_0002",
    "upgrade": 'op.add_column("core_users", sa.Column("nickname", sa.Text(), nullable=True))',
    "downgrade": 'op.drop_column("core_users", "nickname")',
}
TICKETS = {
    "about": "Notes about tickets",
    "name": "tickets_0002",
    "previous": "tickets_0001",
    "depends_on": "core_0003",
    "upgrade": CREATE,
    "downgrade": f"{UPDATE}\n    {DROP}",
}
ROWS = (
    "INSERT INTO core_organisations (id, name) VALUES ('00000000000040008000000000000001', 'Acme')",
    "INSERT INTO core_accounts (id, email, subject, created_at, updated_at) VALUES "
    "('00000000000040008000000000000004', 'a', 'a', '2026-01-01', '2026-01-01'), "
    "('00000000000040008000000000000005', 'b', 'b', '2026-01-01', '2026-01-01')",
    "INSERT INTO core_users (id, organisation_id, account_id, created_at, updated_at, name, role, active, nickname) VALUES "
    "('00000000000040008000000000000002', '00000000000040008000000000000001', '00000000000040008000000000000004', "
    "'2026-01-01', '2026-01-01', 'Ada', 'member', true, 'Countess'), "
    "('00000000000040008000000000000003', '00000000000040008000000000000001', '00000000000040008000000000000005', "
    "'2026-01-01', '2026-01-01', 'Bob', 'member', true, NULL)",
    "INSERT INTO tickets_notes VALUES ('one'), ('two'), ('three')",
)
PLAN = [
    "tickets_0002 (tickets): Notes about tickets.",
    "  Changes or deletes rows of core_users",
    "  Drops tickets_notes: 3 rows",
    "core_0003 (core): Nicknames of users.",
    "  Drops core_users.nickname: 1 values",
]


SYNC, ASYNC = (pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in ("tickets", "async"))
# The code that asks is the same in both forms; the connection that it gets differs.
each_form = pytest.mark.parametrize("service", [SYNC, ASYNC], indirect=True)


@pytest.fixture(params=[SYNC])
def service(written: Callable[[str], Service], tmp_path: Path, request: pytest.FixtureRequest) -> Service:
    """A service in which a revision of a module depends on one of the core."""
    service = written(request.param).copy(tmp_path / "service")
    for parts in (USERS, TICKETS):
        write(service, **parts)
    return service


def write(service: Service, **parts: str) -> None:
    """Write a revision."""
    (service.folder / f"migrations/versions/{parts['name']}.py").write_text(revision(**parts), encoding="utf-8")


@pytest.fixture
def database(service: Service, server: Server) -> dict[str, str]:
    """A database on PostgreSQL with rows: a copy of the first one of its form."""
    original = f"kept_{service.answers['database_access']}"
    if not server.query("postgres", f"SELECT datname FROM pg_database WHERE datname = '{original}'"):
        server.query("postgres", f"CREATE DATABASE {original}")
        service.run("alembic", "upgrade", "heads", variables=variables_of(server, original))
        server.query(original, *ROWS)
    server.query("postgres", f"CREATE DATABASE service TEMPLATE {original}")
    return variables_of(server, "service")


def variables_of(server: Server, database: str) -> dict[str, str]:
    """Return the variables with which a service uses a database."""
    return {"DATABASE_URL": server.url(database).replace("postgresql", "postgresql+psycopg", 1)}


@each_form
def test_a_downgrade_shows_what_it_would_undo(service: Service, database: dict[str, str], server: Server) -> None:
    output = service.run("alembic", "downgrade", "core@-1", expect=255, variables=database)

    assert [line for line in output.splitlines() if line in PLAN] == PLAN
    assert "FAILED: Nothing was undone." in output
    assert "alembic -x confirm=2 downgrade core@-1" in " ".join(output.split())
    assert server.query("service", "SELECT count(*)::text FROM tickets_notes") == ["3"]
    assert "tickets_0002" in server.query("service", "SELECT version_num FROM alembic_version")


def test_another_confirmation_is_refused(service: Service, database: dict[str, str], server: Server) -> None:
    for given in ("confirm=1", "confirm", "other=2"):
        service.run("alembic", "-x", given, "downgrade", "core@-1", expect=255, variables=database)

    assert server.query("service", "SELECT count(*)::text FROM tickets_notes") == ["3"]


@each_form
def test_a_confirmed_downgrade_runs(service: Service, database: dict[str, str], server: Server) -> None:
    service.run("alembic", "-x", "confirm=2", "downgrade", "core@-1", variables=database)

    tables = server.query("service", "SELECT tablename FROM pg_tables")
    assert "tickets" in tables
    assert "tickets_notes" not in tables
    assert server.query("service", "SELECT name FROM core_users ORDER BY id") == ["Countess", "Bob"]


def test_data_that_is_gone_already_is_not_counted(service: Service, database: dict[str, str]) -> None:
    write(
        service, **TICKETS | {"name": "tickets_0003", "previous": "tickets_0002", "upgrade": DROP, "downgrade": CREATE}
    )
    service.run("alembic", "upgrade", "heads", variables=database)

    output = service.run("alembic", "downgrade", "tickets@tickets_0001", expect=255, variables=database)

    assert "tickets_0002 (tickets): Notes about tickets." in output
    assert "Drops" not in output


def test_nothing_to_undo_needs_no_confirmation(service: Service, database: dict[str, str]) -> None:
    output = service.run("alembic", "downgrade", "tickets@tickets_0002", variables=database)

    assert "tickets_0002" not in output


def test_an_unknown_revision_is_reported(service: Service, database: dict[str, str]) -> None:
    output = service.run("alembic", "downgrade", "nowhere", expect=255, variables=database)

    assert "FAILED: Can't locate revision" in output


def test_a_downgrade_that_cannot_be_rendered_is_named(service: Service, database: dict[str, str]) -> None:
    write(service, **TICKETS | {"downgrade": f"{UPDATE}\n    op.get_bind().scalar(None)\n    {DROP}"})

    output = service.run("alembic", "downgrade", "tickets@-1", expect=255, variables=database)

    assert "What else is lost is unknown: it cannot be rendered as SQL ('MockConnection' object has no" in output
    assert PLAN[1] in output.splitlines()


@each_form
def test_a_downgrade_of_sqlite_shows_the_same(service: Service) -> None:
    kind = "sqlite+aiosqlite" if service.answers["database_access"] == "async" else "sqlite"
    database = {"DATABASE_URL": f"{kind}:///service.db"}
    service.run("alembic", "upgrade", "heads", variables=database)
    with closing(sqlite3.connect(service.folder / "service.db")) as connection, connection:
        for statement in ROWS:
            connection.execute(statement)

    output = service.run("alembic", "downgrade", "core@-1", expect=255, variables=database)
    assert [line for line in output.splitlines() if line in PLAN] == PLAN

    service.run("alembic", "-x", "confirm=2", "downgrade", "core@-1", variables=database)
    with closing(sqlite3.connect(service.folder / "service.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    assert "tickets_notes" not in tables
