"""The table of workflow runs."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime

revision = "n8n_0001"
down_revision = None
branch_labels = ("n8n",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "workflow_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("execution", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("failure", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_runs")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_workflow_runs_organisation_id"),
        ),
    )
    op.create_index(op.f("ix_workflow_runs_organisation_id"), "workflow_runs", ["organisation_id", "created_at", "id"])
    for columns in (["state", "due_at"], ["state"], ["workflow"]):
        op.create_index(op.f(f"ix_workflow_runs_{'_'.join(columns)}"), "workflow_runs", columns)


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("workflow_runs")
