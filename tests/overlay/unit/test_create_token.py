"""Tests of `python -m your_service.create_token`."""

import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from unittest import mock
from uuid import UUID

import pytest
from sqlalchemy import NullPool, create_engine, text

from your_service.core.database import Base
from your_service.core.security import Claims, TokenService
from your_service.core.users import Role
from your_service.create_token import main

from tests.test_config import TEST_JWT_SECRET

Query = Callable[[str], list[tuple[object, ...]]]
Issue = Callable[..., Claims]

TABLES = ("core_organisations", "core_accounts", "core_users", "core_events")
DRIVER = "sqlite+aiosqlite" if find_spec("aiosqlite") else "sqlite"
ADA_AT_ACME = ("--organisation", "Acme", "--email", "ada@example.com")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the tables of organisations, accounts, users and events; a copy is faster than a new one."""
    file = tmp_path_factory.mktemp("tables") / "tables.db"
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    Base.metadata.create_all(engine, [Base.metadata.tables[name] for name in TABLES])
    return file


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the database in DATABASE_URL."""
    file = tmp_path / "service.db"
    monkeypatch.setenv("DATABASE_URL", f"{DRIVER}:///{file}")
    monkeypatch.setenv("JWT_SECRET", TEST_JWT_SECRET)
    return file


@pytest.fixture
def query(database: Path, tables: Path) -> Query:
    """Query that database, which has its tables."""
    shutil.copyfile(tables, database)
    engine = create_engine(f"sqlite:///{database}", poolclass=NullPool)

    def query(statement: str) -> list[tuple[object, ...]]:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    return query


@pytest.fixture
def issue(token_service: TokenService, capsys: pytest.CaptureFixture[str]) -> Issue:
    """Print a token, and return its claims."""

    def issue(*arguments: str) -> Claims:
        create_token(*arguments)
        return token_service.read_token(capsys.readouterr().out.strip())

    return issue


def create_token(*arguments: str) -> None:
    """Run the command with these arguments."""
    with mock.patch.object(sys, "argv", ["create_token", *arguments]):
        main()


def test_organisation_account_and_user_are_created(query: Query, issue: Issue) -> None:
    claims = issue(*ADA_AT_ACME)

    organisation_id, account_id = claims.organisation_id.hex, UUID(claims.subject).hex
    assert query("SELECT id, name FROM core_organisations") == [(organisation_id, "Acme")]
    assert query("SELECT id, email FROM core_accounts") == [(account_id, "ada@example.com")]
    assert query("SELECT organisation_id, account_id, name, active FROM core_users") == [
        (organisation_id, account_id, "ada", 1)
    ]


def test_existing_organisation_and_user_are_used(query: Query, issue: Issue) -> None:
    first = issue(*ADA_AT_ACME)

    assert issue(*ADA_AT_ACME) == first
    assert query("SELECT count(*) FROM core_organisations") == [(1,)]
    assert query("SELECT count(*) FROM core_users") == [(1,)]


def test_each_organisation_has_its_own_users(query: Query, issue: Issue) -> None:
    at_acme = issue(*ADA_AT_ACME)

    at_globex = issue("--organisation", "Globex", "--email", "ada@example.com")

    assert at_globex.organisation_id != at_acme.organisation_id
    assert at_globex.subject == at_acme.subject
    assert query("SELECT count(*) FROM core_users") == [(2,)]


@pytest.mark.parametrize(
    ("options", "role"),
    [((), Role.MEMBER), (("--role", "member"), Role.MEMBER), (("--role", "admin"), Role.ADMIN)],
)
def test_role_is_an_option(query: Query, issue: Issue, options: tuple[str, ...], role: Role) -> None:
    issue(*ADA_AT_ACME, *options)

    assert query("SELECT role FROM core_users") == [(role,)]


def test_role_of_an_existing_user_changes_only_with_the_option(query: Query, issue: Issue) -> None:
    roles = []
    for options in ((), ("--role", "admin"), (), ("--role", "member")):
        issue(*ADA_AT_ACME, *options)
        roles += query("SELECT role FROM core_users")

    assert roles == [("member",), ("admin",), ("admin",), ("member",)]


@pytest.mark.parametrize("arguments", [ADA_AT_ACME[:2], ADA_AT_ACME[2:], (*ADA_AT_ACME, "--role", "king")])
def test_invalid_arguments_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as error:
        create_token(*arguments)

    assert error.value.code == 2


def test_missing_setting_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JWT_SECRET")
    (tmp_path / "migrations").mkdir()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as error:
        create_token(*ADA_AT_ACME)

    assert error.value.code == "JWT_SECRET: set a key of at least 32 characters, or set JWT_JWKS_URL. See .env.example."


def test_an_identity_provider_issues_the_tokens_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_JWKS_URL", "https://login.example.com/keys")
    monkeypatch.setenv("JWT_ISSUER", "https://login.example.com/")
    monkeypatch.setenv("JWT_AUDIENCE", "https://api.example.com")

    with pytest.raises(SystemExit) as error:
        create_token(*ADA_AT_ACME)

    assert error.value.code == "JWT_JWKS_URL is set: get tokens from the identity provider."


@pytest.mark.parametrize(("email", "reason"), [("", "at least 1 character"), ("a" * 201, "at most 200 characters")])
def test_invalid_address_is_reported_in_one_line(query: Query, email: str, reason: str) -> None:
    with pytest.raises(SystemExit) as error:
        create_token("--organisation", "Acme", "--email", email)

    assert error.value.code == f"--email {email!r}: String should have {reason}."
    assert query("SELECT count(*) FROM core_organisations") == [(0,)]


def test_database_without_tables_is_reported_in_one_line() -> None:
    with pytest.raises(SystemExit) as error:
        create_token(*ADA_AT_ACME)

    assert error.value.code == "no such table: core_organisations. Did you run `alembic upgrade heads`?"
