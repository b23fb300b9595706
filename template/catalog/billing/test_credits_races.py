"""Tests of credit notes at the same time, on PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.billing.credits import CreditNoteService
from your_service.modules.billing.models import CreditNote, Invoice
from your_service.modules.billing.schemas import CreditNoteCreate

from tests.fixtures.billing import CREDIT_SERIES
from tests.support.factories import Payload
from tests.support.races import RaceRunner


async def test_concurrent_credit_notes_never_exceed_the_invoice(
    race: RaceRunner,
    credit_note_service: CreditNoteService,
    test_invoice: Invoice,
    credit_note_payload: Payload,
) -> None:
    half = CreditNoteCreate(**credit_note_payload(lines=[{"line": 1, "quantity": "2"}]))
    await credit_note_service.session.commit()

    async def credit(session: AsyncSession) -> CreditNote:
        return await CreditNoteService(session, EventBus(session)).issue(half, CREDIT_SERIES)

    outcomes = await race(*[credit] * 4)

    await credit_note_service.session.refresh(test_invoice)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["CreditNote"] * 2, *["Unprocessable"] * 2]
    assert test_invoice.credited == test_invoice.total
    assert sorted(each.number for each in outcomes if isinstance(each, CreditNote) and each.number) == [1, 2]
