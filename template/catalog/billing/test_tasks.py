"""Tests of the task that reminds of overdue invoices."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from time_machine import Traveller

from your_service.core.tenancy import Organisation
from your_service.modules.billing.models import Invoice, InvoiceState, TaxRate
from your_service.modules.billing.service import InvoiceService
from your_service.modules.billing.tasks import TaskSettings, remind, schedule
from your_service.modules.customers.models import Customer

from tests.fixtures.billing import SERIES
from tests.support.factories import Factory
from tests.support.worker import in_worker
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase, TenantContext

DAYS = [3, 14]

pytestmark = pytest.mark.usefixtures("frozen_time", "celery_app", "no_handlers")


def noon_after(due_on: date | None, days: int) -> datetime:
    """Return noon of a number of days after the due date."""
    assert due_on is not None
    return datetime.combine(due_on + timedelta(days=days), time(12), FROZEN_NOW.tzinfo)


class TestRemind(ServiceTestCase[InvoiceService]):
    service_class = InvoiceService

    def reminders(self) -> list[Any]:
        """Return the data of the published reminders."""
        return [event.data for event in self.published_events if event.name == "invoice.overdue"]

    async def test_each_reminder_is_due_some_days_after_the_due_date(
        self,
        test_invoice: Invoice,
        frozen_time: Traveller,
    ) -> None:
        due_on, counts = test_invoice.due_on, []

        for days in (2, 3, 3, 13, 14, 100):
            frozen_time.move_to(noon_after(due_on, days))
            counts.append(await in_worker(remind.run, DAYS))

        await self.session.refresh(test_invoice)
        assert (counts, test_invoice.reminders) == ([0, 1, 0, 0, 1, 0], 2)
        assert self.reminders() == [{"reminder": number, "balance": "119.00 EUR"} for number in (1, 2)]
        overdue, message = self.published_events[-2:]
        assert (overdue.about, message.about) == (test_invoice.customer_id, test_invoice.customer_id)
        assert (message.name, message.data["subject"]) == ("invoice.message", "Invoice INV-000001 is overdue")

    async def test_one_run_counts_all_reminders_that_are_due(
        self,
        make_draft: Factory[Invoice],
        test_invoice: Invoice,
        frozen_time: Traveller,
    ) -> None:
        draft = await make_draft(payment_days=15)
        await self.service.open(draft.id, SERIES)
        frozen_time.move_to(noon_after(test_invoice.due_on, 14))

        assert await in_worker(remind.run, DAYS) == 3

        assert [data["reminder"] for data in self.reminders()] == [1, 2, 1]

    @pytest.mark.parametrize("state", [state for state in InvoiceState if state is not InvoiceState.OPEN])
    async def test_only_open_invoices_are_overdue(
        self,
        test_invoice: Invoice,
        frozen_time: Traveller,
        state: InvoiceState,
    ) -> None:
        test_invoice.state = state
        await self.session.flush()
        frozen_time.move_to(noon_after(test_invoice.due_on, 100))

        assert await in_worker(remind.run, DAYS) == 0

    async def test_invoices_of_every_organisation_are_overdue(
        self,
        make_draft: Factory[Invoice],
        make_customer: Factory[Customer],
        make_tax_rate: Factory[TaxRate],
        test_invoice: Invoice,
        other_org: Organisation,
        frozen_time: Traveller,
    ) -> None:
        with TenantContext(other_org):
            await make_tax_rate(name="Standard")
            customer = await make_customer()
            draft = await make_draft(customer_id=customer.id)
            await self.service.open(draft.id, SERIES)
        frozen_time.move_to(noon_after(test_invoice.due_on, 3))

        assert await in_worker(remind.run, DAYS) == 2


async def test_without_days_nobody_is_reminded(test_invoice: Invoice, frozen_time: Traveller) -> None:
    frozen_time.move_to(noon_after(test_invoice.due_on, 100))

    assert await in_worker(remind.run, []) == 0


def test_the_schedule_follows_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_REMINDER_DAYS", "1, 2")
    settings = TaskSettings(_env_file=None, billing_reminder_interval_seconds=60)

    (entry,) = schedule(settings).values()

    assert (entry["task"], entry["schedule"], entry["kwargs"]) == (remind.name, 60, {"days": [1, 2]})


@pytest.mark.parametrize(
    "settings",
    [
        {"billing_reminder_days": "3,3"},
        {"billing_reminder_days": "14,3"},
        {"billing_reminder_days": "-1"},
        {"billing_reminder_days": list(range(11))},
        {"billing_reminder_interval_seconds": 0},
    ],
)
def test_invalid_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(settings))):
        TaskSettings(_env_file=None, **settings)
