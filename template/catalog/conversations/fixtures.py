"""Fixtures of conversations."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.conversations.models import Conversation
from your_service.modules.conversations.schemas import ConversationCreate
from your_service.modules.conversations.service import ConversationService

from tests.support.factories import Factory, Payload


@pytest.fixture
def conversation_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> ConversationService:
    """The service for conversations of the test's organisation."""
    return ConversationService(db_session, event_bus)


@pytest.fixture
def conversation_payload() -> Payload:
    """Return a function that makes the request body of a conversation, with another participant each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        return {"channel": "whatsapp", "participant": f"+1202555{next(numbers):04}", "context": {}, **overrides}

    return make


@pytest.fixture
def make_conversation(
    conversation_service: ConversationService,
    conversation_payload: Payload,
) -> Factory[Conversation]:
    """Return a function that starts a conversation; arguments override the payload."""

    async def make(**overrides: Any) -> Conversation:
        return await conversation_service.start(ConversationCreate(**conversation_payload(**overrides)))

    return make


@pytest.fixture
async def test_conversation(make_conversation: Factory[Conversation]) -> Conversation:
    """An open conversation without messages."""
    return await make_conversation()


@pytest.fixture
def test_conversation_id(test_conversation: Conversation) -> UUID:
    """The identifier of `test_conversation`."""
    return test_conversation.id
