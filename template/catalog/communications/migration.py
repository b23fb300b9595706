"""The tables of communications, and of the people who write or opted out."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime

revision = "communications_0001"
down_revision = None
branch_labels = ("communications",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "communications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("channel", sa.String(50), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("recipient_kind", sa.String(50), nullable=True),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.String(200), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("token_kind", sa.String(50), nullable=True),
        sa.Column("template", sa.String(34), nullable=True),
        sa.Column("variables", sa.JSON(), nullable=True),
        sa.Column("send_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("failure", sa.String(200), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("provider_id", sa.String(100), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("copies", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_communications")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_communications_organisation_id"),
        ),
    )
    for columns in (
        ["organisation_id", "created_at", "id"],
        ["state", "due_at"],
        ["address"],
        ["recipient_id"],
        ["provider_id"],
        ["state"],
    ):
        name = "organisation_id" if "created_at" in columns else "_".join(columns)
        op.create_index(op.f(f"ix_communications_{name}"), "communications", columns)
    op.create_table(
        "communication_contacts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("channel", sa.String(50), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("opted_out_at", UtcDateTime(), nullable=True),
        sa.Column("last_message_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_communication_contacts")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_communication_contacts_organisation_id"),
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "channel",
            "address",
            name=op.f("uq_communication_contacts_organisation_id_channel_address"),
        ),
    )
    op.create_index(
        op.f("ix_communication_contacts_organisation_id"),
        "communication_contacts",
        ["organisation_id", "created_at", "id"],
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("communication_contacts")
    op.drop_table("communications")
