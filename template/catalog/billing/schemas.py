"""Requests and responses about tax rates, invoices, payments and credit notes."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ...core.money import CurrencyCode, MonetaryAmount, Within
from ...core.schemas import Digits, ListQuery, PlainDate, RecordRead, RequestModel, ResponseModel, ShortText, unchanged
from .models import InvoiceState
from .rules import TaxRounding

MAX_LINES = 100
"""The most lines of an invoice."""

Percent = Annotated[Decimal, Digits(6, 3, ge=Decimal(0), le=Decimal(100))]
Quantity = Annotated[Decimal, Digits(9, 3, ge=Decimal("0.001"))]
Price = Annotated[MonetaryAmount, Within(ge=Decimal(0))]
Payment = Annotated[MonetaryAmount, Within(ge=Decimal("0.0001"))]
PaymentDays = Annotated[int, Field(ge=0, le=365)]


class TaxRateCreate(RequestModel):
    """Fields of a new tax rate."""

    name: ShortText
    percent: Percent


class TaxRateUpdate(RequestModel):
    """Fields of a tax rate to change; a field that is left out keeps its value."""

    name: ShortText = unchanged()
    percent: Percent = unchanged()


class TaxRateRead(RecordRead):
    """A tax rate in a response."""

    name: str
    percent: Decimal


class InvoiceLineCreate(RequestModel):
    """A line of a draft."""

    description: ShortText
    quantity: Quantity = Decimal(1)
    unit_price: Price
    tax_rate: ShortText = Field(description="The name of a tax rate.")


Lines = Annotated[list[InvoiceLineCreate], Field(min_length=1, max_length=MAX_LINES)]


class InvoiceCreate(RequestModel):
    """Fields of a new draft."""

    customer_id: UUID
    currency: CurrencyCode
    lines: Lines
    payment_days: PaymentDays = 14


class InvoiceUpdate(RequestModel):
    """Fields of a draft to change; a field that is left out keeps its value. `lines` replaces all lines."""

    lines: Lines = unchanged()
    payment_days: PaymentDays = unchanged()


class InvoiceQuery(ListQuery):
    """Filters of the list of invoices."""

    customer_id: UUID | None = None
    state: InvoiceState | None = None
    number: int | None = Field(default=None, ge=1, le=2**63 - 1)
    due_on_from: PlainDate | None = None
    due_on_to: PlainDate | None = None


class InvoiceLineRead(ResponseModel):
    """A line in a response, with a copy of its tax rate."""

    description: str
    quantity: Decimal
    unit_price: MonetaryAmount
    tax_rate: str
    tax_percent: Decimal
    net: MonetaryAmount
    tax: MonetaryAmount
    credited: Decimal


class InvoiceRead(RecordRead):
    """An invoice in a response. `billed_to` is the customer at the time when the invoice was opened."""

    customer_id: UUID
    state: InvoiceState
    series: str | None
    number: int | None
    reference: str | None
    tax_rounding: TaxRounding
    payment_days: int
    opened_at: dt.datetime | None
    due_on: dt.date | None
    billed_to: dict[str, Any] | None
    lines: list[InvoiceLineRead]
    net: MonetaryAmount
    tax: MonetaryAmount
    total: MonetaryAmount
    paid: MonetaryAmount
    credited: MonetaryAmount
    balance: MonetaryAmount
    reminders: int


class InvoicePaymentCreate(RequestModel):
    """A payment that somebody records by hand."""

    invoice_id: UUID
    amount: Payment
    received_on: PlainDate


class InvoicePaymentQuery(ListQuery):
    """Filters of the list of payments."""

    invoice_id: UUID | None = None
    assigned: bool | None = None


class InvoicePaymentRead(RecordRead):
    """A payment in a response. `problem` says why it is not assigned to its invoice."""

    invoice_id: UUID
    amount: MonetaryAmount
    received_on: dt.date
    provider_id: str | None
    assigned: bool
    problem: str | None


class ProviderModel(BaseModel):
    """What a provider sends. Fields that this service does not know are ignored: providers add some at any time."""

    model_config = ConfigDict(hide_input_in_errors=True)


class ProviderPayment(ProviderModel):
    """Money that a provider has received."""

    payment_id: ShortText
    invoice_id: UUID
    amount: Payment
    received_on: PlainDate


class ProviderEvent(ProviderModel):
    """An event of a provider, in the format of Standard Webhooks."""

    type: str
    data: dict[str, Any]


class CreditedLine(RequestModel):
    """A part of the quantity of a line, whose position is counted from 1."""

    line: int = Field(ge=1, le=MAX_LINES)
    quantity: Quantity


class CreditNoteCreate(RequestModel):
    """Fields of a new credit note."""

    invoice_id: UUID
    reason: ShortText
    lines: list[CreditedLine] = Field(min_length=1, max_length=MAX_LINES)


class CreditNoteQuery(ListQuery):
    """Filters of the list of credit notes."""

    invoice_id: UUID | None = None


class CreditNoteLineRead(ResponseModel):
    """A credited part of a line in a response."""

    line: int
    quantity: Decimal
    net: MonetaryAmount
    tax: MonetaryAmount


class CreditNoteRead(RecordRead):
    """A credit note in a response."""

    invoice_id: UUID
    series: str | None
    number: int | None
    reference: str | None
    reason: str
    lines: list[CreditNoteLineRead]
    net: MonetaryAmount
    tax: MonetaryAmount
    total: MonetaryAmount
