"""The tables of inbound messages and of what was received from providers."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime
from your_service.core.search import create_search_index

revision = "webhooks_0001"
down_revision = None
branch_labels = ("webhooks",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "inbound_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("channel", sa.String(50), nullable=False),
        sa.Column("sender", sa.String(254), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_messages")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_inbound_messages_organisation_id"),
        ),
    )
    op.create_index(
        op.f("ix_inbound_messages_organisation_id"), "inbound_messages", ["organisation_id", "created_at", "id"]
    )
    op.create_index(op.f("ix_inbound_messages_sender"), "inbound_messages", ["sender"])
    create_search_index("inbound_messages", "text", "sender")
    op.create_table(
        "webhook_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("provider_id", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_receipts")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_webhook_receipts_organisation_id"),
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "kind",
            "provider_id",
            name=op.f("uq_webhook_receipts_organisation_id_kind_provider_id"),
        ),
    )
    op.create_index(
        op.f("ix_webhook_receipts_organisation_id"), "webhook_receipts", ["organisation_id", "created_at", "id"]
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("webhook_receipts")
    op.drop_table("inbound_messages")
