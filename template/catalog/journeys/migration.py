"""The tables of journeys."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime
from your_service.core.search import create_search_index

revision = "journeys_0001"
down_revision = None
branch_labels = ("journeys",)
depends_on = ("patients_0001",)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "journey_definitions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journey_definitions")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_journey_definitions_organisation_id"),
        ),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_journey_definitions_organisation_id_name")),
    )
    op.create_index(
        op.f("ix_journey_definitions_organisation_id"), "journey_definitions", ["organisation_id", "created_at", "id"]
    )
    create_search_index("journey_definitions", "name")
    op.create_table(
        "journeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("stage", sa.String(200), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("cancellation_reason", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journeys")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_journeys_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_journeys_patient_id")),
        sa.ForeignKeyConstraint(
            ["definition_id"],
            ["journey_definitions.id"],
            name=op.f("fk_journeys_definition_id"),
        ),
    )
    op.create_index(op.f("ix_journeys_organisation_id"), "journeys", ["organisation_id", "created_at", "id"])
    for column in ("patient_id", "definition_id", "stage", "state"):
        op.create_index(op.f(f"ix_journeys_{column}"), "journeys", [column])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("journeys")
    op.drop_table("journey_definitions")
