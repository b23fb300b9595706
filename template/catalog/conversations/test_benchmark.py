"""Benchmarks of the service for conversations."""

import pytest

from your_service.modules.conversations.models import Conversation
from your_service.modules.conversations.service import ConversationService

from tests.performance.measure import Measure
from tests.support.factories import Factory


@pytest.fixture
async def long_conversation(
    conversation_service: ConversationService,
    make_conversation: Factory[Conversation],
) -> Conversation:
    """A conversation with two hundred messages, one of fifty conversations."""
    conversations = [await make_conversation() for _ in range(50)]
    for number in range(200):
        await conversation_service.receive("whatsapp", conversations[25].participant, text=f"Message {number}")
    return conversations[25]


def test_receive(
    measure: Measure,
    conversation_service: ConversationService,
    long_conversation: Conversation,
) -> None:
    received = measure(lambda: conversation_service.receive("whatsapp", long_conversation.participant, text="Hello"))

    assert received.sequence == long_conversation.last_sequence > 200


def test_list_messages(
    measure: Measure,
    conversation_service: ConversationService,
    long_conversation: Conversation,
) -> None:
    found = measure(lambda: conversation_service.messages(long_conversation.id))

    assert [message.sequence for message in found.items] == [*range(1, 51)]
