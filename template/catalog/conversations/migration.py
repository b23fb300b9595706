"""The tables of conversations and their messages."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime
from your_service.core.search import create_search_index

revision = "conversations_0001"
down_revision = None
branch_labels = ("conversations",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "conversations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("channel", sa.String(50), nullable=False),
        sa.Column("participant", sa.String(254), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_conversations_organisation_id"),
        ),
    )
    op.create_index(op.f("ix_conversations_organisation_id"), "conversations", ["organisation_id", "created_at", "id"])
    op.create_index(
        op.f("ix_conversations_organisation_id_channel_participant"),
        "conversations",
        ["organisation_id", "channel", "participant"],
    )
    op.create_index(op.f("ix_conversations_state"), "conversations", ["state"])
    create_search_index("conversations", "participant")
    op.create_table(
        "conversation_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.String(50), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.Column("provider_id", sa.String(200), nullable=True),
        sa.Column("delivery", sa.String(50), nullable=True),
        sa.Column("failure", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_messages")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_conversation_messages_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_messages_conversation_id"),
        ),
        sa.UniqueConstraint(
            "conversation_id",
            "sequence",
            name=op.f("uq_conversation_messages_conversation_id_sequence"),
        ),
    )
    op.create_index(
        op.f("ix_conversation_messages_organisation_id"),
        "conversation_messages",
        ["organisation_id", "conversation_id", "sequence", "id"],
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("conversation_messages")
    op.drop_table("conversations")
