"""The tables of practitioners and appointments."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime
from your_service.core.search import create_search_index

revision = "appointments_0001"
down_revision = None
branch_labels = ("appointments",)
depends_on = ("patients_0001",)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "practitioners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("slot_minutes", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("working_hours", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioners")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_practitioners_organisation_id"),
        ),
    )
    op.create_index(op.f("ix_practitioners_organisation_id"), "practitioners", ["organisation_id", "created_at", "id"])
    create_search_index("practitioners", "name")
    op.create_table(
        "appointments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.Column("cancellation_reason", sa.String(200), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("reminder_attempts", sa.BigInteger(), nullable=False),
        sa.Column("reminder_claimed_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_appointments_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_appointments_patient_id")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioners.id"],
            name=op.f("fk_appointments_practitioner_id"),
        ),
    )
    op.create_index(op.f("ix_appointments_organisation_id"), "appointments", ["organisation_id", "starts_at", "id"])
    for columns in (
        ["practitioner_id", "starts_at"],
        ["patient_id", "starts_at"],
        ["starts_at"],
        ["state"],
    ):
        op.create_index(op.f(f"ix_appointments_{'_'.join(columns)}"), "appointments", columns)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("appointments")
    op.drop_table("practitioners")
