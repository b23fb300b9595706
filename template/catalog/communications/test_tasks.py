"""Tests of the tasks that send messages."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from time_machine import Traveller

from your_service.core.events import EventBus
from your_service.core.queues import LEASE
from your_service.core.tasks import TURNS_SECONDS, Worker
from your_service.core.tenancy import Organisation, organisation_scope
from your_service.gateways.email import Email, EmailRefused, EmailUnavailable, EmailUnconfirmed, RecipientRefused
from your_service.gateways.twilio import (
    MessageRefused,
    TwilioMessage,
    TwilioRefused,
    TwilioUnavailable,
    TwilioUnconfirmed,
)
from your_service.modules.communications.models import Communication
from your_service.modules.communications.rules import Channel, delay_after
from your_service.modules.communications.schemas import CommunicationCreate
from your_service.modules.communications.service import TOKEN_ISSUERS, CommunicationService
from your_service.modules.communications.tasks import TaskSettings, schedule, send_due
from your_service.worker import WorkerSettings

from tests.support.factories import Factory
from tests.support.gateways.email import RecordingEmailGateway
from tests.support.gateways.twilio import RecordingTwilioGateway
from tests.support.worker import in_worker
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase

pytestmark = pytest.mark.usefixtures("frozen_time", "celery_app")

ADA = "+12025550123"
TEMPLATE = "HX" + "0" * 32


class TestSend(ServiceTestCase[CommunicationService]):
    service_class = CommunicationService
    email: RecordingEmailGateway
    twilio: RecordingTwilioGateway
    make: Factory[Communication]

    @pytest.fixture(autouse=True)
    def _prepare(
        self,
        mock_email: RecordingEmailGateway,
        mock_twilio: RecordingTwilioGateway,
        make_communication: Factory[Communication],
    ) -> None:
        """Give the tests the doubles of the gateways."""
        self.email, self.twilio, self.make = mock_email, mock_twilio, make_communication

    async def send(self, *communications: Communication) -> int:
        """Run the task, read the messages again, and return how many were accepted."""
        accepted = await in_worker(send_due.run)
        for communication in communications:
            await self.session.refresh(communication)
        return accepted

    async def mail(self, text: str = "See you.", token_kind: str | None = None) -> Communication:
        """Schedule an e-mail."""
        content = {"address": "ada@example.com", "subject": "Your visit", "text": text}
        return await self.service.schedule(CommunicationCreate(channel=Channel.EMAIL, **content), token_kind)

    async def test_a_text_message_is_sent(self) -> None:
        message = await self.make(text="See you.")

        assert await self.send(message) == 1

        assert self.twilio.outbox == [TwilioMessage("sms", ADA, message.organisation_id, "See you.")]
        assert (message.state, message.provider_id, message.sent_at) == ("sent", self.twilio.sid(1), FROZEN_NOW)

    async def test_a_whatsapp_message_is_sent_with_its_template(self) -> None:
        message = await self.make(channel="whatsapp", text=None, template=TEMPLATE, variables={"1": "Ada"})

        assert await self.send(message) == 1

        sent = TwilioMessage("whatsapp", ADA, message.organisation_id, None, TEMPLATE, {"1": "Ada"})
        assert self.twilio.outbox == [sent]

    async def test_an_email_is_sent(self) -> None:
        message = await self.mail()

        assert await self.send(message) == 1

        assert self.email.outbox == [Email("ada@example.com", "Your visit", "See you.", f"communication-{message.id}")]
        assert (message.state, message.provider_id, self.twilio.outbox) == ("sent", None, [])

    async def test_a_token_is_only_in_the_copies_that_are_sent(
        self, frozen_time: Traveller, issued_tokens: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(0)
        message = await self.mail("Open https://example.com/#{token}", token_kind="test")
        self.email.failures = [EmailUnconfirmed("No reply")]
        assert await self.send(message) == 0
        frozen_time.move_to(message.due_at)

        assert await self.send(message) == 1

        assert issued_tokens == ["issued 1", "issued 2"]
        assert [sent.body for sent in self.email.outbox] == ["Open https://example.com/#issued 2"]
        assert message.text == "Open https://example.com/#{token}"
        events = [event.data for event in self.published_events]
        assert "issued" not in f"{vars(message)} {events} {caplog.text}"

    async def test_a_message_whose_token_is_needed_no_more_is_cancelled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def issue_none(_: EventBus, __: Communication, /) -> None:
            return None

        monkeypatch.setitem(TOKEN_ISSUERS, "test", issue_none)
        message = await self.mail("{token}", token_kind="test")

        assert await self.send(message) == 0

        assert (message.state, message.claimed_until, self.email.outbox) == ("cancelled", None, [])
        assert self.published_events[-1].name == "communication.cancelled"

    async def test_other_texts_keep_their_braces(self, issued_tokens: list[str]) -> None:
        await self.send(await self.mail("{token} and {name}"))

        assert ([sent.body for sent in self.email.outbox], issued_tokens) == (["{token} and {name}"], [])

    async def test_a_task_that_is_delivered_twice_sends_one_message(self) -> None:
        message = await self.make()

        assert [await self.send(message) for _ in range(2)] == [1, 0]

        assert len(self.twilio.outbox) == 1

    async def test_a_message_that_is_not_due_is_not_sent(self) -> None:
        later = await self.make(send_at=FROZEN_NOW + timedelta(seconds=1))

        accepted = await self.send(later)

        assert (accepted, self.twilio.outbox) == (0, [])

    async def test_all_due_messages_of_every_organisation_are_sent(self, other_org: Organisation) -> None:
        ours = [await self.make() for _ in range(2)]
        with organisation_scope(other_org.id):
            theirs = await self.make(text="From the others")

        assert await self.send(*ours) == 3

        sent = {(message.text, message.organisation_id) for message in self.twilio.outbox}
        assert sent == {(each.text, each.organisation_id) for each in (*ours, theirs)}
        assert {each.state for each in ours} == {"sent"}

    def test_a_task_ends_within_its_limit(self, celery_app: Worker, worker_settings: WorkerSettings) -> None:
        assert TURNS_SECONDS + 2 * worker_settings.twilio_timeout_seconds < celery_app.conf.task_soft_time_limit

    async def test_one_failure_does_not_stop_the_others(self) -> None:
        messages = [await self.make(address=f"+1202555012{number}") for number in range(3)]
        self.twilio.failures = [TwilioUnavailable("503"), MessageRefused("400 21211", 21211)]

        assert await self.send(*messages) == 1

        assert sorted(each.state for each in messages) == ["failed", "queued", "sent"]

    async def test_a_message_to_somebody_who_opted_out_in_the_meantime_is_not_sent(self) -> None:
        message = await self.make()
        await self.service.receive(Channel.SMS, ADA, "STOP", FROZEN_NOW)

        accepted = await self.send(message)

        assert (accepted, self.twilio.outbox) == (0, [])
        assert (message.state, message.failure) == ("failed", "opted_out")

    @pytest.mark.parametrize(
        ("failure", "text"),
        [(TwilioUnavailable("429 20429", 20429), "429 20429"), (TwilioRefused("401 20003", 20003), "401 20003")],
    )
    async def test_a_message_that_twilio_did_not_take_is_sent_later(
        self, frozen_time: Traveller, caplog: pytest.LogCaptureFixture, failure: TwilioUnavailable, text: str
    ) -> None:
        message = await self.make()
        self.twilio.failures = [failure]

        assert await self.send(message) == 0

        assert (message.state, message.failure, message.copies) == ("queued", text, 0)
        assert message.due_at == FROZEN_NOW + delay_after(1)
        assert caplog.messages == [f"Communication {message.id} was not confirmed by its provider: {text}"]
        frozen_time.move_to(message.due_at)
        assert await self.send(message) == 1
        assert (message.state, message.failure) == ("sent", None)

    @pytest.mark.parametrize("failure", [EmailUnavailable("451"), EmailRefused("535")])
    async def test_an_email_that_the_server_did_not_take_is_sent_later(
        self, frozen_time: Traveller, failure: EmailUnavailable
    ) -> None:
        message = await self.mail()
        self.email.failures = [failure]

        assert await self.send(message) == 0

        assert (message.state, message.failure, message.copies) == ("queued", str(failure), 0)
        frozen_time.move_to(message.due_at)
        assert await self.send(message) == 1

    async def test_an_unconfirmed_message_counts_as_a_copy(self) -> None:
        message, mail = await self.make(), await self.mail()
        self.twilio.failures, self.email.failures = [TwilioUnconfirmed("ReadTimeout")], [EmailUnconfirmed("No reply")]

        assert await self.send(message, mail) == 0

        assert [(each.state, each.copies) for each in (message, mail)] == [("queued", 1)] * 2

    async def test_a_refused_message_is_not_sent_again(self, frozen_time: Traveller) -> None:
        message, mail = await self.make(), await self.mail()
        self.twilio.failures = [MessageRefused("400 21211", 21211)]
        self.email.failures = [RecipientRefused("550 5.1.1")]

        assert await self.send(message, mail) == 0
        frozen_time.shift(LEASE)
        assert await self.send(message, mail) == 0

        assert [(each.state, each.failure) for each in (message, mail)] == [
            ("failed", "400 21211"),
            ("failed", "550 5.1.1"),
        ]
        assert (self.twilio.outbox, self.email.outbox) == ([], [])

    async def test_a_recipient_who_opted_out_at_twilio_gets_no_more(self) -> None:
        messages = [await self.make() for _ in range(2)]
        self.twilio.failures = [MessageRefused("400 21610", 21610)]

        assert await self.send(*messages) == 0

        assert {each.failure for each in messages} == {"400 21610", "opted_out"}


def test_the_schedule_follows_the_settings() -> None:
    settings = TaskSettings(_env_file=None, communication_interval_seconds=60)

    (entry,) = schedule(settings).values()

    assert (entry["task"], entry["schedule"]) == (send_due.name, 60)


def test_an_invalid_interval_is_refused() -> None:
    settings: dict[str, Any] = {"communication_interval_seconds": 0}

    with pytest.raises(ValidationError, match="communication_interval_seconds"):
        TaskSettings(_env_file=None, **settings)
