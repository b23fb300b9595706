"""The tables of notifications, their templates, and the preferences of recipients."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime
from your_service.core.search import create_search_index

revision = "notifications_0001"
down_revision = None
branch_labels = ("notifications",)
depends_on = ("communications_0001",)


def upgrade() -> None:
    """Create the tables."""
    create_table(
        "notification_templates",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("short_text", sa.Text(), nullable=True),
        sa.Column("whatsapp_template", sa.String(34), nullable=True),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_notification_templates_organisation_id_name")),
    )
    create_search_index("notification_templates", "name")
    create_table(
        "notification_preferences",
        sa.Column("recipient_kind", sa.String(50), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("batch_minutes", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint(
            "organisation_id",
            "recipient_kind",
            "recipient_id",
            name=op.f("uq_notification_preferences_organisation_id_recipient_kind_recipient_id"),
        ),
    )
    create_table(
        "notifications",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_kind", sa.String(50), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("deliveries", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["notification_templates.id"],
            name=op.f("fk_notifications_template_id"),
        ),
    )
    op.create_index(op.f("ix_notifications_template_id"), "notifications", ["template_id"])
    op.create_index(
        op.f("ix_notifications_recipient_id_recipient_kind"), "notifications", ["recipient_id", "recipient_kind"]
    )
    create_table(
        "notification_messages",
        sa.Column("communication_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["communication_id"],
            ["communications.id"],
            name=op.f("fk_notification_messages_communication_id"),
        ),
        sa.UniqueConstraint("communication_id", name=op.f("uq_notification_messages_communication_id")),
    )


def create_table(name: str, *contents: Any) -> None:
    """Create a table of records."""
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        *contents,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["core_organisations.id"], name=op.f(f"fk_{name}_organisation_id")
        ),
    )
    op.create_index(op.f(f"ix_{name}_organisation_id"), name, ["organisation_id", "created_at", "id"])


def downgrade() -> None:
    """Drop the tables."""
    for name in ("notification_messages", "notifications", "notification_preferences", "notification_templates"):
        op.drop_table(name)
