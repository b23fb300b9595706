"""Tests of numbers that are given at the same time, on PostgreSQL."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.billing.models import Invoice
from your_service.modules.billing.service import InvoiceService

from tests.fixtures.billing import SERIES
from tests.support.factories import Factory
from tests.support.races import Racer, RaceRunner

AT_ONCE = 10


def opening(invoice: Invoice, *, fails: bool = False) -> Racer:
    """Open an invoice, and fail afterwards if asked to."""

    async def run(session: AsyncSession) -> int | None:
        opened = await InvoiceService(session, EventBus(session)).open(invoice.id, SERIES)
        if fails:
            raise ZeroDivisionError
        return opened.number

    return run


@pytest.fixture
async def numbers(
    race: RaceRunner,
    invoice_service: InvoiceService,
    make_draft: Factory[Invoice],
) -> list[int]:
    """The numbers of two hundred invoices, ten of which are opened at a time."""
    drafts = [await make_draft() for _ in range(200)]
    await invoice_service.session.commit()
    given: list[int] = []
    for start in range(0, len(drafts), AT_ONCE):
        given += await race(*map(opening, drafts[start : start + AT_ONCE]))
    return given


def test_two_hundred_invoices_get_numbers_without_gaps_or_duplicates(numbers: list[int]) -> None:
    assert sorted(numbers) == list(range(1, 201))


async def test_a_transaction_that_fails_leaves_no_gap(
    race: RaceRunner,
    invoice_service: InvoiceService,
    make_draft: Factory[Invoice],
) -> None:
    drafts = [await make_draft() for _ in range(AT_ONCE)]
    await invoice_service.session.commit()

    outcomes = await race(*(opening(draft, fails=number % 2 == 1) for number, draft in enumerate(drafts)))

    numbers = sorted(outcome for outcome in outcomes if isinstance(outcome, int))
    assert numbers == [1, 2, 3, 4, 5]
