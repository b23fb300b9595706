"""The table of tickets."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime
from your_service.core.search import create_search_index

revision = "tickets_0001"
down_revision = None
branch_labels = ("tickets",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("priority", sa.String(1), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_tickets_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["requester_id"], ["core_users.id"], name=op.f("fk_tickets_requester_id")),
        sa.ForeignKeyConstraint(["assignee_id"], ["core_users.id"], name=op.f("fk_tickets_assignee_id")),
    )
    op.create_index(op.f("ix_tickets_organisation_id"), "tickets", ["organisation_id", "priority", "created_at", "id"])
    for column in ("state", "requester_id", "assignee_id"):
        op.create_index(op.f(f"ix_tickets_{column}"), "tickets", [column])
    create_search_index("tickets", "title", "description")


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("tickets")
