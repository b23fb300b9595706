"""The tables of runs and their calls."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import Money, UtcDateTime

revision = "agents_0001"
down_revision = None
branch_labels = ("agents",)
depends_on = ("core_0001",)

COST = sa.Numeric(12, 6).with_variant(sa.Float(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "agent_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("instruction", sa.Text(), nullable=False),
        sa.Column("tools", sa.JSON(), nullable=False),
        sa.Column("max_steps", sa.BigInteger(), nullable=False),
        sa.Column("max_seconds", sa.BigInteger(), nullable=False),
        sa.Column("max_tokens", sa.BigInteger(), nullable=False),
        sa.Column("max_cost", Money(), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("failure", sa.String(50), nullable=True),
        sa.Column("detail", sa.String(200), nullable=True),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", COST, nullable=False),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("mistakes", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_runs")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_agent_runs_organisation_id"),
        ),
    )
    op.create_index(op.f("ix_agent_runs_organisation_id"), "agent_runs", ["organisation_id", "created_at", "id"])
    op.create_index(op.f("ix_agent_runs_state"), "agent_runs", ["state"])
    op.create_table(
        "agent_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", COST, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_calls")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_agent_calls_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["agent_runs.id"], name=op.f("fk_agent_calls_run_id")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_agent_calls_run_id_number")),
    )
    op.create_index(op.f("ix_agent_calls_organisation_id"), "agent_calls", ["organisation_id", "run_id", "number"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("agent_calls")
    op.drop_table("agent_runs")
