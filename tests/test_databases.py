"""The databases of a service: which of them its tests and its migrations touch."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.servers import Server
from tests.support.services import Service

REAL = ("pytest", "--no-cov", "-q", "tests/integration", "tests/e2e")
# Tests that start PostgreSQL, Redis and the programs of the service.
SERVERS = ("pytest", "--no-cov", "-q", "tests/integration/test_migrations.py", "tests/e2e")


@pytest.fixture
def small(written: Callable[[str], Service]) -> Service:
    """A service with one module."""
    return written("patients")


@pytest.fixture
def temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files; its path is short, for the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="phasework-"))
    folder.chmod(0o755)  # PostgreSQL does not run as root
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


def test_database_of_the_settings_is_not_touched(
    small: Service, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.query("postgres", "CREATE DATABASE clinic")
    server.query("clinic", "CREATE TABLE core_users AS SELECT 'Ada' AS name")
    monkeypatch.setenv("DATABASE_URL", server.url("clinic").replace("postgresql", "postgresql+psycopg", 1))

    # tests/test_services.py runs the other tiers with another DATABASE_URL.
    small.run(*REAL)

    assert server.query("clinic", "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'") == [
        "core_users"
    ]
    assert server.query("clinic", "SELECT name FROM core_users") == ["Ada"]


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="only root can become another user")
def test_suite_passes_without_root(small: Service, temporary_folder: Path) -> None:
    pythons = Path(sys.executable), Path("/usr/bin/python3")
    python = next((python for python in pythons if may_be_run_by_nobody(python)), None)
    if python is None:
        pytest.skip("the user `nobody` can run no Python of this machine that is new enough")
    shutil.copytree(small.folder, temporary_folder / "service")
    service = Service(temporary_folder / "service", small.files, python)
    for path in (temporary_folder, *temporary_folder.rglob("*")):
        shutil.chown(path, NOBODY, NOBODY)

    run = subprocess.run(
        [*AS_NOBODY, *service.command(*SERVERS)],
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
    """Return whether the user `nobody` can run a Python, and its version is supported."""
    # setpriv looks for its command as root.
    command = [*AS_NOBODY, "sh", "-c", 'exec "$0" -c "import sys; sys.exit(sys.version_info < (3, 11))"', str(python)]
    return subprocess.run(command, cwd="/", capture_output=True, check=False).returncode == 0


class TestMigrations:
    """`alembic upgrade heads`, as a deployment runs it."""

    def test_two_at_once_create_the_tables_once(self, small: Service, server: Server) -> None:
        server.query("postgres", "CREATE DATABASE clinic")
        variables = small.variables | {
            "DATABASE_URL": server.url("clinic").replace("postgresql", "postgresql+psycopg", 1)
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
        printed = [run.communicate()[0] for run in both]

        assert [run.returncode for run in both] == [0, 0], printed
        assert sorted(output.count("Running upgrade") for output in printed) == [0, 3]
        versions = server.query("clinic", "SELECT version_num FROM alembic_version ORDER BY 1")
        assert versions == ["core_0002", "patients_0001"]

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
    def test_database_that_cannot_be_reached_is_reported_in_a_sentence(
        self, small: Service, url: str, reason: str
    ) -> None:
        printed = small.run("alembic", "upgrade", "heads", expect=255, variables={"DATABASE_URL": url})

        assert printed.splitlines()[-1].strip().startswith(f"FAILED: {reason}")
        assert "Traceback" not in printed
        assert "secret@127" not in printed.replace("me:secret@localhost", "")
