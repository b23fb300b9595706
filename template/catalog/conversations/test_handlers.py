"""Tests of what conversations do when a message arrives."""

from typing import Any
from uuid import uuid4

from your_service.core.events import EventBus
from your_service.modules.conversations.models import ConversationState, Direction
from your_service.modules.conversations.schemas import Reply
from your_service.modules.conversations.service import ConversationService

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
