"""Tests of the plan that `python -m scripts.new_migration` makes."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import ops
from alembic.script import ScriptDirectory

from scripts.new_migration import History, branches_of_models, main, report, split, warnings_about
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


def test_table_of_the_core_changes_on_its_branch(plan: Callable[[Operations], list[ops.MigrationScript]]) -> None:
    (script,) = plan([add_column("core_users")])

    assert (script.rev_id, script.head, script.branch_label, script.depends_on) == (
        "core_0002",
        "core_0001",
        None,
        None,
    )


def test_new_modules_start_branches_in_the_order_of_their_references(
    plan: Callable[[Operations], list[ops.MigrationScript]],
    metadata: sa.MetaData,
) -> None:
    tables = [metadata.tables[name] for name in ("parcels", "vans")]

    scripts = plan([ops.CreateTableOp.from_table(table) for table in tables])

    assert [(script.rev_id, script.head, script.branch_label, script.depends_on) for script in scripts] == [
        ("vans_0001", "base", "vans", ["core_0001"]),
        ("parcels_0001", "base", "parcels", ["vans_0001"]),
    ]


def test_each_revision_can_be_undone(plan: Callable[[Operations], list[ops.MigrationScript]]) -> None:
    scripts = plan([add_column("core_users"), add_column("vans")])

    undone = {script.rev_id: script.downgrade_ops for script in scripts}
    assert {name: [vars(op)["table_name"] for op in side.ops] for name, side in undone.items() if side} == {
        "core_0002": ["core_users"],
        "vans_0001": ["vans"],
    }


def test_every_table_of_the_models_has_a_branch() -> None:
    branches = branches_of_models()

    assert branches["core_organisations"] == "core"
    revisions = ScriptDirectory(str(ROOT / "migrations")).walk_revisions()
    assert set(branches.values()) <= {label for revision in revisions for label in revision.branch_labels}


@pytest.mark.parametrize(
    ("operation", "warning"),
    [
        (add_column("vans", nullable=True), None),
        (add_column("vans", nullable=False, server_default="1"), None),
        (add_column("vans", nullable=False), "adds vans.number without a value for existing rows"),
        (ops.ModifyTableOps("vans", [ops.DropColumnOp("vans", "number")]), "drops vans.number with its data"),
        (ops.DropTableOp("vans"), "drops the table vans with its data"),
        (ops.AlterColumnOp("vans", "number", modify_nullable=False), "makes vans.number required"),
        (ops.AlterColumnOp("vans", "number", modify_nullable=True), None),
        (ops.AlterColumnOp("vans", "number", modify_type=sa.Text()), "changes the type of vans.number"),
    ],
)
def test_warning_names_what_may_be_lost(operation: ops.MigrateOperation, warning: str | None) -> None:
    warnings = list(warnings_about([operation]))

    assert [text.startswith(warning or "") for text in warnings] == ([True] if warning else [])


def test_report_names_the_new_files(
    plan: Callable[[Operations], list[ops.MigrationScript]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(plan([add_column("core_users", nullable=False)]))

    assert capsys.readouterr().out.splitlines() == [
        "Written: migrations/versions/core_0002.py",
        "  It adds core_users.number without a value for existing rows: add a server_default.",
        "Review the migrations, then run: uv run alembic upgrade heads",
    ]


def test_report_says_that_nothing_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    report([])

    assert capsys.readouterr().out == "The migrations match the models; nothing was written.\n"


@pytest.mark.parametrize("message", ["", " . ", 'Say "no"', "Two\nlines", "back\\slash"])
def test_invalid_message_is_refused(message: str) -> None:
    with pytest.raises(SystemExit, match=r"^MESSAGE must be one line"):
        main([message])
