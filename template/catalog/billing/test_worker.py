"""Tests of reminders with a real queue, worker and PostgreSQL."""

from datetime import timedelta

import pytest

from your_service.core.clock import utcnow
from your_service.modules.billing.models import Invoice
from your_service.modules.billing.service import InvoiceService
from your_service.modules.billing.tasks import remind

from tests.support.worker import in_worker


@pytest.mark.usefixtures("celery_worker")
async def test_workers_count_a_reminder_once(invoice_service: InvoiceService, test_invoice: Invoice) -> None:
    test_invoice.due_on = utcnow().date() - timedelta(days=3)
    await invoice_service.session.commit()

    tasks = [remind.delay([3]) for _ in range(3)]

    assert sorted([await in_worker(task.get, timeout=20, interval=0.001) for task in tasks]) == [0, 0, 1]
    await invoice_service.session.refresh(test_invoice)
    assert test_invoice.reminders == 1
