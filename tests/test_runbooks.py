"""The commands of runbooks that no other test runs."""

import re
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support.servers import Server
from tests.support.services import Service


def test_the_role_of_the_service_can_change_rows_but_no_tables(
    written: Callable[[str], Service], server: Server
) -> None:
    service = written("defaults")
    runbook = (service.folder / "docs/runbooks/deploy.md").read_text(encoding="utf-8")
    sql = runbook.partition("```sql\n")[2].partition("```")[0]
    before, database, after = re.split(r"\\connect (\w+)", sql)
    server.query("postgres", *before.strip().split("\n"))
    server.query(database, *after.strip().split("\n"))
    url = make_url(server.url(database))
    owner = url.set(drivername="postgresql+psycopg", username="owner").render_as_string()

    service.run("alembic", "upgrade", "heads", variables={"DATABASE_URL": owner})

    with psycopg.connect(url.set(username="service").render_as_string(), autocommit=True) as connection:
        connection.execute("DELETE FROM patients WHERE false")
        for statement in ("CREATE TABLE notes ()", "DROP TABLE patients CASCADE", "TRUNCATE patients CASCADE"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
