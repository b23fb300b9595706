"""Tests of the service for credit notes."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from your_service.core.errors import Conflict, Unprocessable
from your_service.core.money import MonetaryAmount
from your_service.modules.billing.credits import CreditNoteService
from your_service.modules.billing.models import CreditNote, Invoice, InvoicePayment, InvoiceState
from your_service.modules.billing.rules import add
from your_service.modules.billing.schemas import CreditNoteCreate, CreditNoteQuery
from your_service.modules.billing.service import InvoiceService

from tests.fixtures.billing import SERIES
from tests.support.factories import Factory, Payload
from tests.test_utils import ServiceTestCase

# Other modules may react to the events.
pytestmark = pytest.mark.usefixtures("no_handlers")


def part(quantity: str, number: int = 1) -> dict[str, Any]:
    return {"line": number, "quantity": quantity}


@pytest.mark.parametrize(
    ("field", "value"),
    [("reason", ""), ("lines", []), ("lines", [part("0")]), ("lines", [part("1", 0)]), ("lines", [part("1", 101)])],
)
def test_refuses_a_bad_value(credit_note_payload: Payload, field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        CreditNoteCreate(**credit_note_payload(**{field: value}))

    assert error.value.errors()[0]["loc"][0] == field


class TestCreditNoteService(ServiceTestCase[CreditNoteService]):
    service_class = CreditNoteService

    async def test_a_part_of_a_line_is_credited(
        self,
        test_invoice: Invoice,
        make_credit_note: Factory[CreditNote],
    ) -> None:
        note = await make_credit_note()

        assert (note.reference, str(note.net), str(note.tax)) == ("CN-000001", "25.00 EUR", "4.75 EUR")
        assert note.total == note.net + note.tax
        assert note.lines == [
            {
                "line": 1,
                "quantity": "1",
                "net": {"amount": "25.00", "currency": "EUR"},
                "tax": {"amount": "4.75", "currency": "EUR"},
            }
        ]
        await self.session.refresh(test_invoice)
        assert (test_invoice.state, str(test_invoice.balance)) == (InvoiceState.OPEN, "89.25 EUR")
        assert Decimal(test_invoice.lines[0]["credited"]) == 1
        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("credit_note.issued", note.id)
        assert event.data == {"invoice_id": str(test_invoice.id), "total": "29.75 EUR"}

    async def test_the_parts_add_up_to_the_invoice(
        self,
        invoice_service: InvoiceService,
        make_draft: Factory[Invoice],
        make_credit_note: Factory[CreditNote],
        invoice_payload: Payload,
    ) -> None:
        (line,) = invoice_payload()["lines"]
        price = {"amount": "0.35", "currency": "EUR"}
        draft = await make_draft(lines=[line | {"quantity": "1", "unit_price": price}])
        invoice = await invoice_service.open(draft.id, SERIES)

        parts = ["0.333", "0.333", "0.334"]
        notes = [await make_credit_note(invoice_id=invoice.id, lines=[part(each)]) for each in parts]

        assert (add([note.net for note in notes]), add([note.tax for note in notes])) == (invoice.net, invoice.tax)
        assert (invoice.credited, str(invoice.balance)) == (invoice.total, "0.00 EUR")
        assert invoice.state is InvoiceState.PAID
        assert [event.name for event in self.published_events[-2:]] == ["invoice.paid", "invoice.message"]

    async def test_one_credit_note_has_several_parts_of_a_line(
        self,
        test_invoice: Invoice,
        make_credit_note: Factory[CreditNote],
    ) -> None:
        note = await make_credit_note(lines=[part("1"), part("3")])

        assert (note.total, test_invoice.state) == (test_invoice.total, InvoiceState.PAID)

    async def test_a_paid_invoice_gets_money_back(
        self,
        test_invoice: Invoice,
        make_invoice_payment: Factory[InvoicePayment],
        make_credit_note: Factory[CreditNote],
    ) -> None:
        await make_invoice_payment(amount={"amount": "119.00", "currency": "EUR"})

        await make_credit_note()

        assert (test_invoice.state, str(test_invoice.balance)) == (InvoiceState.PAID, "-29.75 EUR")
        assert [event.name for event in self.published_events].count("invoice.paid") == 1

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            ([part("4.001")], r"Only 4 are left of line 1\."),
            ([part("3"), part("1.001")], r"Only 1 are left of line 1\."),
            ([part("1", 2)], r"This invoice has no line 2\."),
        ],
    )
    async def test_more_than_what_is_left_is_refused(
        self,
        make_credit_note: Factory[CreditNote],
        lines: list[dict[str, Any]],
        message: str,
    ) -> None:
        with pytest.raises(Unprocessable, match=message) as error:
            await make_credit_note(lines=lines)

        assert error.value.fields == ("lines",)

    @pytest.mark.parametrize("state", [InvoiceState.DRAFT, InvoiceState.VOID])
    async def test_only_a_final_invoice_can_be_credited(
        self,
        test_invoice: Invoice,
        make_credit_note: Factory[CreditNote],
        state: InvoiceState,
    ) -> None:
        test_invoice.state = state

        with pytest.raises(Conflict, match=f"This invoice is {state} and cannot be credited"):
            await make_credit_note()

    async def test_an_unknown_invoice_is_refused(self, make_credit_note: Factory[CreditNote]) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_credit_note(invoice_id=uuid4())

        assert error.value.fields == ("invoice_id",)

    async def test_list_filters(self, test_invoice: Invoice, make_credit_note: Factory[CreditNote]) -> None:
        note = await make_credit_note()

        found = await self.service.list(CreditNoteQuery(invoice_id=test_invoice.id))
        others = await self.service.list(CreditNoteQuery(invoice_id=uuid4()))

        assert (list(found.items), list(others.items)) == ([note], [])
        assert isinstance(note.total, MonetaryAmount)
