"""Requests and responses about conversations."""

from typing import Any
from uuid import UUID

from pydantic import Field

from ...core.schemas import JsonObject, ListQuery, LongText, RecordRead, RequestModel, SearchQuery, ShortText
from .models import ConversationState, Delivery, Direction


class ConversationCreate(RequestModel):
    """The participant of a new conversation, and what is already known."""

    channel: ShortText
    participant: ShortText
    context: JsonObject = Field(default={})


class ContextUpdate(RequestModel):
    """Values to change in the context. Null removes a value; the others stay."""

    context: JsonObject


class ConversationMove(RequestModel):
    """The state to move a conversation to."""

    state: ConversationState


class Reply(RequestModel):
    """The text of a message to the participant."""

    text: LongText


class ConversationQuery(SearchQuery):
    """Filters of the list of conversations."""

    channel: ShortText | None = None
    participant: ShortText | None = None
    state: ConversationState | None = None


class MessageQuery(ListQuery):
    """Filters of the list of messages of a conversation."""

    direction: Direction | None = None


class ConversationRead(RecordRead):
    """A conversation in a response."""

    channel: str
    participant: str
    state: ConversationState
    context: dict[str, Any]
    last_sequence: int


class MessageRead(RecordRead):
    """A message in a response."""

    conversation_id: UUID
    sequence: int
    direction: Direction
    text: str
    media: list[dict[str, Any]]
    provider_id: str | None
    delivery: Delivery | None
    failure: str | None
