"""Routes for conversations and their messages."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from .models import Conversation, Message
from .schemas import (
    ContextUpdate,
    ConversationCreate,
    ConversationMove,
    ConversationQuery,
    ConversationRead,
    MessageQuery,
    MessageRead,
    Reply,
)
from .service import ConversationService

router = ServiceRouter(prefix="/conversations", tags=["conversations"])

Service = Annotated[ConversationService, Depends(ConversationService.of_request)]


@router.post("", status_code=status.HTTP_201_CREATED, response_model=ConversationRead)
async def start_conversation(data: ConversationCreate, service: Service) -> Conversation:
    """Start a conversation; inbound messages start one by themselves."""
    return await service.start(data)


@router.get("", response_model=Page[ConversationRead])
async def list_conversations(query: Annotated[ConversationQuery, Query()], service: Service) -> Listing[Conversation]:
    """List conversations, oldest first."""
    return await service.list(query)


@router.get("/{conversation_id}", response_model=ConversationRead)
async def get_conversation(conversation_id: UUID, service: Service) -> Conversation:
    """Return a conversation."""
    return await service.get(conversation_id)


@router.patch("/{conversation_id}", response_model=ConversationRead)
async def update_conversation(conversation_id: UUID, changes: ContextUpdate, service: Service) -> Conversation:
    """Change values of the context of a conversation."""
    return await service.remember(conversation_id, changes)


@router.post("/{conversation_id}/move", response_model=ConversationRead)
async def move_conversation(conversation_id: UUID, move: ConversationMove, service: Service) -> Conversation:
    """Move a conversation to another state."""
    return await service.move_to(conversation_id, move.state)


@router.post("/{conversation_id}/messages", status_code=status.HTTP_201_CREATED, response_model=MessageRead)
async def reply_to_participant(conversation_id: UUID, data: Reply, service: Service) -> Message:
    """Add a message to the participant."""
    return await service.reply(conversation_id, data)


@router.get("/{conversation_id}/messages", response_model=Page[MessageRead])
async def list_messages_of_conversation(
    conversation_id: UUID,
    query: Annotated[MessageQuery, Query()],
    service: Service,
) -> Listing[Message]:
    """List the messages of a conversation in order."""
    return await service.messages(conversation_id, query)
