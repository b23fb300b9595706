"""Tests of numbers without gaps."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.modules.billing.models import Invoice, InvoiceSeries
from your_service.modules.billing.numbers import give_number
from your_service.modules.billing.service import InvoiceService

from tests.fixtures.billing import SERIES
from tests.support.factories import Factory


async def test_a_failure_uses_no_number(
    invoice_service: InvoiceService,
    make_draft: Factory[Invoice],
    test_invoice: Invoice,
) -> None:
    failed, draft, before = await make_draft(), await make_draft(), test_invoice.number
    draft_id = draft.id
    savepoint = await invoice_service.session.begin_nested()
    await invoice_service.open(failed.id, SERIES)
    await savepoint.rollback()

    opened = await invoice_service.open(draft_id, SERIES)

    assert (before, opened.number) == (1, 2)


async def test_the_number_is_given_with_the_last_statements(
    db_session: AsyncSession,
    invoice_service: InvoiceService,
    test_draft: Invoice,
    test_invoice: Invoice,
    statements: list[str],
) -> None:
    statements.clear()

    await invoice_service.open(test_draft.id, SERIES)
    await db_session.flush()

    last = [statement.split()[:2] for statement in statements[-2:]]
    assert last == [["UPDATE", "invoice_series"], ["UPDATE", "invoices"]]


async def test_a_series_knows_its_last_number(
    db_session: AsyncSession,
    test_draft: Invoice,
) -> None:
    for _ in range(3):
        await give_number(db_session, test_draft, "A-1")

    found = await db_session.scalars(select(InvoiceSeries))
    series = found.one()
    await db_session.refresh(series)
    assert (series.name, series.last_number, test_draft.reference) == ("A-1", 3, "A-1-000003")
