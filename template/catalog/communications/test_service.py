"""Tests of the service for communications."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, Select, event, select
from sqlalchemy.dialects import postgresql
from time_machine import Traveller

from your_service.core.errors import Conflict, InvalidTransition, Unprocessable
from your_service.core.queues import LEASE
from your_service.modules.communications.models import Communication, CommunicationState, Contact
from your_service.modules.communications.rules import MAX_ATTEMPTS, MAX_COPIES, WINDOW, Channel, delay_after
from your_service.modules.communications.schemas import CommunicationCreate, CommunicationQuery
from your_service.modules.communications.service import HOLD, CommunicationService, Refusal

from tests.support.factories import Payload
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase

pytestmark = pytest.mark.usefixtures("frozen_time")

ADA = "+12025550123"
SID = "SM-1"
TEMPLATE = "HX" + "0" * 32
SECOND = timedelta(seconds=1)
OPTED_OUT = r"^The recipient has opted out of messages on this channel\.$"
WINDOW_CLOSED = r"^WhatsApp requires a template, unless the recipient has written in the 24 hours before\.$"
TO_ADA: dict[str, Any] = {"recipient_kind": "patient", "recipient_id": UUID(int=1)}
EMAIL: dict[str, Any] = {"channel": "email", "address": "Ada@Example.com", "subject": "Hello", "text": "How are you?"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"channel": "fax"}, "channel"),
        ({"address": "202 555 0123"}, "must be a valid phone number"),
        ({"channel": "email", "subject": "Hello"}, "must be an e-mail address"),
        ({"subject": "Hello"}, "a message has a text or a template, and no subject"),
        ({"text": None}, "a message has a text or a template"),
        ({"template": TEMPLATE}, "a message has a text or a template"),
        ({"text": "a" * 1601}, "a message has at most 1600 characters"),
        ({"text": None, "template": "HX1"}, "template"),
        ({"variables": {"1": "Ada"}}, "variables require a template"),
        ({"text": None, "template": TEMPLATE, "variables": {"first name": "Ada"}}, "variables"),
        ({"recipient_id": uuid4()}, "set both recipient_kind and recipient_id, or neither"),
        ({"recipient_kind": "patient"}, "set both recipient_kind and recipient_id, or neither"),
        ({"recipient_kind": "A patient", "recipient_id": uuid4()}, "recipient_kind"),
        ({**EMAIL, "subject": None}, "an e-mail has a subject and a text, and no template"),
        ({**EMAIL, "text": None}, "an e-mail has a subject and a text, and no template"),
        ({**EMAIL, "template": TEMPLATE}, "an e-mail has a subject and a text, and no template"),
    ],
)
def test_a_message_that_no_channel_can_carry_is_refused(
    communication_payload: Payload, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        CommunicationCreate(**communication_payload(**changes))


def test_the_longest_messages_are_accepted(communication_payload: Payload) -> None:
    message = CommunicationCreate(**communication_payload(text="a" * 1600))
    email = CommunicationCreate(**{**EMAIL, "text": "a" * 20_000})

    assert [len(each.text or "") for each in (message, email)] == [1600, 20_000]


class TestCommunicationService(ServiceTestCase[CommunicationService]):
    service_class = CommunicationService
    time: Traveller

    @pytest.fixture(autouse=True)
    def _prepare(self, frozen_time: Traveller) -> None:
        """Let the tests move the time."""
        self.time = frozen_time

    async def schedule(self, **values: Any) -> Communication:
        """Schedule a message."""
        data = {"channel": "sms", "address": ADA, "text": "Hello", **values}
        return await self.service.schedule(CommunicationCreate(**data))

    async def claim(self, communication: Communication) -> Communication:
        """Claim a message, as a worker does, and return it as that worker knows it."""
        claimed = await self.service.claim_next()
        assert claimed is communication
        self.session.expunge(claimed)
        return claimed

    async def state_of(self, communication: Communication) -> tuple[str, str | None]:
        """Return the stored state of a message and its failure."""
        await self.session.flush()
        found = select(Communication).where(Communication.id == communication.id)
        result = await self.session.scalars(found.execution_options(populate_existing=True))
        stored = result.one()
        return stored.state, stored.failure

    async def contact(self) -> Contact:
        """Return the only contact."""
        contacts = await self.session.scalars(select(Contact).execution_options(populate_existing=True))
        return contacts.one()

    def names(self) -> list[str]:
        """Return the names of the published events."""
        return [published.name for published in self.published_events]

    async def test_a_message_is_due_at_once(self) -> None:
        scheduled = await self.schedule(recipient_kind="member", recipient_id=UUID(int=1))

        assert (scheduled.state, scheduled.send_at, scheduled.due_at) == ("queued", FROZEN_NOW, FROZEN_NOW)
        assert await self.service.claim_next() is scheduled
        (published,) = self.published_events
        assert (published.name, published.about) == ("communication.scheduled", UUID(int=1))
        assert published.data == {"channel": "sms"}

    async def test_a_scheduled_message_is_due_at_its_time(self) -> None:
        later = FROZEN_NOW + timedelta(days=1)
        scheduled = await self.schedule(send_at=later)

        self.time.move_to(later - SECOND)
        assert await self.service.claim_next() is None
        self.time.move_to(later)
        assert await self.service.claim_next() is scheduled

    async def test_a_time_in_the_past_means_now(self) -> None:
        earlier = FROZEN_NOW - timedelta(days=1)

        scheduled = await self.schedule(send_at=earlier)

        assert (scheduled.send_at, scheduled.due_at) == (earlier, FROZEN_NOW)

    async def test_the_messages_that_are_due_first_are_sent_first(self) -> None:
        scheduled = [await self.schedule(address=f"+1202555012{number}") for number in range(3)]
        expected = sorted(scheduled, key=lambda each: each.id, reverse=True)
        for number, each in enumerate(expected):
            each.due_at = FROZEN_NOW - timedelta(minutes=10 - number)

        assert [await self.service.claim_next() for _ in range(4)] == [*expected, None]

    async def test_a_claim_locks_its_message_and_skips_those_of_other_workers(self) -> None:
        queries: list[Select[Any]] = []

        def note(_: Connection, statement: object, *__: object) -> None:
            if isinstance(statement, Select):
                queries.append(statement)

        event.listen(self.session.get_bind(), "before_execute", note)

        await self.service.claim_next()

        # SQLite has no row locks, so check the statement for PostgreSQL.
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        assert str(queries[0].compile(dialect=dialect)).endswith(" FOR UPDATE SKIP LOCKED")

    async def test_messages_are_listed_by_recipient_channel_and_state(self) -> None:
        recipient = {"recipient_kind": "member", "recipient_id": UUID(int=1)}
        text = await self.schedule(**recipient)
        mail = await self.schedule(**EMAIL)
        whatsapp = await self.schedule(channel="whatsapp", text=None, template=TEMPLATE, address="+12025550199")
        await self.service.cancel(mail.id)

        async def found(**filters: Any) -> set[Communication]:
            listing = await self.service.list(CommunicationQuery(**filters))
            return set(listing.items)

        assert await found(address="+1 202 555 0123") == {text}
        assert await found(address="ADA@example.com") == {mail}
        assert await found(address="nobody") == set()
        assert await found(recipient_id=UUID(int=1)) == {text}
        assert await found(recipient_id=UUID(int=2)) == set()
        assert await found(recipient_kind="member") == {text}
        assert await found(recipient_kind="patient") == set()
        assert await found(channel="whatsapp") == {whatsapp}
        assert await found(state="queued") == {text, whatsapp}
        assert await found(state="cancelled") == {mail}

    async def test_messages_to_an_address_are_sent_one_after_the_other(self) -> None:
        first = await self.schedule()
        self.time.shift(SECOND)
        second = await self.schedule()
        others = [await self.schedule(address="+12025550199"), await self.schedule(**EMAIL)]
        claimed = await self.claim(first)

        assert {await self.service.claim_next() for _ in others} == {*others}
        assert await self.service.claim_next() is None

        self.time.shift(HOLD - SECOND)
        await self.service.confirm(claimed, SID)
        assert await self.service.claim_next() is None
        self.time.shift(SECOND)
        assert await self.service.claim_next() is second

    async def test_a_message_that_has_to_wait_keeps_its_place(self) -> None:
        first = await self.schedule()
        self.time.shift(SECOND)
        second = await self.schedule()
        claimed = await self.claim(first)

        await self.service.postpone(claimed, "503", perhaps_sent=False)

        assert await self.service.claim_next() is None
        self.time.shift(delay_after(1))
        claimed_again = await self.service.claim_next()
        assert claimed_again is not None
        assert claimed_again.id == first.id
        await self.service.refuse(claimed_again, "400 21211", 21211)
        assert await self.service.claim_next() is second
        assert second.due_at == claimed_again.due_at

    async def test_a_later_message_does_not_hold_up_others(self) -> None:
        await self.schedule(send_at=FROZEN_NOW + SECOND)
        now = await self.schedule()

        assert await self.service.claim_next() is now

    async def test_a_claimed_message_belongs_to_one_worker(self) -> None:
        scheduled = await self.schedule()

        claimed = await self.claim(scheduled)

        assert (claimed.attempts, claimed.copies, claimed.claimed_until) == (1, 1, FROZEN_NOW + LEASE)
        self.time.move_to(FROZEN_NOW + LEASE - SECOND)
        assert await self.service.claim_next() is None
        self.time.move_to(FROZEN_NOW + LEASE)
        await self.claim(await self.service.get(claimed.id))

    async def test_messages_of_lost_workers_are_sent_twice_at_most(self) -> None:
        scheduled = await self.schedule()

        for _ in range(MAX_COPIES):
            await self.claim(scheduled)
            scheduled = await self.service.get(scheduled.id)
            self.time.shift(LEASE)

        assert MAX_COPIES == 2
        assert await self.service.claim_next() is None
        assert await self.state_of(scheduled) == ("unconfirmed", None)

    async def test_an_accepted_message_is_sent(self) -> None:
        claimed = await self.claim(await self.schedule())
        self.time.shift(SECOND)

        await self.service.confirm(claimed, SID)

        stored = await self.service.get(claimed.id)
        assert (stored.state, stored.provider_id, stored.sent_at) == ("sent", SID, FROZEN_NOW + SECOND)
        assert (stored.claimed_until, await self.service.claim_next()) == (None, None)
        assert self.names() == ["communication.scheduled", "communication.sent"]

    async def test_a_message_that_two_workers_sent_keeps_the_first_id(self) -> None:
        claimed = await self.claim(await self.schedule())
        await self.service.confirm(claimed, SID)

        await self.service.confirm(claimed, "SM-2")

        stored = await self.service.get(claimed.id)
        assert (stored.provider_id, self.names().count("communication.sent")) == (SID, 1)

    async def test_a_message_that_was_not_sent_is_due_later(self) -> None:
        communication = await self.schedule()
        delays = []
        for _ in range(MAX_ATTEMPTS - 1):
            await self.service.postpone(await self.claim(communication), "503", perhaps_sent=False)
            communication = await self.service.get(communication.id)
            delays.append(communication.due_at - FROZEN_NOW)
            self.time.move_to(communication.due_at - SECOND)
            assert await self.service.claim_next() is None
            self.time.move_to(communication.due_at)

        expected = [sum(map(delay_after, range(1, n + 1)), timedelta()) for n in range(1, MAX_ATTEMPTS)]
        assert (delays, communication.state, communication.failure) == (expected, "queued", "503")
        await self.service.postpone(await self.claim(communication), "503 again", perhaps_sent=False)
        assert await self.state_of(communication) == ("failed", "503 again")
        assert self.published_events[-1].data == {"channel": "sms", "failure": "503 again"}

    async def test_an_unconfirmed_message_is_sent_once_more(self) -> None:
        communication = await self.schedule()
        states = []
        for _ in range(MAX_COPIES):
            await self.service.postpone(await self.claim(communication), "No reply", perhaps_sent=True)
            communication = await self.service.get(communication.id)
            states.append(communication.state)
            self.time.shift(delay_after(1))

        assert states == ["queued", "unconfirmed"]
        claimed = await self.service.claim_next()
        assert (claimed, communication.failure) == (None, "No reply")

    async def test_a_message_that_was_perhaps_sent_once_has_not_failed(self) -> None:
        communication = await self.schedule()
        await self.service.postpone(await self.claim(communication), "No reply", perhaps_sent=True)
        communication = await self.service.get(communication.id)
        communication.attempts = MAX_ATTEMPTS - 1
        self.time.move_to(communication.due_at)

        await self.service.postpone(await self.claim(communication), "503", perhaps_sent=False)

        assert await self.state_of(communication) == ("unconfirmed", "503")

    async def test_a_worker_settles_only_its_own_claim(self) -> None:
        communication = await self.schedule()
        first = await self.claim(communication)
        self.time.shift(LEASE)
        second = await self.claim(await self.service.get(communication.id))

        await self.service.postpone(first, "503", perhaps_sent=False)
        await self.service.refuse(first, "400 21211", 21211)

        stored = await self.service.get(communication.id)
        assert (stored.state, stored.copies, stored.claimed_until) == ("queued", 2, second.claimed_until)

    async def test_a_refused_message_has_failed(self) -> None:
        claimed = await self.claim(await self.schedule())

        await self.service.refuse(claimed, "400 21211" + "!" * 200, 21211)

        self.time.shift(LEASE)
        assert await self.state_of(claimed) == ("failed", ("400 21211" + "!" * 200)[:200])
        assert await self.service.claim_next() is None
        assert list(await self.session.scalars(select(Contact))) == []

    async def test_a_recipient_who_opted_out_at_twilio_gets_no_more(self) -> None:
        claimed = await self.claim(await self.schedule())

        await self.service.refuse(claimed, "400 21610", 21610)

        assert await self.state_of(claimed) == ("failed", "400 21610")
        with pytest.raises(Unprocessable, match="has opted out"):
            await self.schedule()

    @pytest.mark.parametrize(
        ("reports", "state", "failure"),
        [
            (["queued", "sending", "sent"], "sent", None),
            (["delivered"], "delivered", None),
            (["delivered", "sent"], "delivered", None),
            (["delivered", "read"], "read", None),
            (["read", "delivered"], "read", None),
            (["undelivered"], "failed", "30003"),
            (["failed"], "failed", "30003"),
            (["delivered", "failed"], "delivered", None),
            (["failed", "delivered"], "failed", "30003"),
            (["something new"], "sent", None),
        ],
    )
    async def test_reports_change_the_state_forwards_only(
        self,
        reports: list[str],
        state: str,
        failure: str | None,
    ) -> None:
        claimed = await self.claim(await self.schedule())
        other = await self.claim(await self.schedule(address="+12025550199"))
        await self.service.confirm(claimed, SID)
        await self.service.confirm(other, "SM-2")

        for report in reports * 2:
            await self.service.report(SID, report, "30003")
        await self.service.report("SM-3", "delivered", None)

        assert await self.state_of(claimed) == (state, failure)
        assert await self.state_of(other) == ("sent", None)
        assert self.names().count(f"communication.{state}") == (2 if state == "sent" else 1)

    async def test_a_failure_without_a_code_is_the_status(self) -> None:
        claimed = await self.claim(await self.schedule())
        await self.service.confirm(claimed, SID)

        await self.service.report(SID, "undelivered", None)

        assert await self.state_of(claimed) == ("failed", "undelivered")

    async def test_a_report_can_say_that_the_recipient_has_opted_out(self) -> None:
        claimed = await self.claim(await self.schedule())
        await self.service.confirm(claimed, SID)

        await self.service.report(SID, "failed", "21610")

        contact = await self.contact()
        assert (contact.channel, contact.address, contact.opted_out_at) == ("sms", ADA, FROZEN_NOW)

    async def test_reports_from_before_the_confirmation_count(self) -> None:
        await self.events.publish("delivery_status.received", uuid4(), provider_id=SID, status="read")
        self.time.shift(SECOND)
        claimed = await self.claim(await self.schedule())
        other = await self.claim(await self.schedule(address="+12025550199"))
        await self.events.publish("errand.done", uuid4(), provider_id=SID, status="read")
        for status in ("sent", "delivered", "failed", "failed", "failed"):
            await self.events.publish("delivery_status.received", uuid4(), provider_id=SID, status=status)
            self.time.shift(SECOND)

        await self.service.confirm(claimed, SID)
        await self.service.confirm(other, "SM-2")

        assert await self.state_of(claimed) == ("delivered", None)
        assert await self.state_of(other) == ("sent", None)

    async def test_people_who_opted_out_get_no_messages_on_this_channel(self) -> None:
        scheduled = await self.schedule()
        await self.service.receive(Channel.SMS, "+1 202 555 0123", "Stop", FROZEN_NOW)

        with pytest.raises(Unprocessable, match=OPTED_OUT) as refusal:
            await self.schedule()

        assert refusal.value.fields == ("address",)
        assert await self.service.claim_next() is None
        assert await self.state_of(scheduled) == ("failed", "opted_out")
        to_another = await self.schedule(address="+12025550199")
        on_another = await self.schedule(channel="whatsapp", text=None, template=TEMPLATE)
        assert (to_another.state, on_another.state) == ("queued", "queued")
        assert "communication_contact.opted_out" in self.names()

    async def test_people_can_opt_in_again(self) -> None:
        for text in ("STOP", "STOP", "Hello", "START", "START"):
            await self.service.receive(Channel.SMS, ADA, text, FROZEN_NOW)

        allowed = await self.schedule()
        assert allowed.state == "queued"
        assert self.names()[:2] == ["communication_contact.opted_out", "communication_contact.opted_in"]

    async def test_any_other_text_keeps_the_choice(self) -> None:
        await self.service.receive(Channel.SMS, ADA, "STOP", FROZEN_NOW)
        await self.service.receive(Channel.SMS, ADA, "Hello", FROZEN_NOW + SECOND)

        contact = await self.contact()
        assert (contact.opted_out_at, contact.last_message_at) == (FROZEN_NOW, FROZEN_NOW + SECOND)

    async def test_an_earlier_message_that_arrives_later_does_not_shorten_the_window(self) -> None:
        await self.service.receive(Channel.WHATSAPP, ADA, "Hello", FROZEN_NOW)
        await self.service.receive(Channel.WHATSAPP, ADA, "Hello", FROZEN_NOW - SECOND)

        contact = await self.contact()
        assert contact.last_message_at == FROZEN_NOW

    async def test_a_sender_without_a_phone_number_is_kept_as_it_is(self) -> None:
        await self.service.receive(Channel.SMS, "12345", "STOP", FROZEN_NOW)

        contact = await self.contact()
        assert contact.address == "12345"

    async def test_whatsapp_needs_a_template_without_a_message_of_the_person(self) -> None:
        with pytest.raises(Unprocessable, match=WINDOW_CLOSED) as refusal:
            await self.schedule(channel="whatsapp")

        assert refusal.value.fields == ("template",)
        template = await self.schedule(channel="whatsapp", text=None, template=TEMPLATE, variables={"1": "Ada"})
        assert await self.service.claim_next() is template

    async def test_whatsapp_accepts_text_within_a_day_of_the_persons_message(self) -> None:
        await self.service.receive(Channel.WHATSAPP, ADA, "Hello", FROZEN_NOW)
        within = await self.schedule(channel="whatsapp", send_at=FROZEN_NOW + WINDOW - SECOND)

        with pytest.raises(Unprocessable, match="WhatsApp requires a template"):
            await self.schedule(channel="whatsapp", send_at=FROZEN_NOW + WINDOW)
        with pytest.raises(Unprocessable, match="WhatsApp requires a template"):
            await self.schedule(channel="whatsapp", address="+12025550199")

        self.time.move_to(FROZEN_NOW + WINDOW - SECOND)
        assert await self.service.claim_next() is within

    async def test_a_text_that_waited_too_long_for_whatsapp_fails(self) -> None:
        await self.service.receive(Channel.WHATSAPP, ADA, "Hello", FROZEN_NOW)
        scheduled = await self.schedule(channel="whatsapp")

        self.time.move_to(FROZEN_NOW + WINDOW)

        assert await self.service.claim_next() is None
        assert await self.state_of(scheduled) == ("failed", "window_closed")

    async def test_a_message_on_another_channel_does_not_open_the_window(self) -> None:
        await self.service.receive(Channel.SMS, ADA, "Hello", FROZEN_NOW)

        with pytest.raises(Unprocessable, match="WhatsApp requires a template"):
            await self.schedule(channel="whatsapp")

    @pytest.mark.parametrize("change", ["confirm", "postpone", "refuse", "report", "cancel", "send again"])
    async def test_a_message_is_locked_before_it_changes(self, locked_tables: list[str], change: str) -> None:
        claimed = await self.claim(await self.schedule())
        stored = await self.service.get(claimed.id)
        if change == "report":
            stored.state, stored.provider_id = CommunicationState.SENT, SID
        if change == "send again":
            stored.state = CommunicationState.FAILED
        self.time.shift(LEASE)
        changes: dict[str, Any] = {
            "confirm": lambda: self.service.confirm(claimed, SID),
            "postpone": lambda: self.service.postpone(claimed, "503", perhaps_sent=False),
            "refuse": lambda: self.service.refuse(claimed, "400 21211", 21211),
            "report": lambda: self.service.report(SID, "delivered", None),
            "cancel": lambda: self.service.cancel(claimed.id),
            "send again": lambda: self.service.send_again(claimed.id),
        }
        locked_tables.clear()

        await changes[change]()

        assert locked_tables == ["communications"]

    async def test_a_queued_message_can_be_cancelled(self) -> None:
        scheduled = await self.schedule()

        cancelled = await self.service.cancel(scheduled.id)

        assert (cancelled.state, await self.service.claim_next()) == ("cancelled", None)
        with pytest.raises(InvalidTransition):
            await self.service.cancel(scheduled.id)

    async def test_a_message_that_is_being_sent_cannot_be_cancelled(self) -> None:
        claimed = await self.claim(await self.schedule())

        with pytest.raises(Conflict, match=r"^This communication is being sent\.$"):
            await self.service.cancel(claimed.id)

        self.time.shift(LEASE)
        cancelled = await self.service.cancel(claimed.id)
        assert cancelled.state == "cancelled"

    @pytest.mark.parametrize("state", [CommunicationState.FAILED, CommunicationState.UNCONFIRMED])
    async def test_a_message_can_be_sent_again(self, state: CommunicationState) -> None:
        communication = await self.schedule()
        communication.state, communication.attempts, communication.copies = state, 10, 2
        communication.failure, communication.provider_id, communication.sent_at = "30003", SID, FROZEN_NOW
        await self.session.flush()
        self.time.shift(SECOND)

        again = await self.service.send_again(communication.id)

        assert (again.state, again.due_at, again.attempts, again.copies) == ("queued", FROZEN_NOW + SECOND, 0, 0)
        assert (again.failure, again.provider_id, again.sent_at) == (None, None, None)
        assert await self.service.claim_next() is again
        assert self.names() == ["communication.scheduled"] * 2
        assert self.published_events[-1].data == {"channel": "sms"}

    async def test_a_message_to_somebody_who_opted_out_is_not_sent_again(self) -> None:
        claimed = await self.claim(await self.schedule())
        await self.service.refuse(claimed, "400 21610", 21610)

        with pytest.raises(Unprocessable, match="has opted out"):
            await self.service.send_again(claimed.id)

    @pytest.mark.parametrize("state", ["queued", "sent", "delivered", "read", "cancelled"])
    async def test_a_message_that_needs_nobody_is_not_sent_again(self, state: str) -> None:
        communication = await self.schedule()
        communication.state = CommunicationState(state)
        await self.session.flush()

        with pytest.raises(InvalidTransition):
            await self.service.send_again(communication.id)

    async def test_an_erased_message_is_not_sent_again(self) -> None:
        failed = await self.schedule(**TO_ADA)
        failed.state = CommunicationState.FAILED
        await self.session.flush()

        await self.service.erase("patient", TO_ADA["recipient_id"], [])

        await self.session.refresh(failed)
        with pytest.raises(Conflict, match=r"^This communication was erased\.$"):
            await self.service.send_again(failed.id)

    @pytest.mark.parametrize("text", ["Hello", "{token}{token}"])
    async def test_a_text_has_its_token_once(self, text: str) -> None:
        data = CommunicationCreate(channel=Channel.EMAIL, address="ada@example.com", subject="Hello", text=text)

        with pytest.raises(ValueError, match=r"^a text with a one-time token has \{token\} once$"):
            await self.service.schedule(data, "test")

    async def test_a_message_with_a_token_is_not_sent_again(self) -> None:
        data = CommunicationCreate(channel=Channel.EMAIL, address="ada@example.com", subject="Hello", text="{token}")
        failed = await self.service.schedule(data, "test")
        failed.state = CommunicationState.FAILED
        await self.session.flush()

        with pytest.raises(Conflict, match=r"^This communication has a one-time token\. Request a new one instead\.$"):
            await self.service.send_again(failed.id)

    async def test_a_message_that_its_channel_cannot_carry_is_not_sent_again(self) -> None:
        data = CommunicationCreate.model_construct(channel=Channel.SMS, address="202 555 0123", text="Hello")
        invalid = await self.service.schedule_or_fail(data, Refusal.INVALID)

        with pytest.raises(Unprocessable, match=r"^Its channel cannot carry this communication\. Schedule a corrected"):
            await self.service.send_again(invalid.id)

        assert await self.state_of(invalid) == ("failed", "invalid")

    async def test_a_refusal_of_a_message_that_was_erased_while_it_was_sent_changes_nothing(self) -> None:
        claimed = await self.claim(await self.schedule(**TO_ADA))
        await self.service.erase("patient", TO_ADA["recipient_id"], [])

        await self.service.refuse(claimed, "400 21610", 21610)

        assert await self.state_of(claimed) == ("cancelled", None)
        contacts = await self.session.scalars(select(Contact))
        assert contacts.all() == []

    async def test_a_message_that_must_not_be_sent_can_be_stored_as_failed(self) -> None:
        data = CommunicationCreate(channel=Channel.SMS, address=ADA, text="Hello")
        allowed = await self.service.schedule_or_fail(data)
        (scheduled,) = self.published_events
        await self.service.receive(Channel.SMS, ADA, "STOP", FROZEN_NOW)

        failed = await self.service.schedule_or_fail(data)
        invalid = await self.service.schedule_or_fail(data, Refusal.INVALID)

        assert [each.state for each in (allowed, failed, invalid)] == ["queued", "failed", "failed"]
        assert [each.failure for each in (allowed, failed, invalid)] == [None, "opted_out", "invalid"]
        assert (scheduled.name, scheduled.data) == ("communication.scheduled", {"channel": "sms"})
        assert self.names()[-1] == "communication.failed"
        assert self.published_events[-1].data == {"channel": "sms", "failure": "invalid"}
