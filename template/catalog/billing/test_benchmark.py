"""Benchmarks of the service for invoices."""

import pytest

from your_service.modules.billing.models import Invoice, InvoiceState
from your_service.modules.billing.rules import TaxRounding
from your_service.modules.billing.schemas import InvoiceCreate, InvoiceQuery
from your_service.modules.billing.service import InvoiceService

from tests.fixtures.billing import SERIES
from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def drafts(make_draft: Factory[Invoice]) -> list[Invoice]:
    """A draft for each round."""
    return [await make_draft() for _ in range(ROUNDS)]


@pytest.fixture
async def open_invoices(drafts: list[Invoice], invoice_service: InvoiceService) -> list[Invoice]:
    """Open invoices."""
    return [await invoice_service.open(draft.id, SERIES) for draft in drafts]


def test_draft(measure: Measure, invoice_service: InvoiceService, invoice_payload: Payload) -> None:
    data = InvoiceCreate(**invoice_payload())

    created = measure(lambda: invoice_service.draft(data, TaxRounding.LINE))

    assert str(created.total) == "119.00 EUR"


def test_open(measure: Measure, invoice_service: InvoiceService, drafts: list[Invoice]) -> None:
    waiting = [draft.id for draft in drafts]

    opened = measure(lambda: invoice_service.open(waiting.pop(), SERIES))

    assert opened.state is InvoiceState.OPEN


def test_list_open(measure: Measure, invoice_service: InvoiceService, open_invoices: list[Invoice]) -> None:
    query = InvoiceQuery(state=InvoiceState.OPEN)

    found = measure(lambda: invoice_service.list(query))

    assert list(found.items) == open_invoices[: query.limit]
