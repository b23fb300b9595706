"""Tests of what communications do about events of other modules."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from your_service.core.events import Event, EventBus
from your_service.modules.communications.models import Communication, CommunicationState, Contact
from your_service.modules.communications.rules import Channel

from tests.support.factories import Factory
from tests.test_config import FROZEN_NOW

pytestmark = pytest.mark.usefixtures("frozen_time", "organisation")

PATIENT = UUID(int=1)
MESSAGE = UUID(int=4)
INVOICE = UUID(int=5)
ADA = "+12025550123"


async def act(events: EventBus, **changes: Any) -> Communication:
    """Let a journey enter a stage that sends a text message; return the stored message."""
    data = {"stage": "Surgery", "channel": "sms", "recipient": "+1 202 555 0123", "subject": None, "text": "Hello"}
    await events.publish("journey.send_communication", uuid4(), about=PATIENT, **{**data, **changes})
    return await only_message(events)


async def only_message(events: EventBus) -> Communication:
    """Return the stored message."""
    stored = await events.session.scalars(select(Communication))
    return stored.one()


async def receive(events: EventBus, **changes: Any) -> Sequence[Contact]:
    """Let a message arrive; return the stored contacts."""
    data = {"channel": "whatsapp", "sender": ADA, "recipient": "+15005550006", "text": "Hello", "media": []}
    await events.publish("inbound_message.received", uuid4(), **{**data, "provider_id": "SM-1", **changes})
    contacts = await events.session.scalars(select(Contact))
    return contacts.all()


@pytest.mark.parametrize("text", ["Hello", None])
async def test_an_inbound_message_opens_the_window(event_bus: EventBus, text: str | None) -> None:
    (contact,) = await receive(event_bus, text=text)

    assert (contact.channel, contact.address) == (Channel.WHATSAPP, ADA)
    assert (contact.last_message_at, contact.opted_out_at) == (FROZEN_NOW, None)


async def test_stop_and_start_count_per_address_and_channel(event_bus: EventBus) -> None:
    await receive(event_bus, text="STOP")
    await receive(event_bus, text="STOP", channel="sms")
    await receive(event_bus, text="Hello", sender="+12025550199")
    contacts = await receive(event_bus, text="START")

    wishes = {(each.channel.value, each.address): each.opted_out_at for each in contacts}
    assert wishes == {("whatsapp", ADA): None, ("sms", ADA): FROZEN_NOW, ("whatsapp", "+12025550199"): None}


async def test_a_delivery_status_changes_its_message(
    event_bus: EventBus,
    make_communication: Factory[Communication],
) -> None:
    messages = [await make_communication() for _ in range(2)]
    for number, message in enumerate(messages):
        message.state, message.provider_id = CommunicationState.SENT, f"SM-{number}"

    report: dict[str, Any] = {"provider_id": "SM-1", "status": "undelivered", "error_code": "30003"}
    await event_bus.publish("delivery_status.received", uuid4(), **report)

    assert [message.state for message in messages] == ["sent", "failed"]
    assert [message.failure for message in messages] == [None, "30003"]


async def test_a_delivery_status_may_have_no_error_code(
    event_bus: EventBus,
    make_communication: Factory[Communication],
) -> None:
    message = await make_communication()
    message.state, message.provider_id = CommunicationState.SENT, "SM-1"

    await event_bus.publish("delivery_status.received", uuid4(), provider_id="SM-1", status="delivered")

    assert message.state == "delivered"


async def test_a_stage_of_a_journey_queues_a_message(event_bus: EventBus) -> None:
    message = await act(event_bus)

    assert (message.channel, message.address, message.text, message.subject) == ("sms", ADA, "Hello", None)
    assert (message.recipient_kind, message.recipient_id) == ("patient", PATIENT)
    assert (message.state, message.due_at) == ("queued", FROZEN_NOW)


@pytest.mark.parametrize(("subject", "expected"), [("Your visit", "Your visit"), (None, "Surgery")])
async def test_an_email_without_a_subject_is_named_after_the_stage(
    event_bus: EventBus, subject: str | None, expected: str
) -> None:
    message = await act(event_bus, channel="email", recipient="Ada@example.com", subject=subject)

    assert (message.address, message.subject, message.state) == ("ada@example.com", expected, "queued")


async def test_the_subject_of_another_channel_is_not_used(event_bus: EventBus) -> None:
    message = await act(event_bus, subject="Your visit")

    assert (message.subject, message.state) == (None, "queued")


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"recipient": "202 555 0123"}, "invalid"),
        ({"text": "a" * 1601}, "invalid"),
        ({"channel": "whatsapp"}, "window_closed"),
    ],
)
async def test_a_journey_goes_on_although_its_message_cannot_be_sent(
    event_bus: EventBus, changes: dict[str, str], failure: str
) -> None:
    message = await act(event_bus, **changes)

    assert (message.state, message.failure, message.recipient_id) == ("failed", failure, PATIENT)


async def test_a_message_about_an_invoice_is_queued(event_bus: EventBus) -> None:
    data: dict[str, Any] = {"recipient": "Ada@example.com", "subject": "Receipt", "text": "Thank you."}

    await event_bus.publish("invoice.message", INVOICE, **data)

    message = await only_message(event_bus)
    assert (message.channel, message.address, message.state) == ("email", "ada@example.com", "queued")
    assert (message.subject, message.text) == ("Receipt", "Thank you.")
    assert (message.recipient_kind, message.recipient_id) == ("invoice", INVOICE)


async def test_a_message_about_an_invoice_that_cannot_be_sent_is_stored(event_bus: EventBus) -> None:
    await event_bus.publish("invoice.message", INVOICE, recipient="Ada", subject="Receipt", text="Thank you.")

    message = await only_message(event_bus)
    assert (message.state, message.failure) == ("failed", "invalid")


async def test_a_stage_sends_nothing_to_somebody_who_opted_out(event_bus: EventBus) -> None:
    await receive(event_bus, channel="sms", text="STOP")

    message = await act(event_bus)

    assert (message.state, message.failure) == ("failed", "opted_out")


async def test_the_messages_to_an_erased_patient_are_erased(
    event_bus: EventBus,
    published_events: list[Event],
    make_communication: Factory[Communication],
) -> None:
    recipient = {"recipient_kind": "patient", "recipient_id": PATIENT}
    mail = {"channel": "email", "subject": "Your visit", "address": "ada@example.com"}
    queued, sent = await make_communication(**recipient), await make_communication(**recipient, **mail)
    sent.state = CommunicationState.SENT
    by_address = await make_communication(recipient_kind="conversation_message", recipient_id=UUID(int=3))
    others = [
        await make_communication(recipient_kind="patient", recipient_id=UUID(int=2), address="+12025550199"),
        await make_communication(recipient_kind="member", recipient_id=PATIENT, address="+12025550199"),
    ]
    await receive(event_bus, sender="+12025550199")
    await receive(event_bus, channel="sms", text="STOP")
    await receive(event_bus, channel="whatsapp")
    published_events.clear()

    await event_bus.publish("patient.erased", PATIENT, known_as=["+1 202 555 0123"])

    for each in (queued, sent, by_address, *others):
        await event_bus.session.refresh(each)
    assert [(each.state, each.address, each.text) for each in (queued, sent, by_address)] == [
        ("cancelled", "", None),
        ("sent", "", None),
        ("cancelled", "", None),
    ]
    cancelled = {event.record_id for event in published_events if event.name == "communication.cancelled"}
    assert cancelled == {queued.id, by_address.id}
    assert (sent.subject, {each.address for each in others}) == (None, {"+12025550199"})
    assert [(each.state, each.text is None) for each in others] == [("queued", False)] * 2
    contacts = await event_bus.session.scalars(select(Contact))
    assert {(each.channel.value, each.address) for each in contacts} == {("sms", ADA), ("whatsapp", "+12025550199")}


async def test_the_contacts_of_an_erased_patient_are_deleted_unless_others_have_the_address(
    event_bus: EventBus,
    make_communication: Factory[Communication],
) -> None:
    recipient = {"recipient_kind": "patient", "recipient_id": PATIENT}
    for address in ("+12025550111", "+12025550122"):
        await make_communication(**recipient, address=address)
        await receive(event_bus, sender=address)
    await receive(event_bus, sender="+12025550133")
    await receive(event_bus, sender="+12025550144")
    await make_communication(recipient_kind="patient", recipient_id=UUID(int=2), address="+12025550122")

    await event_bus.publish("patient.erased", PATIENT, known_as=["+12025550133"])

    contacts = await event_bus.session.scalars(select(Contact.address))
    assert {*contacts} == {"+12025550122", "+12025550144"}


async def reply(events: EventBus, **changes: Any) -> Sequence[Communication]:
    """Let a conversation reply to its participant; return the stored messages."""
    data = {"message_id": str(MESSAGE), "sequence": 2, "channel": "sms", "participant": ADA, "text": "At nine?"}
    await events.publish("conversation.replied", uuid4(), **{**data, **changes})
    stored = await events.session.scalars(select(Communication))
    return stored.all()


async def test_the_reply_of_a_conversation_is_queued(event_bus: EventBus) -> None:
    (message,) = await reply(event_bus)

    assert (message.channel, message.address, message.text) == (Channel.SMS, ADA, "At nine?")
    assert (message.recipient_kind, message.recipient_id) == ("conversation_message", MESSAGE)
    assert (message.state, message.due_at) == (CommunicationState.QUEUED, FROZEN_NOW)


async def test_a_reply_outside_of_the_window_has_failed(event_bus: EventBus) -> None:
    (message,) = await reply(event_bus, channel="whatsapp")

    assert message.state is CommunicationState.FAILED


async def test_a_reply_after_a_message_is_queued(event_bus: EventBus) -> None:
    await receive(event_bus)

    (message,) = await reply(event_bus, channel="whatsapp")

    assert message.state is CommunicationState.QUEUED


@pytest.mark.parametrize("channel", ["email", "chat"])
async def test_a_reply_on_another_channel_is_not_sent(event_bus: EventBus, channel: str) -> None:
    assert await reply(event_bus, channel=channel) == []
