"""The tables of conversations and their messages."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.addresses import Address
from ...core.tenancy import Record, StatefulRecord


class ConversationState(StrEnum):
    """Whose turn it is."""

    OPEN = "open"
    """The participant waits for an answer."""
    WAITING = "waiting"
    """The organisation waits for the participant."""
    HANDED_OVER = "handed_over"
    """A person of the organisation answers, whoever's turn it is."""
    CLOSED = "closed"


class Direction(StrEnum):
    """Who wrote a message."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Delivery(StrEnum):
    """What became of a message to the participant."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    CANCELLED = "cancelled"


class Conversation(StatefulRecord):
    """The messages between the organisation and one participant, until it is closed."""

    __tablename__ = "conversations"
    __table_args__ = (Index(None, "organisation_id", "channel", "participant"),)

    channel: Mapped[str] = mapped_column(String(50))
    participant: Mapped[str] = mapped_column(Address)
    state: Mapped[ConversationState] = mapped_column(default=ConversationState.OPEN, index=True)
    context: Mapped[dict[str, Any]]
    """What the conversation has found out, such as an appointment that was chosen."""
    last_sequence: Mapped[int] = mapped_column(default=0)
    """The number of its messages."""

    @classmethod
    def mentions(cls, texts: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that a person is the participant."""
        return cls.participant.in_(texts)


class Message(Record):
    """A message of a conversation; `sequence` counts from one, without gaps."""

    __tablename__ = "conversation_messages"
    list_order: ClassVar[tuple[str, ...]] = ("conversation_id", "sequence", "id")
    __table_args__ = (UniqueConstraint("conversation_id", "sequence"),)

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    sequence: Mapped[int]
    direction: Mapped[Direction]
    text: Mapped[str] = mapped_column(Text)
    media: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    provider_id: Mapped[str | None] = mapped_column(String(200))
    delivery: Mapped[Delivery | None]
    """None if no module sends messages on this channel, and for inbound messages."""
    failure: Mapped[str | None] = mapped_column(String(200))
    """Why the message was not delivered."""
