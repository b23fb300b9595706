"""Tests of messages with a real queue, worker, mail server, server of Twilio's API, and PostgreSQL."""

from typing import Any

import pytest
from time_machine import Traveller

from your_service.core.queues import LEASE
from your_service.core.tasks import Worker
from your_service.gateways.email import EmailSettings, SmtpEmailGateway
from your_service.gateways.twilio import TwilioClient, TwilioSettings
from your_service.modules.communications.models import Communication
from your_service.modules.communications.rules import MAX_COPIES
from your_service.modules.communications.service import CommunicationService
from your_service.modules.communications.tasks import send_due

from tests.support.factories import Factory
from tests.support.faults import down, nonsense
from tests.support.gateways.email_server import HOST, SmtpServer
from tests.support.gateways.twilio import RecordingTwilioGateway
from tests.support.gateways.twilio_server import ACCOUNT, TwilioServer
from tests.support.worker import in_worker

EMAIL = {"channel": "email", "address": "ada@example.com", "subject": "Your visit"}
TIMEOUT = 0.15


def twilio_on(port: int, timeout: float = 5) -> TwilioClient:
    """Return a client of a server on this machine."""
    values: dict[str, Any] = {"twilio_api_url": f"http://{HOST}:{port}", "twilio_timeout_seconds": timeout}
    settings = TwilioSettings(_env_file=None, twilio_account_sid=ACCOUNT, twilio_phone_number="+15005550006", **values)
    return TwilioClient(settings)


def smtp_on(port: int, timeout: float = 5) -> SmtpEmailGateway:
    """Return a client of a mail server on this machine."""
    values: dict[str, Any] = {"smtp_host": HOST, "smtp_port": port, "smtp_timeout_seconds": timeout}
    settings = EmailSettings(_env_file=None, smtp_security="none", email_sender="us@example.com", **values)
    return SmtpEmailGateway(settings)


@pytest.mark.usefixtures("celery_worker")
async def test_a_worker_finds_and_sends_due_messages(
    test_communication: Communication,
    mock_twilio: RecordingTwilioGateway,
) -> None:
    runs = [send_due.delay() for _ in range(2)]

    assert [await in_worker(run.get, timeout=20, interval=0.001) for run in runs] == [1, 0]
    assert [message.text for message in mock_twilio.outbox] == [test_communication.text]


class TestFaults:
    """Twilio or the mail server is down, slow, or answers nonsense: the message is sent later."""

    @pytest.fixture(autouse=True)
    def _prepare(
        self,
        celery_app: Worker,
        frozen_time: Traveller,
        twilio_server: TwilioServer,
        smtp_server: SmtpServer,
        communication_service: CommunicationService,
        make_communication: Factory[Communication],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Use real clients."""
        monkeypatch.setenv("NO_PROXY", HOST)
        self.worker, self.time, self.make = celery_app, frozen_time, make_communication
        self.session, self.twilio, self.smtp = communication_service.session, twilio_server, smtp_server
        self.twilio_port = int(twilio_server.url.rpartition(":")[2])

    async def send(self, communication: Communication) -> int:
        """Send a message at the time when it is due, and read it again."""
        self.time.move_to(communication.due_at)
        accepted = await in_worker(send_due.run)
        await self.session.refresh(communication)
        return accepted

    async def fail(self, communication: Communication, copies: int) -> None:
        """Try to send a message, which stays queued and may have been sent `copies` times."""
        assert await self.send(communication) == 0
        assert (communication.state, communication.copies) == ("queued", copies)

    async def recover(self, communication: Communication) -> None:
        """Send a message that failed before."""
        self.worker.twilio = twilio_on(self.twilio_port)
        self.worker.email = smtp_on(self.smtp.port)
        assert await self.send(communication) == 1
        assert communication.state == "sent"

    async def test_twilio_is_down(self) -> None:
        message = await self.make()
        with down() as port:
            self.worker.twilio = twilio_on(port)
            await self.fail(message, copies=0)

        await self.recover(message)

        assert [each["Body"] for each in self.twilio.messages] == [message.text]

    async def test_twilio_is_slow(self) -> None:
        message = await self.make()
        self.worker.twilio = twilio_on(self.twilio_port, TIMEOUT)
        self.twilio.confirms = False
        await self.fail(message, copies=1)

        self.twilio.confirms = True
        await self.recover(message)

        assert [each["Body"] for each in self.twilio.messages] == [message.text] * MAX_COPIES

    async def test_twilio_answers_nonsense(self) -> None:
        message = await self.make()
        with nonsense() as port:
            self.worker.twilio = twilio_on(port)
            await self.fail(message, copies=1)

        await self.recover(message)

        assert [each["Body"] for each in self.twilio.messages] == [message.text]

    async def test_the_mail_server_is_down(self) -> None:
        message = await self.make(**EMAIL)
        with down() as port:
            self.worker.email = smtp_on(port)
            await self.fail(message, copies=0)

        await self.recover(message)

        assert len(self.smtp.messages) == 1

    async def test_the_mail_server_is_slow(self) -> None:
        message = await self.make(**EMAIL)
        self.worker.email = smtp_on(self.smtp.port, TIMEOUT)
        self.smtp.confirms = False
        await self.fail(message, copies=1)

        self.smtp.confirms = True
        await self.recover(message)

        assert len({received.message["Message-ID"] for received in self.smtp.messages}) == 1
        assert len(self.smtp.messages) == MAX_COPIES

    async def test_the_mail_server_answers_nonsense(self) -> None:
        message = await self.make(**EMAIL)
        with nonsense() as port:
            self.worker.email = smtp_on(port)
            await self.fail(message, copies=0)

        await self.recover(message)

        assert len(self.smtp.messages) == 1

    @pytest.mark.parametrize("channel", ["sms", "email"])
    async def test_a_person_gets_two_copies_at_most_if_nothing_is_confirmed(self, channel: str) -> None:
        message = await self.make(**EMAIL if channel == "email" else {})
        self.worker.twilio, self.worker.email = twilio_on(self.twilio_port, TIMEOUT), smtp_on(self.smtp.port, TIMEOUT)
        self.twilio.confirms = self.smtp.confirms = False

        for _ in range(MAX_COPIES + 2):
            await in_worker(send_due.run)
            self.time.shift(LEASE)

        await self.session.refresh(message)
        assert (message.state, len(self.twilio.messages) + len(self.smtp.messages)) == ("unconfirmed", 2)
