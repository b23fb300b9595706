"""Tests of reminders with a real queue, worker, mail server and PostgreSQL."""

import pytest
from time_machine import Traveller

from your_service.core.queues import LEASE
from your_service.core.tasks import Worker
from your_service.gateways.email import EmailSettings, SmtpEmailGateway
from your_service.modules.appointments.models import Appointment
from your_service.modules.appointments.service import MAX_REMINDERS
from your_service.modules.appointments.tasks import send_reminders
from your_service.modules.patients.models import Patient

from tests.support.gateways.email import RecordingEmailGateway
from tests.support.gateways.email_server import HOST, SmtpServer
from tests.support.worker import in_worker

# `test_appointment` is within the next two weeks.
LEAD = 24 * 14


@pytest.mark.usefixtures("celery_worker")
async def test_a_worker_finds_and_sends_due_reminders(
    test_appointment: Appointment,
    test_patient: Patient,
    mock_email: RecordingEmailGateway,
) -> None:
    tasks = [send_reminders.delay(LEAD) for _ in range(2)]

    assert [await in_worker(task.get, timeout=20, interval=0.001) for task in tasks] == [1, 0]
    assert [email.to for email in mock_email.outbox] == [test_patient.email]


async def test_a_patient_gets_two_copies_at_most_when_the_mail_server_confirms_nothing(
    celery_app: Worker,
    frozen_time: Traveller,
    smtp_server: SmtpServer,
    test_appointment: Appointment,
) -> None:
    smtp_server.confirms = False
    settings = EmailSettings(
        _env_file=None,
        smtp_host=HOST,
        smtp_port=smtp_server.port,
        smtp_security="none",
        smtp_timeout_seconds=0.05,
        email_sender="us@example.com",
    )
    celery_app.email = SmtpEmailGateway(settings)

    for _ in range(MAX_REMINDERS + 2):
        await in_worker(send_reminders.run, LEAD)
        frozen_time.shift(LEASE)

    copies = {received.message["Message-ID"] for received in smtp_server.messages}
    assert (len(smtp_server.messages), len(copies)) == (2, 1)
