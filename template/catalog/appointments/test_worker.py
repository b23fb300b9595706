"""Tests of reminders with a real queue, worker, mail server and PostgreSQL."""

from typing import Any

import pytest
from time_machine import Traveller

from your_service.core.queues import LEASE
from your_service.core.tasks import Worker
from your_service.gateways.email import EmailSettings, SmtpEmailGateway
from your_service.modules.appointments.models import Appointment
from your_service.modules.appointments.service import MAX_REMINDERS
from your_service.modules.appointments.tasks import send_reminders
from your_service.modules.patients.models import Patient

from tests.support.faults import down, nonsense, slow
from tests.support.gateways.email import RecordingEmailGateway
from tests.support.gateways.email_server import HOST, SmtpServer
from tests.support.worker import in_worker

# `test_appointment` is within the next two weeks.
LEAD = 24 * 14
TIMEOUT = 0.15


def smtp_on(port: int) -> SmtpEmailGateway:
    """Return a client of a mail server on this machine."""
    values: dict[str, Any] = {"smtp_host": HOST, "smtp_port": port, "smtp_timeout_seconds": TIMEOUT}
    settings = EmailSettings(_env_file=None, smtp_security="none", email_sender="us@example.com", **values)
    return SmtpEmailGateway(settings)


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
    celery_app.email = smtp_on(smtp_server.port)

    for _ in range(MAX_REMINDERS + 2):
        await in_worker(send_reminders.run, LEAD)
        frozen_time.shift(LEASE)

    copies = {received.message["Message-ID"] for received in smtp_server.messages}
    assert (len(smtp_server.messages), len(copies)) == (2, 1)


@pytest.mark.parametrize("fault", [down, slow, nonsense])
async def test_a_reminder_is_sent_once_when_the_mail_server_works_again(
    celery_app: Worker,
    frozen_time: Traveller,
    smtp_server: SmtpServer,
    test_appointment: Appointment,
    fault: Any,
) -> None:
    with fault() as port:
        celery_app.email = smtp_on(port)
        failed = await in_worker(send_reminders.run, LEAD)
    celery_app.email = smtp_on(smtp_server.port)
    frozen_time.shift(LEASE)

    sent = [await in_worker(send_reminders.run, LEAD) for _ in range(2)]

    assert (failed, sent, len(smtp_server.messages)) == (0, [1, 0], 1)
