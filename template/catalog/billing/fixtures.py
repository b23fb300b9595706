"""Fixtures of billing: tax rates, invoices, payments, credit notes, and events that a payment provider has signed."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook

from your_service.core.clock import utcnow
from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.billing.credits import CreditNoteService
from your_service.modules.billing.models import CreditNote, Invoice, InvoicePayment, TaxRate
from your_service.modules.billing.payments import InvoicePaymentService
from your_service.modules.billing.rules import TaxRounding
from your_service.modules.billing.schemas import (
    CreditNoteCreate,
    InvoiceCreate,
    InvoicePaymentCreate,
    TaxRateCreate,
)
from your_service.modules.billing.service import InvoiceService, TaxRateService
from your_service.modules.customers.models import Customer

from tests.support.factories import Factory, Payload

SECRET, OTHER_SECRET = (
    f"whsec_{b64encode(key).decode()}" for key in (b"first secret of the test", b"other secret of the test")
)
SERIES, CREDIT_SERIES = "INV", "CN"

SignedPayment = Callable[..., dict[str, Any]]
"""A function that makes the arguments of a POST request with a valid signature."""


@pytest.fixture
def tax_rate_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> TaxRateService:
    """The service for tax rates of the test's organisation."""
    return TaxRateService(db_session, event_bus)


@pytest.fixture
def tax_rate_payload() -> Payload:
    """Return a function that makes the request body of a tax rate, with a different name each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        return {"name": f"Rate {next(numbers)}", "percent": "19", **overrides}

    return make


@pytest.fixture
def make_tax_rate(tax_rate_service: TaxRateService, tax_rate_payload: Payload) -> Factory[TaxRate]:
    """Return a function that creates a tax rate; arguments override the payload."""

    async def make(**overrides: Any) -> TaxRate:
        return await tax_rate_service.create(TaxRateCreate(**tax_rate_payload(**overrides)))

    return make


@pytest.fixture
async def test_tax_rate(make_tax_rate: Factory[TaxRate]) -> TaxRate:
    """A tax rate of 19 %."""
    return await make_tax_rate(name="Standard")


@pytest.fixture
def invoice_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> InvoiceService:
    """The service for invoices of the test's organisation."""
    return InvoiceService(db_session, event_bus)


@pytest.fixture
def invoice_payload(test_customer: Customer, test_tax_rate: TaxRate) -> Payload:
    """Return a function that makes the request body of an invoice of 119.00 EUR for `test_customer`."""

    def make(**overrides: Any) -> dict[str, Any]:
        line = {
            "description": "Support",
            "quantity": "4",
            "unit_price": {"amount": "25.00", "currency": "EUR"},
            "tax_rate": test_tax_rate.name,
        }
        return {
            "customer_id": str(test_customer.id),
            "currency": "EUR",
            "lines": [line],
            "payment_days": 14,
            **overrides,
        }

    return make


@pytest.fixture
def make_draft(invoice_service: InvoiceService, invoice_payload: Payload) -> Factory[Invoice]:
    """Return a function that creates a draft; arguments override the payload."""

    async def make(**overrides: Any) -> Invoice:
        return await invoice_service.draft(InvoiceCreate(**invoice_payload(**overrides)), TaxRounding.LINE)

    return make


@pytest.fixture
async def test_draft(make_draft: Factory[Invoice]) -> Invoice:
    """A draft of 119.00 EUR for `test_customer`."""
    return await make_draft()


@pytest.fixture
def make_invoice(make_draft: Factory[Invoice], invoice_service: InvoiceService) -> Factory[Invoice]:
    """Return a function that creates an open invoice; arguments override the payload."""

    async def make(**overrides: Any) -> Invoice:
        draft = await make_draft(**overrides)
        return await invoice_service.open(draft.id, SERIES)

    return make


@pytest.fixture
async def test_invoice(make_invoice: Factory[Invoice]) -> Invoice:
    """An open invoice of 119.00 EUR for `test_customer`."""
    return await make_invoice()


@pytest.fixture
def test_invoice_id(test_invoice: Invoice) -> UUID:
    """The identifier of `test_invoice`."""
    return test_invoice.id


@pytest.fixture
def invoice_payment_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> InvoicePaymentService:
    """The service for payments of the test's organisation."""
    return InvoicePaymentService(db_session, event_bus)


@pytest.fixture
def invoice_payment_payload(test_invoice: Invoice) -> Payload:
    """Return a function that makes the request body of a payment of 19.00 EUR for `test_invoice`."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {
            "invoice_id": str(test_invoice.id),
            "amount": {"amount": "19.00", "currency": "EUR"},
            "received_on": "2030-01-20",
            **overrides,
        }

    return make


@pytest.fixture
def make_invoice_payment(
    invoice_payment_service: InvoicePaymentService,
    invoice_payment_payload: Payload,
) -> Factory[InvoicePayment]:
    """Return a function that records a payment; arguments override the payload."""

    async def make(**overrides: Any) -> InvoicePayment:
        return await invoice_payment_service.record(InvoicePaymentCreate(**invoice_payment_payload(**overrides)))

    return make


@pytest.fixture
async def test_invoice_payment(make_invoice_payment: Factory[InvoicePayment]) -> InvoicePayment:
    """A payment of 19.00 EUR for `test_invoice`."""
    return await make_invoice_payment()


@pytest.fixture
def credit_note_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> CreditNoteService:
    """The service for credit notes of the test's organisation."""
    return CreditNoteService(db_session, event_bus)


@pytest.fixture
def credit_note_payload(test_invoice: Invoice) -> Payload:
    """Return a function that makes the request body of a credit note for a quarter of `test_invoice`."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {
            "invoice_id": str(test_invoice.id),
            "reason": "Less support than agreed",
            "lines": [{"line": 1, "quantity": "1"}],
            **overrides,
        }

    return make


@pytest.fixture
def make_credit_note(credit_note_service: CreditNoteService, credit_note_payload: Payload) -> Factory[CreditNote]:
    """Return a function that issues a credit note; arguments override the payload."""

    async def make(**overrides: Any) -> CreditNote:
        return await credit_note_service.issue(CreditNoteCreate(**credit_note_payload(**overrides)), CREDIT_SERIES)

    return make


@pytest.fixture
async def test_credit_note(make_credit_note: Factory[CreditNote]) -> CreditNote:
    """A credit note for a quarter of `test_invoice`."""
    return await make_credit_note()


@pytest.fixture
def billing_app(app: FastAPI) -> Iterator[FastAPI]:
    """The application with two secrets of a payment provider."""
    before = app.state.settings
    secrets = {"billing_provider_secrets": SecretStr(f"{SECRET}, {OTHER_SECRET}")}
    app.state.settings = before.model_copy(update=secrets)
    yield app
    app.state.settings = before


@pytest.fixture
def provider_payment(test_invoice: Invoice) -> Payload:
    """Return a function that makes the data of a payment of 119.00 EUR that a provider received for `test_invoice`."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {
            "payment_id": "pay-1",
            "invoice_id": str(test_invoice.id),
            "amount": {"amount": "119.00", "currency": "EUR"},
            "received_on": "2030-01-20",
            **overrides,
        }

    return make


@pytest.fixture
def signed_payment(test_org_id: UUID) -> SignedPayment:
    """Return a function that signs an event of the provider: `client.post(**signed_payment(data))`."""

    def sign(
        data: Any,
        *,
        kind: str = "payment.succeeded",
        secret: str = SECRET,
        organisation_id: UUID = test_org_id,
        at: Any = None,
    ) -> dict[str, Any]:
        content = json.dumps({"type": kind, "data": data}).encode()
        moment = at or utcnow()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign("msg_1", moment, content.decode()),
        }
        return {"url": f"/invoice-payments/{organisation_id}/received", "content": content, "headers": headers}

    return sign
