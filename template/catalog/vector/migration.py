"""The tables of documents and their chunks."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime
from your_service.core.search import create_search_index

revision = "vector_0001"
down_revision = None
branch_labels = ("vector",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the tables, and the extension where the server has it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("""
            DO $$ BEGIN
                IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
                    CREATE EXTENSION IF NOT EXISTS vector;
                END IF;
            END $$
        """)
    op.create_table(
        "vector_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("model", sa.String(200), nullable=True),
        sa.Column("failure", sa.String(200), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vector_documents")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_vector_documents_organisation_id"),
        ),
    )
    columns = ["organisation_id", "created_at", "id"]
    op.create_index(op.f("ix_vector_documents_organisation_id"), "vector_documents", columns)
    op.create_index(op.f("ix_vector_documents_state"), "vector_documents", ["state"])
    create_search_index("vector_documents", "title")
    op.create_table(
        "vector_chunks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("model", sa.String(200), nullable=True),
        sa.Column("embedding", sa.ARRAY(sa.REAL()).with_variant(sa.JSON(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vector_chunks")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_vector_chunks_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["vector_documents.id"],
            name=op.f("fk_vector_chunks_document_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("document_id", "position", name=op.f("uq_vector_chunks_document_id_position")),
    )
    columns = ["organisation_id", "document_id", "position"]
    op.create_index(op.f("ix_vector_chunks_organisation_id"), "vector_chunks", columns)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("vector_chunks")
    op.drop_table("vector_documents")
