"""Tests of what conversations do about events of other modules."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from your_service.core.events import Event, EventBus
from your_service.modules.conversations.models import Conversation, ConversationState, Delivery, Direction, Message
from your_service.modules.conversations.schemas import Reply
from your_service.modules.conversations.service import ConversationService

from tests.support.factories import Factory

INBOUND = {
    "channel": "whatsapp",
    "sender": "+12025550143",
    "recipient": "+15005550006",
    "text": "Is there a slot on Monday?",
    "media": [{"url": "https://api.twilio.com/Media/ME1", "content_type": "image/jpeg"}],
    "provider_id": "SM1",
}


async def arrive(event_bus: EventBus, **overrides: Any) -> None:
    """Publish an inbound message as the module that receives it does."""
    await event_bus.publish("inbound_message.received", uuid4(), **INBOUND | overrides)


async def test_an_inbound_message_starts_a_conversation(
    conversation_service: ConversationService,
    event_bus: EventBus,
) -> None:
    await arrive(event_bus)

    page = await conversation_service.list()
    (conversation,) = page.items
    assert (conversation.channel, conversation.participant) == ("whatsapp", "+12025550143")
    found = await conversation_service.messages(conversation.id)
    (message,) = found.items
    assert (message.direction, message.text) == (Direction.INBOUND, "Is there a slot on Monday?")
    assert (message.media, message.provider_id) == (INBOUND["media"], "SM1")


async def test_an_inbound_message_continues_the_conversation_of_its_sender(
    conversation_service: ConversationService,
    event_bus: EventBus,
) -> None:
    await arrive(event_bus)
    page = await conversation_service.list()
    (conversation,) = page.items
    await conversation_service.reply(conversation.id, Reply(text="At nine or at ten?"))
    replied = conversation.state

    await arrive(event_bus, text="At ten", media=[], provider_id="SM2")

    found = await conversation_service.messages(conversation.id)
    assert [message.text for message in found.items] == ["Is there a slot on Monday?", "At nine or at ten?", "At ten"]
    assert [replied, conversation.state] == [ConversationState.WAITING, ConversationState.OPEN]


async def test_a_message_may_have_no_text(conversation_service: ConversationService, event_bus: EventBus) -> None:
    await arrive(event_bus, text=None)

    page = await conversation_service.list()
    found = await conversation_service.messages(page.items[0].id)
    assert [message.text for message in found.items] == [""]


async def test_messages_of_several_senders_are_several_conversations(
    conversation_service: ConversationService,
    event_bus: EventBus,
) -> None:
    for sender in ("+12025550143", "+12025550199"):
        await arrive(event_bus, sender=sender)

    page = await conversation_service.list()
    assert [conversation.last_sequence for conversation in page.items] == [1, 1]


async def test_messages_of_one_sender_in_several_spellings_are_one_conversation(
    conversation_service: ConversationService,
    event_bus: EventBus,
) -> None:
    for sender in ("+12025550143", "+1 (202) 555-0143"):
        await arrive(event_bus, sender=sender)

    page = await conversation_service.list()
    assert [(each.participant, each.last_sequence) for each in page.items] == [("+12025550143", 2)]


@pytest.fixture
async def test_conversation(make_conversation: Factory[Conversation]) -> Conversation:
    """An open conversation on a channel on which no module sends messages."""
    return await make_conversation(channel="chat")


@pytest.fixture
async def test_reply(conversation_service: ConversationService, test_conversation: Conversation) -> Message:
    """A message to the participant of `test_conversation`, who has the turn."""
    return await conversation_service.reply(test_conversation.id, Reply(text="At nine or at ten?"))


async def report(events: EventBus, message_id: UUID | None, name: str, **data: Any) -> None:
    """Publish what became of a message as the module that sends it does."""
    await events.publish(f"communication.{name}", uuid4(), about=message_id, channel="whatsapp", **data)


@pytest.mark.parametrize(
    ("name", "delivery"),
    [
        ("scheduled", Delivery.QUEUED),
        ("sent", Delivery.SENT),
        ("delivered", Delivery.DELIVERED),
        ("read", Delivery.READ),
        ("cancelled", Delivery.CANCELLED),
    ],
)
async def test_a_message_shows_what_became_of_it(
    event_bus: EventBus,
    test_conversation: Conversation,
    test_reply: Message,
    name: str,
    delivery: Delivery,
) -> None:
    await report(event_bus, test_reply.id, name)

    assert (test_reply.delivery, test_reply.failure) == (delivery, None)
    assert test_conversation.state is ConversationState.WAITING


@pytest.mark.parametrize(
    ("name", "delivery", "data"),
    [("failed", Delivery.FAILED, {"failure": "400 21610"}), ("unconfirmed", Delivery.UNCONFIRMED, {})],
)
async def test_a_message_that_was_not_delivered_returns_the_turn(
    event_bus: EventBus,
    published_events: list[Event],
    test_conversation: Conversation,
    test_reply: Message,
    name: str,
    delivery: Delivery,
    data: dict[str, str],
) -> None:
    published_events.clear()

    await report(event_bus, test_reply.id, name, **data)

    assert (test_reply.delivery, test_reply.failure) == (delivery, data.get("failure"))
    assert test_conversation.state is ConversationState.OPEN
    failed, moved = published_events[1:]
    assert (failed.name, failed.record_id) == ("conversation.not_delivered", test_conversation.id)
    assert failed.data == {"message_id": str(test_reply.id), "failure": data.get("failure")}
    assert (moved.name, moved.data) == ("conversation.moved", {"before": "waiting", "after": "open"})


@pytest.mark.parametrize("state", [ConversationState.HANDED_OVER, ConversationState.CLOSED])
async def test_a_failure_moves_no_conversation_that_does_not_wait(
    event_bus: EventBus,
    test_conversation: Conversation,
    test_reply: Message,
    state: ConversationState,
) -> None:
    test_conversation.state = state

    await report(event_bus, test_reply.id, "failed", failure="opted_out")

    assert (test_reply.failure, test_conversation.state) == ("opted_out", state)


async def test_a_message_that_is_sent_again_has_no_failure(event_bus: EventBus, test_reply: Message) -> None:
    await report(event_bus, test_reply.id, "failed", failure="503")

    await report(event_bus, test_reply.id, "scheduled")

    assert (test_reply.delivery, test_reply.failure) == (Delivery.QUEUED, None)


@pytest.mark.parametrize("about", [None, uuid4()], ids=["nobody", "somebody"])
async def test_messages_of_other_modules_change_nothing(
    event_bus: EventBus,
    test_reply: Message,
    about: UUID | None,
) -> None:
    await report(event_bus, about, "failed", failure="503")

    assert (test_reply.delivery, test_reply.failure) == (None, None)


async def test_the_conversations_with_an_erased_patient_are_erased(
    conversation_service: ConversationService,
    event_bus: EventBus,
    make_conversation: Factory[Conversation],
) -> None:
    theirs = [
        await make_conversation(participant="+1 202 555 0143", context={"name": "Ada"}),
        await make_conversation(participant="Ada@example.com", channel="email"),
        await make_conversation(participant="+12025550143", channel="sms"),
    ]
    await arrive(event_bus)
    await conversation_service.move_to(theirs[2].id, ConversationState.CLOSED)
    await arrive(event_bus, sender="+12025550199")

    await event_bus.publish("patient.erased", uuid4(), known_as=["+12025550143", "ada@example.com"])

    for each in theirs:
        await event_bus.session.refresh(each)
    assert [(each.participant, each.context, each.state) for each in theirs] == [("", {}, "closed")] * 3
    found = await conversation_service.messages(theirs[0].id)
    assert [(message.text, message.media) for message in found.items] == [("", [])]
    page = await conversation_service.list()
    (other,) = [each for each in page.items if each.participant]
    kept = await conversation_service.messages(other.id)
    assert (other.state, [message.text for message in kept.items]) == ("open", ["Is there a slot on Monday?"])


async def test_a_message_after_the_erasure_starts_another_conversation(
    conversation_service: ConversationService,
    event_bus: EventBus,
) -> None:
    await arrive(event_bus)
    await event_bus.publish("patient.erased", uuid4(), known_as=["+12025550143"])

    await arrive(event_bus)

    page = await conversation_service.list()
    assert [each.participant for each in page.items] == ["", "+12025550143"]
