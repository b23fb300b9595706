"""The tables of tax rates, invoices, payments and credit notes, and of the numbers that were given."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.database import Exact
from ...core.money import MonetaryAmount
from ...core.tenancy import Record, StatefulRecord
from .rules import TaxRounding


class TaxRate(Record):
    """A tax rate in percent. Lines have a copy of it, so a change concerns later invoices only."""

    __tablename__ = "tax_rates"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(String(200))
    percent: Mapped[Decimal] = mapped_column(Exact(6, 3))


class InvoiceSeries(Record):
    """A series of numbers without gaps, with the last number that was given."""

    __tablename__ = "invoice_series"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(String(20))
    last_number: Mapped[int]


class Numbered:
    """A document with a number in a series; it gets both when it is final."""

    series: Mapped[str | None] = mapped_column(String(20))
    number: Mapped[int | None]

    @property
    def reference(self) -> str | None:
        """The number as it is printed, such as `INV-000001`."""
        return None if self.number is None else f"{self.series}-{self.number:06}"


class InvoiceState(StrEnum):
    """The state of an invoice."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


class Invoice(Numbered, StatefulRecord):
    """An invoice. `lines` and `billed_to` are copies, so that an open invoice never changes."""

    __tablename__ = "invoices"
    __table_args__ = (UniqueConstraint("organisation_id", "series", "number"),)

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"), index=True)
    state: Mapped[InvoiceState] = mapped_column(default=InvoiceState.DRAFT, index=True)
    tax_rounding: Mapped[TaxRounding]
    payment_days: Mapped[int]
    opened_at: Mapped[dt.datetime | None]
    due_on: Mapped[dt.date | None] = mapped_column(index=True)
    billed_to: Mapped[dict[str, Any] | None]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    net: Mapped[MonetaryAmount] = MonetaryAmount.columns("net")
    tax: Mapped[MonetaryAmount] = MonetaryAmount.columns("tax")
    total: Mapped[MonetaryAmount] = MonetaryAmount.columns("total")
    paid: Mapped[MonetaryAmount] = MonetaryAmount.columns("paid")
    credited: Mapped[MonetaryAmount] = MonetaryAmount.columns("credited")
    reminders: Mapped[int] = mapped_column(default=0)

    @property
    def balance(self) -> MonetaryAmount:
        """What the customer still has to pay; negative if the customer gets money back."""
        return self.total - self.paid - self.credited


class InvoicePayment(Record):
    """Money for an invoice. What a provider received for an invoice that cannot be paid is stored as unassigned."""

    __tablename__ = "invoice_payments"
    __table_args__ = (UniqueConstraint("organisation_id", "provider_id"),)

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"), index=True)
    amount: Mapped[MonetaryAmount] = MonetaryAmount.columns("paid")
    received_on: Mapped[dt.date]
    provider_id: Mapped[str | None] = mapped_column(String(200))
    assigned: Mapped[bool] = mapped_column(default=True)
    problem: Mapped[str | None] = mapped_column(String(200))


class CreditNote(Numbered, Record):
    """A correction of an invoice, by parts of the quantities of its lines."""

    __tablename__ = "credit_notes"
    __table_args__ = (UniqueConstraint("organisation_id", "series", "number"),)

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"), index=True)
    reason: Mapped[str] = mapped_column(String(200))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    net: Mapped[MonetaryAmount] = MonetaryAmount.columns("net")
    tax: Mapped[MonetaryAmount] = MonetaryAmount.columns("tax")
    total: Mapped[MonetaryAmount] = MonetaryAmount.columns("total")
