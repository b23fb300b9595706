"""Tests of `python -m scripts.new_migration`."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services import Service

COMMAND = ("python", "-m", "scripts.new_migration")
DATABASES = {"sync": "sqlite:///library.db", "async": "sqlite+aiosqlite:///library.db"}
MODELS = '''"""The table of {name}s."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ...core.tenancy import Record


class {entity}(Record):
    """Something that refers to {refers_to}."""

    __tablename__ = "{name}s"

    reference_id: Mapped[UUID] = mapped_column(ForeignKey("{refers_to}.id"))
'''


@pytest.fixture(params=[pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in ("blank", "blank-async")])
def library(request: pytest.FixtureRequest, written: Callable[[str], Service], tmp_path: Path) -> Service:
    """A copy of a service with own modules; `members` has two revisions, because it and `loans` refer to each other."""
    return written(request.param).copy(tmp_path / "library")


def test_each_module_that_changed_gets_its_revision(library: Service) -> None:
    add_column(library, "modules/loans/models.py", "colour: Mapped[str | None]")
    add_column(library, "modules/members/models.py", "points: Mapped[int]")
    add_column(library, "core/users.py", "nickname: Mapped[str | None]")
    # Sorted by name, the referenced module comes last.
    add_module(library, "parcel", "vans")
    add_module(library, "van", "loans")

    output = library.run(*COMMAND, "Deliver loans")

    assert written_by(output) == ["core_0002", "members_0003", "loans_0002", "vans_0001", "parcels_0001"]
    assert "It adds members.points without a value for existing rows: add a server_default." in output
    assert leads_to_the_models(library)

    remove_column(library, "modules/loans/models.py", "colour: Mapped[str | None]")
    remove_module(library, "parcel")

    output = library.run(*COMMAND, "Deliver no parcels")

    assert written_by(output) == ["loans_0003", "parcels_0002"]
    assert "It drops loans.colour with its data" in output
    assert "It drops the table parcels with its data." in output
    assert leads_to_the_models(library)


def test_nothing_is_written_without_changes(library: Service) -> None:
    output = library.run(*COMMAND, "Nothing")

    assert output == "The migrations match the models; nothing was written.\n"
    assert written_by(output) == []


@pytest.mark.parametrize("message", ["", " . ", 'Say "no"', "Two\nlines"])
def test_invalid_message_is_refused(library: Service, message: str) -> None:
    add_column(library, "modules/loans/models.py", "colour: Mapped[str | None]")

    output = library.run(*COMMAND, message, expect=1)

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


def add_column(library: Service, path: str, column: str) -> None:
    """Add a column to the first table of a file."""
    file = library.folder / "src/library" / path
    before, name, after = file.read_text(encoding="utf-8").partition("    __tablename__ = ")
    line, _, rest = after.partition("\n")
    file.write_text(f"{before}{name}{line}\n    {column}\n{rest}", encoding="utf-8")


def remove_column(library: Service, path: str, column: str) -> None:
    """Remove the column."""
    file = library.folder / "src/library" / path
    file.write_text(file.read_text(encoding="utf-8").replace(f"    {column}\n", ""), encoding="utf-8")


def add_module(library: Service, name: str, refers_to: str) -> None:
    """Write a module without a migration."""
    modules = library.folder / "src/library/modules"
    (modules / f"{name}s").mkdir()
    (modules / f"{name}s" / "__init__.py").touch()
    models = MODELS.format(name=name, entity=name.capitalize(), refers_to=refers_to)
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
    """Return the revisions that the command reported, in order."""
    return [Path(line.split()[-1]).stem for line in output.splitlines() if line.startswith("Written: ")]


def revisions(library: Service) -> set[str]:
    """Return the files of the revisions."""
    return {path.relative_to(library.folder).as_posix() for path in library.folder.glob("migrations/versions/*.py")}


def leads_to_the_models(library: Service) -> bool:
    """Upgrade a database, and return whether Alembic finds no differences to the models."""
    (library.folder / "library.db").unlink(missing_ok=True)
    database = {"DATABASE_URL": DATABASES[library.answers["database_access"]]}
    library.run("alembic", "upgrade", "heads", variables=database)
    return "No new upgrade operations detected" in library.run("alembic", "check", variables=database)
