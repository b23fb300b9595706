"""The tables of patients and of accesses to their records."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime
from your_service.core.search import create_search_index

revision = "patients_0001"
down_revision = None
branch_labels = ("patients",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "patients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("given_name", sa.String(200), nullable=False),
        sa.Column("family_name", sa.String(200), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(50), nullable=True),
        sa.Column("phone", sa.String(50), nullable=True),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("address", sa.String(200), nullable=True),
        sa.Column("given_name_key", sa.String(200), nullable=False),
        sa.Column("family_name_key", sa.String(200), nullable=False),
        sa.Column("phone_key", sa.String(50), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_patients_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"],
            ["patients.id"],
            name=op.f("fk_patients_merged_into_id"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_patients_organisation_id"), "patients", ["organisation_id", "created_at", "id"])
    for column in ("birth_date", "email", "phone_key", "merged_into_id"):
        op.create_index(op.f(f"ix_patients_{column}"), "patients", [column])
    create_search_index("patients", "given_name_key", "family_name_key", "phone_key", "email")
    op.create_table(
        "patient_accesses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_accesses")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_patient_accesses_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["core_users.id"], name=op.f("fk_patient_accesses_user_id")),
    )
    columns = ["organisation_id", "created_at", "id"]
    op.create_index(op.f("ix_patient_accesses_organisation_id"), "patient_accesses", columns)
    for column in ("user_id", "patient_id"):
        op.create_index(op.f(f"ix_patient_accesses_{column}"), "patient_accesses", [column])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("patient_accesses")
    op.drop_table("patients")
