"""Tests of `python -m scripts.new_migration`, which is the same in both forms; only the connection of `env.py` differs."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.revisions import revision
from tests.support.servers import Server
from tests.support.services import Service

COMMAND = ("python", "-m", "scripts.new_migration")
DATABASES = {"sync": "sqlite:///library.db", "async": "sqlite+aiosqlite:///library.db"}
MODELS = '''"""The table of {name}s."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ...core.tenancy import Record


class {entity}(Record):
    """Something that refers to {refers_to}."""

    __tablename__ = "{name}s"

    reference_id: Mapped[UUID] = mapped_column(ForeignKey("{refers_to}.id"))
    {column}
'''

BLANK, BLANK_ASYNC = (pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in ("blank", "blank-async"))


@pytest.fixture(params=[BLANK])
def library(request: pytest.FixtureRequest, written: Callable[[str], Service], tmp_path: Path) -> Service:
    """A copy of a service with own modules; `members` has two revisions, because it and `loans` refer to each other."""
    return written(request.param).copy(tmp_path / "library")


@pytest.fixture(autouse=True)
def _server_of_the_tests(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command and the tests of the service use our server, because starting one takes them a second."""
    server.query("postgres", "CREATE DATABASE library_test")
    monkeypatch.setenv("TEST_DATABASE_URL", server.url("library_test"))


@pytest.mark.parametrize("library", [BLANK_ASYNC], indirect=True)
def test_each_module_that_changed_gets_its_revision(library: Service) -> None:
    add_column(library, "modules/loans/models.py", "colour: Mapped[str | None]")
    add_column(library, "modules/members/models.py", "points: Mapped[int]")
    add_column(library, "core/users.py", "nickname: Mapped[str | None]")
    # Sorted by name, the referenced module comes last.
    add_module(library, "parcel", "vans")
    add_module(library, "van", "loans")

    output = library.run(*COMMAND, "Deliver loans")

    assert written_by(output) == ["core_0003", "members_0003", "loans_0002", "vans_0001", "parcels_0001"]
    assert "It adds members.points without a value for existing rows: add a server_default." in output
    assert leads_to_the_models(library)

    remove_column(library, "modules/loans/models.py", "colour: Mapped[str | None]")
    remove_module(library, "parcel")

    output = library.run(*COMMAND, "Deliver no parcels")

    assert written_by(output) == ["loans_0003", "parcels_0002"]
    assert "It drops loans.colour with its data" in output
    assert "It drops the table parcels with its data." in output
    assert leads_to_the_models(library)


def test_nothing_is_written_without_changes(library: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a shell without settings, the command starts its own server.
    monkeypatch.delenv("TEST_DATABASE_URL")

    output = library.run(*COMMAND, "Nothing")

    assert output == "The migrations match the models; nothing was written.\n"
    assert written_by(output) == []


def test_invalid_message_is_refused(library: Service) -> None:
    add_column(library, "modules/loans/models.py", "colour: Mapped[str | None]")

    # The overlay tests other messages.
    output = library.run(*COMMAND, 'Say "no"', expect=1)

    assert output.startswith("MESSAGE must be one line without quotes and backslashes")
    assert revisions(library) == {path for path in library.files if path.startswith("migrations/versions/")}


def test_failing_migrations_are_reported(library: Service) -> None:
    file = library.folder / "migrations/versions/loans_0001.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("    op.create_table(", '    op.execute("NONSENSE")\n    op.create_table('), encoding="utf-8"
    )

    output = library.run(*COMMAND, "Anything", expect=1)

    assert output.startswith('Nothing was written: A migration has failed: syntax error at or near "NONSENSE"')


def test_branch_with_two_heads_is_reported(library: Service) -> None:
    add_column(library, "modules/loans/models.py", "colour: Mapped[str | None]")
    for name in ("one", "other"):
        library.run("alembic", "revision", "--head", "loans@loans_0001", "--splice", "--rev-id", name, "-m", name)

    output = library.run(*COMMAND, "Anything", expect=1)

    assert output.startswith("Nothing was written: loans has 2 heads: ")


UP_DOWN_UP = """
import sys
from alembic import command
from alembic.config import Config
config = Config("alembic.ini")
command.upgrade(config, "heads")
command.downgrade(config, sys.argv[1])
command.upgrade(config, "heads")
"""
# One revision of each kind that blocks a table, two that do not, and one that cannot be rendered.
KINDS = {
    'op.create_index("ix_loans_fee", "loans", ["fee"])': "blocks writes to loans while PostgreSQL builds the index ix_loans_fee",
    'op.add_column("loans", sa.Column("colour", sa.Text(), nullable=False))': "adds loans.colour without a value",
    'op.execute(sa.table("loans", sa.column("title", sa.Text)).update().values(title="x"))': "changes all rows of loans in one",
    'op.alter_column("loans", "copies", type_=sa.Integer())': "changes the type of loans.copies",
    'op.alter_column("loans", "fee", nullable=False)': "makes loans.fee required",
    'op.create_foreign_key("fk", "loans", "members", ["code"], ["id"])': "blocks loans while PostgreSQL checks all rows for fk",
    'op.create_check_constraint("few", "loans", "copies < 9")': "blocks loans while PostgreSQL checks all rows for few",
    'op.create_unique_constraint("uq", "loans", ["fee"])': "blocks loans while PostgreSQL builds the index of uq",
    'op.create_foreign_key("fk", "loans", "members", ["code"], ["id"], postgresql_not_valid=True)': None,
    'op.create_table("shelves", sa.Column("code", sa.Text(), index=True))': None,
    "op.get_bind().execute(sa.select(1)).one()": "cannot be rendered as SQL, so it was not checked",
}


def test_a_revision_that_blocks_a_table_is_found(library: Service) -> None:
    previous, names = "loans_0001", []
    for number, line in enumerate(KINDS, 2):
        names.append(f"loans_{number:04}")
        text = revision(names[-1], previous, line)
        (library.folder / f"migrations/versions/{names[-1]}.py").write_text(text, encoding="utf-8")
        previous = names[-1]

    output = library.run(*COMMAND, "--check", *names)

    said = [block.splitlines()[1:] for block in output.split("migrations/versions/")[1:]]
    assert len(said) == len(KINDS)
    for line, warnings, expected in zip(KINDS, said, KINDS.values(), strict=True):
        assert [warning.startswith(f"  It {expected}") for warning in warnings] == ([True] if expected else []), line


def test_native_enums_go_up_and_down_and_up(library: Service, server: Server) -> None:
    add_column(library, "modules/loans/models.py", mood("red", "blue's"))
    add_module(library, "van", "loans", mood("red", "blue's"))
    first = library.run(*COMMAND, "Moods")

    assert written_by(first) == ["loans_0002", "vans_0001"]
    assert "fails" not in first
    assert read_revision(library, "loans_0002").count(".create(op.get_bind())") == 1
    assert ".create(" not in read_revision(library, "vans_0001")
    goes_up_and_down(library, server, "loans_0001")

    replace(library, "modules/loans/models.py", mood("red", "blue's"), mood("red", "green", "blue's", default="green"))
    replace(library, "modules/vans/models.py", mood("red", "blue's"), mood("red", "green", "blue's"))
    forgotten = library.run("pytest", "--no-cov", "-q", "tests/integration/test_migrations.py", "-k", "enums", expect=1)
    second = library.run(*COMMAND, "A new mood")

    assert "test_enums_and_checks_of_postgresql_are_those_of_the_models" in forgotten
    assert written_by(second) == ["loans_0003"]
    assert "fails" not in second
    goes_up_and_down(library, server, "loans_0002")
    labels = "SELECT enumlabel FROM pg_enum ORDER BY enumsortorder"
    assert server.query("service", labels) == ["red", "green", "blue's"]

    for number, (module, default) in ((2, ("vans", None)), (4, ("loans", "green"))):
        remove_column(library, f"modules/{module}/models.py", mood("red", "green", "blue's", default=default))
        third = library.run(*COMMAND, "No moods")
        assert written_by(third) == [f"{module}_{number:04}"]
        assert "fails" not in third

    goes_up_and_down(library, server, "loans_0003")
    assert server.query("service", labels) == []
    assert leads_to_the_models(library)


@pytest.mark.parametrize("library", [BLANK_ASYNC], indirect=True)
def test_checks_and_defaults_go_up_and_down_and_up(library: Service, server: Server) -> None:
    column = 'points: Mapped[int] = mapped_column(sa.CheckConstraint("points > 0", name="points"), server_default="1")'
    other = (
        column.replace(', server_default="1"', ', server_default="2"')
        .replace("> 0", "> 1")
        .replace('"points")', '"more")')
    )
    add_column(
        library, "modules/loans/models.py", column.replace('sa.CheckConstraint("points > 0", name="points"), ', "")
    )
    library.run(*COMMAND, "Points")
    replace(
        library,
        "modules/loans/models.py",
        column.replace('sa.CheckConstraint("points > 0", name="points"), ', ""),
        column,
    )

    output = library.run(*COMMAND, "Positive points")

    assert written_by(output) == ["loans_0003"]
    assert "It blocks loans while PostgreSQL checks all rows for ck_loans_points" in output
    goes_up_and_down(library, server, "loans_0002")

    replace(library, "modules/loans/models.py", column, other)
    library.run(*COMMAND, "More points")

    goes_up_and_down(library, server, "loans_0003")
    checks = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname ~ '^ck_loans'"
    assert server.query("service", checks) == ["CHECK ((points > 1))"]
    default = (
        "SELECT column_default FROM information_schema.columns WHERE table_name = 'loans' AND column_name = 'points'"
    )
    assert server.query("service", default) == ["'2'::bigint"]
    assert leads_to_the_models(library)


@pytest.mark.parametrize("library", [BLANK_ASYNC], indirect=True)
def test_a_revision_that_fails_is_reported(library: Service) -> None:
    replace(library, "modules/loans/models.py", "copies: Mapped[int]", "copies: Mapped[UUID]")

    output = library.run(*COMMAND, "Change a type")

    assert "Upgrading, downgrading and upgrading again fails: " in output
    assert "cannot be cast automatically to type uuid" in output


def mood(*values: str, default: str | None = None) -> str:
    """Return a column with a native enum."""
    more = f", server_default={default!r}" if default else ""
    return f'mood: Mapped[str | None] = mapped_column(sa.Enum({", ".join(map(repr, values))}, name="Mood"){more})'


def goes_up_and_down(library: Service, server: Server, before: str) -> None:
    """Upgrade PostgreSQL and SQLite, downgrade to `before`, and upgrade again."""
    server.query("postgres", "DROP DATABASE IF EXISTS service WITH (FORCE)", "CREATE DATABASE service")
    (library.folder / "library.db").unlink(missing_ok=True)
    sqlite = DATABASES[library.answers["database_access"]]
    for url in (server.url("service").replace("postgresql", "postgresql+psycopg", 1), sqlite):
        library.run("python", "-c", UP_DOWN_UP, before, variables={"DATABASE_URL": url})


def read_revision(library: Service, name: str) -> str:
    """Return the text of a revision; the end of its name may be missing."""
    [file] = library.folder.glob(f"migrations/versions/{name}*.py")
    return file.read_text(encoding="utf-8")


def replace(library: Service, path: str, old: str, new: str) -> None:
    """Replace a part of a file."""
    file = library.folder / "src/library" / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def add_column(library: Service, path: str, column: str) -> None:
    """Add a column to the first table of a file."""
    file = library.folder / "src/library" / path
    before, name, after = file.read_text(encoding="utf-8").partition("    __tablename__ = ")
    line, _, rest = after.partition("\n")
    before = before.replace("\nfrom ", "\nimport sqlalchemy as sa\nfrom ", 1)
    file.write_text(f"{before}{name}{line}\n    {column}\n{rest}", encoding="utf-8")


def remove_column(library: Service, path: str, column: str) -> None:
    """Remove the column."""
    file = library.folder / "src/library" / path
    file.write_text(file.read_text(encoding="utf-8").replace(f"    {column}\n", ""), encoding="utf-8")


def add_module(library: Service, name: str, refers_to: str, column: str = "") -> None:
    """Write a module without a migration."""
    modules = library.folder / "src/library/modules"
    (modules / f"{name}s").mkdir()
    (modules / f"{name}s" / "__init__.py").touch()
    models = MODELS.format(name=name, entity=name.capitalize(), refers_to=refers_to, column=column)
    (modules / f"{name}s" / "models.py").write_text(models, encoding="utf-8")
    with (modules / "__init__.py").open("a", encoding="utf-8") as file:
        file.write(f"from .{name}s import models as {name}s\n")


def remove_module(library: Service, name: str) -> None:
    """Remove a module except for its migrations."""
    modules = library.folder / "src/library/modules"
    shutil.rmtree(modules / f"{name}s")
    text = (modules / "__init__.py").read_text(encoding="utf-8")
    (modules / "__init__.py").write_text(
        text.replace(f"from .{name}s import models as {name}s\n", ""), encoding="utf-8"
    )


def written_by(output: str) -> list[str]:
    """Return the revisions that the command reported, in order, without their random ends."""
    names = [Path(line.split()[-1]).stem for line in output.splitlines() if line.startswith("Written: ")]
    found = [re.fullmatch(r"(\w+_\d{4})_[a-f][0-9a-f]{3}", name) for name in names]
    return [match[1] for match in found if match]


def revisions(library: Service) -> set[str]:
    """Return the files of the revisions."""
    return {path.relative_to(library.folder).as_posix() for path in library.folder.glob("migrations/versions/*.py")}


def leads_to_the_models(library: Service) -> bool:
    """Upgrade a database, and return whether Alembic finds no differences to the models."""
    (library.folder / "library.db").unlink(missing_ok=True)
    database = {"DATABASE_URL": DATABASES[library.answers["database_access"]]}
    library.run("alembic", "upgrade", "heads", variables=database)
    return "No new upgrade operations detected" in library.run("alembic", "check", variables=database)
