"""Tests of the service for payments."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from your_service.core.errors import Conflict, Unprocessable
from your_service.modules.billing.models import Invoice, InvoicePayment, InvoiceState
from your_service.modules.billing.payments import InvoicePaymentService
from your_service.modules.billing.schemas import (
    InvoicePaymentCreate,
    InvoicePaymentQuery,
    ProviderPayment,
)

from tests.support.factories import Factory, Payload
from tests.test_utils import ServiceTestCase

# Other modules may react to the events.
pytestmark = pytest.mark.usefixtures("no_handlers")


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", money("0.00")),
        ("amount", money("-1.00")),
        ("amount", money("0.001")),
        ("amount", "1.00"),
        ("received_on", "yesterday"),
        ("provider_id", "pay-1"),
    ],
)
def test_refuses_a_bad_value(invoice_payment_payload: Payload, field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        InvoicePaymentCreate(**invoice_payment_payload(**{field: value}))

    assert error.value.errors()[0]["loc"][0] == field


class TestInvoicePaymentService(ServiceTestCase[InvoicePaymentService]):
    service_class = InvoicePaymentService

    async def receive(self, data: dict[str, Any]) -> InvoicePayment | None:
        """Receive a payment of the provider."""
        return await self.service.receive(ProviderPayment.model_validate(data))

    async def test_a_part_leaves_the_invoice_open(
        self,
        test_invoice: Invoice,
        make_invoice_payment: Factory[InvoicePayment],
    ) -> None:
        payment = await make_invoice_payment()

        assert (test_invoice.state, str(test_invoice.balance)) == (InvoiceState.OPEN, "100.00 EUR")
        assert (payment.assigned, payment.problem, payment.provider_id) == (True, None, None)
        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("invoice_payment.recorded", payment.id)
        assert event.data == {"invoice_id": str(test_invoice.id), "amount": "19.00 EUR"}

    @pytest.mark.parametrize("before", [InvoiceState.OPEN, InvoiceState.UNCOLLECTIBLE])
    async def test_the_rest_pays_the_invoice(
        self,
        test_invoice: Invoice,
        make_invoice_payment: Factory[InvoicePayment],
        before: InvoiceState,
    ) -> None:
        test_invoice.state = before
        for amount in ("100.00", "19.00"):
            await make_invoice_payment(amount=money(amount))

        assert (test_invoice.state, str(test_invoice.balance)) == (InvoiceState.PAID, "0.00 EUR")
        paid, message = self.published_events[-2:]
        assert (paid.name, paid.record_id, paid.data) == ("invoice.paid", test_invoice.id, {"before": before})
        assert (message.name, message.record_id, message.about) == ("invoice.message", paid.record_id, paid.about)
        assert test_invoice.billed_to is not None
        assert message.data["recipient"] == test_invoice.billed_to["email"]
        assert message.data["subject"] == "Receipt for invoice INV-000001"

    async def test_a_customer_without_an_address_gets_no_receipt(
        self,
        test_invoice: Invoice,
        make_invoice_payment: Factory[InvoicePayment],
    ) -> None:
        test_invoice.billed_to = {"name": "Bakery", "email": None}

        await make_invoice_payment(amount=money("119.00"))

        assert self.published_events[-1].name == "invoice.paid"

    @pytest.mark.parametrize(
        ("amount", "message"),
        [
            (money("119.01"), r"Only 119\.00 EUR are left to pay\."),
            (money("119.00", "USD"), r"This invoice is in EUR\."),
        ],
    )
    async def test_another_amount_is_refused(
        self,
        test_invoice: Invoice,
        make_invoice_payment: Factory[InvoicePayment],
        amount: dict[str, str],
        message: str,
    ) -> None:
        with pytest.raises(Unprocessable, match=message) as error:
            await make_invoice_payment(amount=amount)

        assert error.value.fields == ("amount",)
        assert test_invoice.paid.amount == Decimal(0)

    @pytest.mark.parametrize("state", [InvoiceState.DRAFT, InvoiceState.PAID, InvoiceState.VOID])
    async def test_only_some_invoices_can_be_paid(
        self,
        test_invoice: Invoice,
        make_invoice_payment: Factory[InvoicePayment],
        state: InvoiceState,
    ) -> None:
        test_invoice.state = state

        with pytest.raises(Conflict, match=f"This invoice is {state} and cannot be paid"):
            await make_invoice_payment()

    async def test_an_unknown_invoice_is_refused(self, make_invoice_payment: Factory[InvoicePayment]) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_invoice_payment(invoice_id=uuid4())

        assert error.value.fields == ("invoice_id",)

    async def test_a_payment_of_the_provider_counts_once(
        self,
        test_invoice: Invoice,
        provider_payment: Payload,
    ) -> None:
        payments = [await self.receive(provider_payment(amount=money("19.00"))) for _ in range(2)]
        other = await self.receive(provider_payment(payment_id="pay-2", amount=money("100.00")))

        assert [payment is None for payment in [*payments, other]] == [False, True, False]
        assert (test_invoice.state, str(test_invoice.paid)) == (InvoiceState.PAID, "119.00 EUR")

    @pytest.mark.parametrize(
        ("state", "amount", "problem"),
        [
            (InvoiceState.VOID, "119.00", "This invoice is void and cannot be paid."),
            (InvoiceState.OPEN, "120.00", "Only 119.00 EUR are left to pay."),
        ],
    )
    async def test_money_that_an_invoice_does_not_accept_is_kept(
        self,
        test_invoice: Invoice,
        provider_payment: Payload,
        state: InvoiceState,
        amount: str,
        problem: str,
    ) -> None:
        test_invoice.state = state

        payment = await self.receive(provider_payment(amount=money(amount)))

        assert payment is not None
        assert (payment.assigned, payment.problem, str(payment.amount)) == (False, problem, f"{amount} EUR")
        assert (test_invoice.state, test_invoice.paid.amount) == (state, Decimal(0))
        event = self.published_events[-1]
        assert event.name == "invoice_payment.unassigned"
        assert event.data == {"invoice_id": str(test_invoice.id), "problem": problem}
        assert await self.receive(provider_payment(amount=money(amount))) is None

    async def test_a_payment_of_the_provider_for_an_unknown_invoice_is_refused(self, provider_payment: Payload) -> None:
        with pytest.raises(Unprocessable) as error:
            await self.receive(provider_payment(invoice_id=str(uuid4())))

        assert error.value.fields == ("data",)

    async def test_list_filters(self, test_invoice_payment: InvoicePayment, provider_payment: Payload) -> None:
        unassigned = await self.receive(provider_payment(amount=money("120.00")))

        for query, found in (
            (InvoicePaymentQuery(assigned=True), [test_invoice_payment]),
            (InvoicePaymentQuery(assigned=False), [unassigned]),
            (InvoicePaymentQuery(invoice_id=test_invoice_payment.invoice_id), [test_invoice_payment, unassigned]),
            (InvoicePaymentQuery(invoice_id=uuid4()), []),
        ):
            listing = await self.service.list(query)
            assert list(listing.items) == found
