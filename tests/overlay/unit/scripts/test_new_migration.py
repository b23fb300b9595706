"""Tests of the plan that `python -m scripts.new_migration` makes."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import ops
from alembic.script import ScriptDirectory

from scripts.new_migration import History, branches_of_models, main, split, warnings_about
from tests.suite.programs import ROOT

Operations = Sequence[ops.MigrateOperation]


@pytest.fixture
def metadata() -> sa.MetaData:
    """The tables of two modules without a migration; `parcels` refers to `vans`, and `vans` to the core."""
    metadata = sa.MetaData()
    sa.Table("core_organisations", metadata, sa.Column("id", sa.Uuid, primary_key=True))
    sa.Table("parcels", metadata, sa.Column("id", sa.Uuid, primary_key=True), reference("vans"))
    sa.Table("vans", metadata, sa.Column("id", sa.Uuid, primary_key=True), reference("core_organisations"))
    return metadata


def reference(table: str) -> sa.Column[Any]:
    return sa.Column("reference_id", sa.ForeignKey(f"{table}.id"))


@pytest.fixture
def plan(metadata: sa.MetaData) -> Callable[[Operations], list[ops.MigrationScript]]:
    """Plan the revisions of this service and of those modules."""
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    tables = {"core_organisations": "core", "core_users": "core", "parcels": "parcels", "vans": "vans"}
    history = History(scripts, tables, metadata)

    def plan(operations: Operations) -> list[ops.MigrationScript]:
        script = ops.MigrationScript(None, ops.UpgradeOps(operations), ops.DowngradeOps(), message="A change")
        script.downgrade_ops = ops.UpgradeOps(operations).reverse()
        return split(script, history)

    return plan


def add_column(table: str, **options: Any) -> ops.MigrateOperation:
    return ops.ModifyTableOps(table, [ops.AddColumnOp(table, sa.Column("number", sa.Integer(), **options))])


def without_end(name: object) -> str:
    """Return the name of a new revision without its random end."""
    found = re.fullmatch(r"(\w+_\d{4})_[a-f][0-9a-f]{3}", str(name))
    assert found
    return found[1]


def test_table_of_the_core_changes_on_its_branch(plan: Callable[[Operations], list[ops.MigrationScript]]) -> None:
    (script,) = plan([add_column("core_users")])

    assert (without_end(script.rev_id), script.head, script.branch_label, script.depends_on) == (
        "core_0003",
        "core_0002",
        None,
        None,
    )


def test_new_modules_start_branches_in_the_order_of_their_references(
    plan: Callable[[Operations], list[ops.MigrationScript]],
    metadata: sa.MetaData,
) -> None:
    tables = [metadata.tables[name] for name in ("parcels", "vans")]

    scripts = plan([ops.CreateTableOp.from_table(table) for table in tables])

    assert [
        (without_end(script.rev_id), script.head, script.branch_label, script.depends_on) for script in scripts
    ] == [
        ("vans_0001", "base", "vans", ["core_0001"]),
        ("parcels_0001", "base", "parcels", [scripts[0].rev_id]),
    ]


def test_each_revision_can_be_undone(plan: Callable[[Operations], list[ops.MigrationScript]]) -> None:
    scripts = plan([add_column("core_users"), add_column("vans")])

    undone = {without_end(script.rev_id): script.downgrade_ops for script in scripts}
    assert {name: [vars(op)["table_name"] for op in side.ops] for name, side in undone.items() if side} == {
        "core_0003": ["core_users"],
        "vans_0001": ["vans"],
    }


def test_every_table_of_the_models_has_a_branch() -> None:
    branches = branches_of_models()

    assert branches["core_organisations"] == "core"
    revisions = ScriptDirectory(str(ROOT / "migrations")).walk_revisions()
    assert set(branches.values()) <= {label for revision in revisions for label in revision.branch_labels}


@pytest.mark.parametrize(
    ("statement", "warning"),
    [
        ("ALTER TABLE vans ADD COLUMN number BIGINT", None),
        ("ALTER TABLE vans ADD COLUMN number BIGINT DEFAULT 1 NOT NULL", None),
        ("ALTER TABLE vans ADD COLUMN number BIGINT NOT NULL", "adds vans.number without a value for existing rows"),
        ("ALTER TABLE vans ADD COLUMN code UUID DEFAULT gen_random_uuid()", "adds vans.code with a value computed"),
        ("ALTER TABLE vans DROP COLUMN number", "drops vans.number with its data"),
        ("DROP TABLE vans", "drops the table vans with its data"),
        ('ALTER TABLE "vans" ALTER COLUMN "number" SET NOT NULL', "makes vans.number required"),
        ("ALTER TABLE vans VALIDATE CONSTRAINT ck;\n\nALTER TABLE vans ALTER COLUMN number SET NOT NULL", None),
        ("ALTER TABLE vans ALTER COLUMN number DROP NOT NULL", None),
        ("ALTER TABLE vans ALTER COLUMN number TYPE TEXT", "changes the type of vans.number"),
        ("CREATE INDEX ix ON vans (number)", "blocks writes to vans while PostgreSQL builds the index ix"),
        ("CREATE UNIQUE INDEX ix ON vans (number)", "blocks writes to vans"),
        ("create index ix on vans (number)", "blocks writes to vans"),
        ("CREATE INDEX CONCURRENTLY ix ON vans (number)", None),
        ("CREATE TABLE vans (number BIGINT);\n\nCREATE INDEX ix ON vans (number)", None),
        ("ALTER TABLE vans ADD CONSTRAINT uq UNIQUE (number)", "blocks vans while PostgreSQL builds the index of uq"),
        ("ALTER TABLE vans ADD CONSTRAINT uq UNIQUE USING INDEX ix", None),
        (
            "ALTER TABLE vans ADD CONSTRAINT fk FOREIGN KEY(id) REFERENCES parcels (id)",
            "blocks vans while PostgreSQL checks",
        ),
        ("ALTER TABLE vans ADD CONSTRAINT fk FOREIGN KEY(id) REFERENCES parcels (id) NOT VALID", None),
        (
            "ALTER TABLE vans ADD CONSTRAINT ck CHECK (number > 0)",
            "blocks vans while PostgreSQL checks all rows for ck",
        ),
        ("UPDATE vans\nSET number = 1", "changes all rows of vans in one transaction"),
        ("DELETE FROM vans", "changes all rows of vans in one transaction"),
    ],
)
def test_a_warning_names_what_a_statement_does(statement: str, warning: str | None) -> None:
    warnings = list(warnings_about(f"BEGIN;\n\n{statement};\n\nCOMMIT;\n\n"))

    assert [text.startswith(warning or "") for text in warnings] == ([True] if warning else [])


def test_existing_revisions_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--check", "migrations/versions/core_0001.py"])

    assert capsys.readouterr().out == "migrations/versions/core_0001.py\n"


@pytest.mark.parametrize("message", ["", " . ", 'Say "no"', "Two\nlines", "back\\slash"])
def test_invalid_message_is_refused(message: str) -> None:
    with pytest.raises(SystemExit, match=r"^MESSAGE must be one line"):
        main([message])
