"""The table of intake sessions."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime

revision = "intake_0001"
down_revision = None
branch_labels = ("intake",)
depends_on = ("patients_0001",)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "intake_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("channel", sa.String(50), nullable=False),
        sa.Column("questionnaire", sa.String(2000), nullable=True),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("person", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_sessions")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_intake_sessions_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_intake_sessions_patient_id")),
        sa.UniqueConstraint(
            "organisation_id",
            "channel",
            "key",
            name=op.f("uq_intake_sessions_organisation_id_channel_key"),
        ),
    )
    columns = ["organisation_id", "created_at", "id"]
    op.create_index(op.f("ix_intake_sessions_organisation_id"), "intake_sessions", columns)
    for column in ("state", "patient_id"):
        op.create_index(op.f(f"ix_intake_sessions_{column}"), "intake_sessions", [column])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("intake_sessions")
