"""Tests of payments at the same time, on PostgreSQL."""

from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.billing.models import Invoice, InvoicePayment, InvoiceState
from your_service.modules.billing.payments import InvoicePaymentService
from your_service.modules.billing.schemas import InvoicePaymentCreate, ProviderPayment

from tests.support.factories import Payload
from tests.support.races import RaceRunner


async def test_concurrent_payments_never_exceed_the_balance(
    race: RaceRunner,
    invoice_payment_service: InvoicePaymentService,
    test_invoice: Invoice,
    invoice_payment_payload: Payload,
) -> None:
    half = InvoicePaymentCreate(**invoice_payment_payload(amount={"amount": "59.50", "currency": "EUR"}))
    await invoice_payment_service.session.commit()

    async def pay(session: AsyncSession) -> InvoicePayment:
        return await InvoicePaymentService(session, EventBus(session)).record(half)

    outcomes = await race(*[pay] * 5)

    await invoice_payment_service.session.refresh(test_invoice)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["Conflict"] * 3, *["InvoicePayment"] * 2]
    assert (test_invoice.state, test_invoice.balance.amount) == (InvoiceState.PAID, Decimal(0))


async def test_a_payment_of_the_provider_that_arrives_several_times_at_once_counts_once(
    race: RaceRunner,
    invoice_payment_service: InvoicePaymentService,
    test_invoice: Invoice,
    provider_payment: Payload,
) -> None:
    received = ProviderPayment.model_validate(provider_payment())
    await invoice_payment_service.session.commit()

    async def receive(session: AsyncSession) -> InvoicePayment | None:
        return await InvoicePaymentService(session, EventBus(session)).receive(received)

    outcomes = await race(*[receive] * 5)

    # None of them is an error, because the provider would repeat the event.
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvoicePayment", *["NoneType"] * 4]
    await invoice_payment_service.session.refresh(test_invoice)
    assert test_invoice.balance.amount == Decimal(0)
