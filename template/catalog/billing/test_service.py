"""Tests of the services for tax rates and invoices."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from your_service.core.errors import Conflict, InvalidTransition, NotFound, Unprocessable
from your_service.core.money import MonetaryAmount
from your_service.core.tenancy import Organisation
from your_service.modules.billing.models import Invoice, InvoiceState, TaxRate
from your_service.modules.billing.rules import TaxRounding
from your_service.modules.billing.schemas import (
    InvoiceCreate,
    InvoiceQuery,
    InvoiceUpdate,
    TaxRateCreate,
    TaxRateUpdate,
)
from your_service.modules.billing.service import InvoiceService, TaxRateService
from your_service.modules.billing.settings import RouteSettings
from your_service.modules.customers.models import Customer
from your_service.modules.customers.service import CustomerService

from tests.fixtures.billing import SECRET, SERIES
from tests.support.factories import Factory, Payload
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase, TenantContext

# Other modules may react to the events.
pytestmark = pytest.mark.usefixtures("no_handlers")

MOVES = {
    InvoiceState.DRAFT: {InvoiceState.OPEN},
    InvoiceState.OPEN: {InvoiceState.PAID, InvoiceState.VOID, InvoiceState.UNCOLLECTIBLE},
    InvoiceState.UNCOLLECTIBLE: {InvoiceState.PAID, InvoiceState.VOID},
    InvoiceState.PAID: set(),
    InvoiceState.VOID: set(),
}


def euros(amount: str) -> MonetaryAmount:
    return MonetaryAmount(Decimal(amount), "EUR")


def line(unit_price: str = "25.00", *, currency: str = "EUR", **overrides: Any) -> dict[str, Any]:
    price = {"amount": unit_price, "currency": currency}
    return {"description": "Support", "quantity": "1", "unit_price": price, "tax_rate": "Standard", **overrides}


@pytest.mark.parametrize("percent", ["-1", "100.001", "1.0001", None])
@pytest.mark.parametrize("schema", [TaxRateCreate, TaxRateUpdate])
def test_a_tax_rate_refuses_a_bad_percentage(schema: type[BaseModel], percent: str | None) -> None:
    with pytest.raises(ValidationError) as error:
        schema.model_validate({"name": "Standard", "percent": percent})

    assert error.value.errors()[0]["loc"] == ("percent",)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lines", []),
        ("lines", None),
        ("lines", [line()] * 101),
        ("lines", [line("-1.00")]),
        ("lines", [line("0.001")]),
        ("lines", [line(currency="XXX")]),
        ("lines", [line(quantity="0")]),
        ("lines", [line(quantity="1.0001")]),
        ("lines", [line(description="")]),
        ("payment_days", -1),
        ("payment_days", 366),
        ("payment_days", None),
        ("state", "paid"),
        ("number", 1),
    ],
)
def test_a_draft_refuses_a_bad_value(invoice_payload: Payload, field: str, value: Any) -> None:
    for schema, known in ((InvoiceCreate, invoice_payload()), (InvoiceUpdate, {})):
        with pytest.raises(ValidationError) as error:
            schema.model_validate({**known, field: value})

        assert error.value.errors()[0]["loc"][0] == field


def test_an_invoice_is_due_after_two_weeks_by_default(invoice_payload: Payload) -> None:
    payload = invoice_payload()
    del payload["payment_days"]

    assert InvoiceCreate(**payload).payment_days == 14


@pytest.mark.parametrize(
    "settings",
    [
        {"billing_tax_rounding": "total"},
        {"billing_invoice_series": "inv"},
        {"billing_credit_note_series": ""},
        {"billing_provider_secrets": "secret"},
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(settings))):
        RouteSettings(_env_file=None, **settings)


def test_the_settings_have_defaults() -> None:
    settings = RouteSettings(_env_file=None, billing_provider_secrets=SecretStr(SECRET))

    assert (settings.billing_tax_rounding, settings.billing_invoice_series) == (TaxRounding.LINE, "INV")
    assert (settings.billing_credit_note_series, settings.billing_provider_secrets) == ("CN", SecretStr(SECRET))


class TestTaxRateService(ServiceTestCase[TaxRateService]):
    service_class = TaxRateService

    async def test_the_name_is_unique(self, make_tax_rate: Factory[TaxRate], test_tax_rate: TaxRate) -> None:
        with pytest.raises(Conflict) as error:
            await make_tax_rate(name=test_tax_rate.name)

        assert error.value.fields == ("name",)

    async def test_an_invoice_keeps_its_rate(self, test_tax_rate: TaxRate, test_draft: Invoice) -> None:
        await self.service.update(test_tax_rate.id, TaxRateUpdate(percent=Decimal(7)))
        await self.service.delete(test_tax_rate.id)

        assert test_draft.tax == euros("19.00")
        assert test_draft.lines[0]["tax_percent"] == "19.000"


class TestInvoiceService(ServiceTestCase[InvoiceService]):
    service_class = InvoiceService

    async def test_a_draft_has_the_amounts_of_its_lines(
        self,
        invoice_payload: Payload,
        make_tax_rate: Factory[TaxRate],
    ) -> None:
        await make_tax_rate(name="Reduced", percent="7")
        lines = [line("25.00", quantity="4"), line("0.99", quantity="2.5", tax_rate="Reduced")]

        draft = await self.service.draft(InvoiceCreate(**invoice_payload(lines=lines)), TaxRounding.LINE)

        assert (draft.state, draft.number, draft.series, draft.reference) == ("draft", None, None, None)
        assert (draft.net, draft.tax, draft.total) == (euros("102.48"), euros("19.17"), euros("121.65"))
        assert (draft.paid, draft.credited, draft.balance) == (euros("0.00"), euros("0.00"), draft.total)
        assert draft.lines[1] == {
            "description": "Support",
            "quantity": "2.5",
            "unit_price": {"amount": "0.99", "currency": "EUR"},
            "tax_rate": "Reduced",
            "tax_percent": "7.000",
            "net": {"amount": "2.48", "currency": "EUR"},
            "tax": {"amount": "0.17", "currency": "EUR"},
            "credited": "0.0",
        }
        assert self.published_events[-1].name == "invoice.created"
        assert self.published_events[-1].about == draft.customer_id

    @pytest.mark.parametrize(("rounding", "tax"), [(TaxRounding.LINE, "0.03"), (TaxRounding.INVOICE, "0.02")])
    async def test_tax_is_rounded_as_asked_for(
        self,
        invoice_payload: Payload,
        rounding: TaxRounding,
        tax: str,
    ) -> None:
        data = InvoiceCreate(**invoice_payload(lines=[line("0.03")] * 3))

        draft = await self.service.draft(data, rounding)
        revised = await self.service.revise(draft.id, InvoiceUpdate(lines=data.lines))

        assert (draft.tax, revised.tax, revised.tax_rounding) == (euros(tax), euros(tax), rounding)

    @pytest.mark.parametrize(("currency", "price", "total"), [("JPY", "1000", "4760"), ("KWD", "1.001", "4.765")])
    async def test_amounts_have_the_decimals_of_their_currency(
        self,
        make_draft: Factory[Invoice],
        currency: str,
        price: str,
        total: str,
    ) -> None:
        draft = await make_draft(currency=currency, lines=[line(price, currency=currency, quantity="4")])
        await self.session.refresh(draft)

        assert str(draft.total) == f"{total} {currency}"

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            ([line(), line(currency="USD")], "All prices of this invoice must be in EUR."),
            ([line(tax_rate="None")], "There is no tax rate None."),
            ([line("99999999999999.99", quantity="2")], "The sum is too large"),
            ([line("99999999999999.99")], "The sum is too large"),
        ],
    )
    async def test_lines_that_cannot_be_added_are_refused(
        self,
        make_draft: Factory[Invoice],
        lines: list[dict[str, Any]],
        message: str,
    ) -> None:
        with pytest.raises(Unprocessable, match=message) as error:
            await make_draft(lines=lines)

        assert error.value.fields == ("lines",)

    async def test_a_tax_rate_of_another_organisation_does_not_exist(
        self,
        make_customer: Factory[Customer],
        make_draft: Factory[Invoice],
        other_org: Organisation,
    ) -> None:
        with TenantContext(other_org):
            customer = await make_customer()
            with pytest.raises(Unprocessable, match="There is no tax rate"):
                await make_draft(customer_id=customer.id)

    async def test_revise_changes_only_the_given_fields(self, test_draft: Invoice) -> None:
        await self.service.revise(test_draft.id, InvoiceUpdate(payment_days=30))
        assert (test_draft.payment_days, test_draft.total) == (30, euros("119.00"))

        revised = await self.service.revise(test_draft.id, InvoiceUpdate(lines=[line("1.00")]))

        assert (revised.payment_days, revised.total, len(revised.lines)) == (30, euros("1.19"), 1)
        assert self.published_events[-1].data == {"fields": ["lines", "net", "tax", "total"]}

    async def test_a_draft_keeps_its_currency(self, test_draft: Invoice) -> None:
        with pytest.raises(Unprocessable, match="must be in EUR"):
            await self.service.revise(test_draft.id, InvoiceUpdate(lines=[line(currency="USD")]))

    async def test_an_open_invoice_is_neither_changed_nor_deleted(self, test_invoice: Invoice) -> None:
        with pytest.raises(Conflict, match="Only a draft"):
            await self.service.revise(test_invoice.id, InvoiceUpdate(payment_days=1))
        with pytest.raises(Conflict, match="Only a draft"):
            await self.service.delete(test_invoice.id)

        assert (test_invoice.payment_days, test_invoice.number) == (14, 1)

    async def test_a_draft_can_be_deleted(self, test_draft: Invoice) -> None:
        await self.service.delete(test_draft.id)

        with pytest.raises(NotFound):
            await self.service.get(test_draft.id)

    @pytest.mark.usefixtures("frozen_time")
    async def test_open_gives_number_date_and_a_copy_of_the_customer(
        self,
        test_draft: Invoice,
        test_customer: Customer,
    ) -> None:
        opened = await self.service.open(test_draft.id, SERIES)

        test_customer.name = "Another name"
        await self.session.flush()
        assert (opened.state, opened.series, opened.number, opened.reference) == ("open", "INV", 1, "INV-000001")
        assert (opened.opened_at, opened.due_on) == (FROZEN_NOW, FROZEN_NOW.date() + timedelta(days=14))
        assert opened.billed_to is not None
        assert opened.billed_to["name"].startswith("Bakery")
        assert opened.billed_to.keys() == {"name", "email", "address", "country", "tax_number"}
        assert self.published_events[-1].name == "invoice.opened"

    async def test_numbers_follow_each_other_in_each_series_and_organisation(
        self,
        make_draft: Factory[Invoice],
        make_customer: Factory[Customer],
        make_tax_rate: Factory[TaxRate],
        other_org: Organisation,
    ) -> None:
        drafts = [await make_draft() for _ in range(4)]
        opened = [await self.service.open(draft.id, series) for draft, series in zip(drafts, "AABA", strict=True)]
        with TenantContext(other_org):
            await make_tax_rate(name="Standard")
            customer = await make_customer()
            draft = await make_draft(customer_id=customer.id)
            theirs = await self.service.open(draft.id, "A")

        assert [invoice.reference for invoice in opened] == ["A-000001", "A-000002", "B-000001", "A-000003"]
        assert theirs.reference == "A-000001"

    async def test_an_invoice_about_nothing_is_paid_at_once(self, make_draft: Factory[Invoice]) -> None:
        draft = await make_draft(lines=[line("0.00")])

        opened = await self.service.open(draft.id, SERIES)

        assert (opened.state, opened.number) == (InvoiceState.PAID, 1)
        assert [event.name for event in self.published_events[-2:]] == ["invoice.opened", "invoice.paid"]

    @pytest.mark.parametrize("before", InvoiceState)
    async def test_only_some_moves_are_allowed(self, test_draft: Invoice, before: InvoiceState) -> None:
        for after in InvoiceState:
            test_draft.state = before
            if after in MOVES[before]:
                moved = await self.service.move_to(test_draft.id, after)
                assert moved.state is after
            else:
                with pytest.raises(InvalidTransition):
                    await self.service.move_to(test_draft.id, after)

    @pytest.mark.parametrize("before", [InvoiceState.OPEN, InvoiceState.UNCOLLECTIBLE])
    async def test_void_keeps_the_number(self, test_invoice: Invoice, before: InvoiceState) -> None:
        test_invoice.state = before

        voided = await self.service.void(test_invoice.id)

        assert (voided.state, voided.number) == (InvoiceState.VOID, 1)

    @pytest.mark.parametrize("amount", ["paid", "credited"])
    async def test_an_invoice_with_a_payment_or_a_credit_note_is_not_voided(
        self,
        test_invoice: Invoice,
        amount: str,
    ) -> None:
        setattr(test_invoice, amount, euros("0.01"))

        with pytest.raises(Conflict, match="cannot become void"):
            await self.service.void(test_invoice.id)

        assert test_invoice.state is InvoiceState.OPEN

    async def test_a_draft_is_deleted_instead_of_voided(self, test_draft: Invoice) -> None:
        with pytest.raises(InvalidTransition):
            await self.service.void(test_draft.id)

    async def test_a_customer_with_an_invoice_cannot_be_deleted(self, test_draft: Invoice) -> None:
        with pytest.raises(Conflict, match=f"needed by invoice {test_draft.id}"):
            await CustomerService(self.session, self.events).delete(test_draft.customer_id)

    async def test_a_deleted_customer_gets_no_invoice(
        self,
        make_customer: Factory[Customer],
        make_draft: Factory[Invoice],
    ) -> None:
        customer = await make_customer()
        await CustomerService(self.session, self.events).delete(customer.id)

        with pytest.raises(Unprocessable) as error:
            await make_draft(customer_id=customer.id)

        assert error.value.fields == ("customer_id",)

    async def test_list_filters(self, make_draft: Factory[Invoice], test_invoice: Invoice) -> None:
        await make_draft()
        assert test_invoice.due_on is not None
        queries = [
            InvoiceQuery(state=InvoiceState.OPEN),
            InvoiceQuery(number=1),
            InvoiceQuery(due_on_from=test_invoice.due_on, due_on_to=test_invoice.due_on),
        ]

        for query in queries:
            listing = await self.service.list(query)
            assert list(listing.items) == [test_invoice]
        others = await self.service.list(InvoiceQuery(due_on_to=test_invoice.due_on - timedelta(days=1)))
        assert list(others.items) == []
