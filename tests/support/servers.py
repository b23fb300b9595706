"""A PostgreSQL server for tests that need their own, and the files and processes that a run leaves behind."""

import getpass
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from phasework_suite.embedded_postgres import embedded_address
from phasework_suite.run import begin


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server with the databases that a test has created."""

    address: str

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return self.address.replace("/postgres?", f"/{database}?")

    def query(self, database: str, *statements: str) -> list[str]:
        """Run statements, and return the first column of the last one."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return [row[0] for row in cursor.fetchall()] if cursor.description else []

    def databases(self) -> list[str]:
        """Return the names of the databases, without PostgreSQL's own, and those that tests copy."""
        others = "datname NOT IN ('postgres', 'template0', 'template1') AND datname NOT LIKE 'kept%'"
        return self.query("postgres", f"SELECT datname FROM pg_database WHERE {others} ORDER BY 1")

    def drop_all(self) -> None:
        """Drop these databases, and the roles that the test has created."""
        for database in self.databases():
            self.query("postgres", f'DROP DATABASE "{database}" WITH (FORCE)')
        for role in self.query("postgres", "SELECT rolname FROM pg_roles WHERE oid >= 16384"):
            self.query("postgres", f'DROP ROLE "{role}"')


@contextmanager
def serving() -> Iterator[Server]:
    """Yield a server that ends with the `with` block."""
    with begin() as run:
        yield Server(embedded_address(run))


def wait_until(happens: Callable[[], bool], timeout: float = 60.0) -> None:
    """Return once `happens` returns true; fail after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not happens():
        assert time.monotonic() < deadline, f"after {timeout:.0f} s: {happens}"
        time.sleep(0.02)


def left_behind(folder: Path) -> list[str]:
    """Return the files in a folder for temporary files, and the processes that use this folder."""
    # pytest keeps the folders of its last runs on purpose.
    found = [str(file) for file in folder.glob("*/*") if file.parent.name != f"pytest-of-{getpass.getuser()}"]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        # A zombie has no command line.
        if command and f"TMPDIR={folder}".encode() in variables:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found
