"""The table of files."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime
from your_service.core.search import create_search_index

revision = "media_0001"
down_revision = None
branch_labels = ("media",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "media",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("stored_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_media_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["uploaded_by"], ["core_users.id"], name=op.f("fk_media_uploaded_by")),
        sa.UniqueConstraint("organisation_id", "sha256", name=op.f("uq_media_organisation_id_sha256")),
    )
    op.create_index(op.f("ix_media_organisation_id"), "media", ["organisation_id", "created_at", "id"])
    for column in ("content_type", "uploaded_by", "stored_at"):
        op.create_index(op.f(f"ix_media_{column}"), "media", [column])
    create_search_index("media", "name")


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("media")
