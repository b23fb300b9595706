"""Tests of reminders with a real queue, worker and PostgreSQL."""

import pytest

from your_service.modules.appointments.models import Appointment
from your_service.modules.appointments.tasks import queue_reminders, send_reminder
from your_service.modules.patients.models import Patient

from tests.support.gateways.email import RecordingEmailGateway
from tests.support.worker import in_worker

pytestmark = pytest.mark.usefixtures("celery_worker")

# `test_appointment` is within the next two weeks.
LEAD = 24 * 14


async def test_a_worker_sends_a_queued_reminder(
    test_appointment: Appointment,
    test_patient: Patient,
    mock_email: RecordingEmailGateway,
) -> None:
    result = send_reminder.delay(test_appointment.organisation_id, test_appointment.id, LEAD)

    assert await in_worker(result.get, timeout=20, interval=0.001) is True

    assert [email.to for email in mock_email.outbox] == [test_patient.email]


async def test_a_worker_finds_and_sends_due_reminders(
    test_appointment: Appointment,
    test_patient: Patient,
    mock_email: RecordingEmailGateway,
) -> None:
    found = queue_reminders.delay(lead_hours=LEAD)

    assert await in_worker(found.get, timeout=20, interval=0.001) == 1
    # A single worker runs tasks in order: this result comes after the reminder.
    again = queue_reminders.delay(lead_hours=LEAD)
    assert await in_worker(again.get, timeout=20, interval=0.001) == 0
    assert [email.to for email in mock_email.outbox] == [test_patient.email]
