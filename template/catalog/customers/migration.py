"""The tables of customers, and of their contacts and notes."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import EmailAddress, UtcDateTime
from your_service.core.search import create_search_index

revision = "customers_0001"
down_revision = None
branch_labels = ("customers",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("email", EmailAddress(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("country", sa.String(2), nullable=True),
        sa.Column("tax_number", sa.String(50), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_customers_organisation_id"),
        ),
    )
    op.create_index(
        op.f("uq_customers_organisation_id_email"),
        "customers",
        ["organisation_id", "email"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
        sqlite_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(op.f("ix_customers_organisation_id"), "customers", ["organisation_id", "created_at", "id"])
    op.create_index(op.f("ix_customers_name"), "customers", ["organisation_id", "name", "created_at", "id"])
    create_search_index("customers", "name", "email")
    op.create_table(
        "customer_contacts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("position", sa.String(200), nullable=True),
        sa.Column("email", EmailAddress(), nullable=True),
        sa.Column("phone", sa.String(50), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_contacts")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_customer_contacts_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_contacts_customer_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "customer_id",
            "email",
            name=op.f("uq_customer_contacts_organisation_id_customer_id_email"),
        ),
    )
    columns = ["organisation_id", "created_at", "id"]
    op.create_index(op.f("ix_customer_contacts_organisation_id"), "customer_contacts", columns)
    op.create_index(op.f("ix_customer_contacts_customer_id"), "customer_contacts", ["customer_id"])
    create_search_index("customer_contacts", "name", "email")
    op.create_table(
        "customer_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_internal", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_notes")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_customer_notes_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_notes_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["author_id"], ["core_users.id"], name=op.f("fk_customer_notes_author_id")),
    )
    op.create_index(op.f("ix_customer_notes_organisation_id"), "customer_notes", columns)
    for column in ("customer_id", "author_id"):
        op.create_index(op.f(f"ix_customer_notes_{column}"), "customer_notes", [column])
    create_search_index("customer_notes", "text")


def downgrade() -> None:
    """Drop the tables."""
    for table in ("customer_notes", "customer_contacts", "customers"):
        op.drop_table(table)
