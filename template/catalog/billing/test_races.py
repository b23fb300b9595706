"""Tests of concurrent requests for invoices, on PostgreSQL."""

from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.billing.models import Invoice, InvoiceState
from your_service.modules.billing.payments import InvoicePaymentService
from your_service.modules.billing.schemas import InvoicePaymentCreate, InvoiceUpdate
from your_service.modules.billing.service import InvoiceService

from tests.fixtures.billing import SERIES
from tests.support.factories import Payload
from tests.support.races import RaceRunner


async def test_an_invoice_is_opened_once(
    race: RaceRunner,
    invoice_service: InvoiceService,
    test_draft: Invoice,
) -> None:
    await invoice_service.session.commit()

    async def open_it(session: AsyncSession) -> Invoice:
        return await InvoiceService(session, EventBus(session)).open(test_draft.id, SERIES)

    outcomes = await race(*[open_it] * 4)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidTransition"] * 3 + ["Invoice"]


async def test_a_draft_that_is_being_opened_cannot_be_changed(
    race_in_order: RaceRunner,
    invoice_service: InvoiceService,
    test_draft: Invoice,
) -> None:
    await invoice_service.session.commit()

    async def open_it(session: AsyncSession) -> Invoice:
        return await InvoiceService(session, EventBus(session)).open(test_draft.id, SERIES)

    async def revise(session: AsyncSession) -> Invoice:
        changes = InvoiceUpdate(payment_days=1)
        return await InvoiceService(session, EventBus(session)).revise(test_draft.id, changes)

    _, outcome = await race_in_order(open_it, revise)

    assert type(outcome).__name__ == "Conflict"


async def test_an_invoice_that_is_being_voided_cannot_be_paid(
    race_in_order: RaceRunner,
    invoice_service: InvoiceService,
    test_invoice: Invoice,
    invoice_payment_payload: Payload,
) -> None:
    data = InvoicePaymentCreate(**invoice_payment_payload())
    await invoice_service.session.commit()

    async def void(session: AsyncSession) -> Invoice:
        return await InvoiceService(session, EventBus(session)).void(test_invoice.id)

    async def pay(session: AsyncSession) -> object:
        return await InvoicePaymentService(session, EventBus(session)).record(data)

    _, outcome = await race_in_order(void, pay)

    await invoice_service.session.refresh(test_invoice)
    assert type(outcome).__name__ == "Conflict"
    assert (test_invoice.state, test_invoice.paid.amount) == (InvoiceState.VOID, Decimal(0))
