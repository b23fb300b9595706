"""The tables of tax rates, invoices, payments and credit notes, and of the numbers that were given."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import Exact, UtcDateTime

revision = "billing_0001"
down_revision = None
branch_labels = ("billing",)
depends_on = ("customers_0001",)


def upgrade() -> None:
    """Create the tables."""
    columns = ["organisation_id", "created_at", "id"]
    op.create_table(
        "tax_rates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("percent", Exact(6, 3), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rates")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_tax_rates_organisation_id"),
        ),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_tax_rates_organisation_id_name")),
    )
    op.create_index(op.f("ix_tax_rates_organisation_id"), "tax_rates", columns)
    op.create_table(
        "invoice_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_series")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_invoice_series_organisation_id"),
        ),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_invoice_series_organisation_id_name")),
    )
    op.create_index(op.f("ix_invoice_series_organisation_id"), "invoice_series", columns)
    op.create_table(
        "invoices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("series", sa.String(20), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("tax_rounding", sa.String(50), nullable=False),
        sa.Column("payment_days", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("billed_to", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("net_amount", Exact(18, 4), nullable=False),
        sa.Column("net_currency", sa.String(3), nullable=False),
        sa.Column("tax_amount", Exact(18, 4), nullable=False),
        sa.Column("tax_currency", sa.String(3), nullable=False),
        sa.Column("total_amount", Exact(18, 4), nullable=False),
        sa.Column("total_currency", sa.String(3), nullable=False),
        sa.Column("paid_amount", Exact(18, 4), nullable=False),
        sa.Column("paid_currency", sa.String(3), nullable=False),
        sa.Column("credited_amount", Exact(18, 4), nullable=False),
        sa.Column("credited_currency", sa.String(3), nullable=False),
        sa.Column("reminders", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_invoices_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_invoices_customer_id")),
        sa.UniqueConstraint(
            "organisation_id",
            "series",
            "number",
            name=op.f("uq_invoices_organisation_id_series_number"),
        ),
    )
    op.create_index(op.f("ix_invoices_organisation_id"), "invoices", columns)
    for column in ("customer_id", "state", "due_on"):
        op.create_index(op.f(f"ix_invoices_{column}"), "invoices", [column])
    op.create_table(
        "invoice_payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("paid_amount", Exact(18, 4), nullable=False),
        sa.Column("paid_currency", sa.String(3), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("provider_id", sa.String(200), nullable=True),
        sa.Column("assigned", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_payments")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_invoice_payments_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_invoice_payments_invoice_id")),
        sa.UniqueConstraint(
            "organisation_id",
            "provider_id",
            name=op.f("uq_invoice_payments_organisation_id_provider_id"),
        ),
    )
    op.create_index(op.f("ix_invoice_payments_organisation_id"), "invoice_payments", columns)
    op.create_index(op.f("ix_invoice_payments_invoice_id"), "invoice_payments", ["invoice_id"])
    op.create_table(
        "credit_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("series", sa.String(20), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("net_amount", Exact(18, 4), nullable=False),
        sa.Column("net_currency", sa.String(3), nullable=False),
        sa.Column("tax_amount", Exact(18, 4), nullable=False),
        sa.Column("tax_currency", sa.String(3), nullable=False),
        sa.Column("total_amount", Exact(18, 4), nullable=False),
        sa.Column("total_currency", sa.String(3), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_notes")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_credit_notes_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"], name=op.f("fk_credit_notes_invoice_id")),
        sa.UniqueConstraint(
            "organisation_id",
            "series",
            "number",
            name=op.f("uq_credit_notes_organisation_id_series_number"),
        ),
    )
    op.create_index(op.f("ix_credit_notes_organisation_id"), "credit_notes", columns)
    op.create_index(op.f("ix_credit_notes_invoice_id"), "credit_notes", ["invoice_id"])


def downgrade() -> None:
    """Drop the tables."""
    for table in ("credit_notes", "invoice_payments", "invoices", "invoice_series", "tax_rates"):
        op.drop_table(table)
