"""The tables of communications, and of the people who write or opted out."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.addresses import Address
from ...core.tenancy import Record, StatefulRecord
from .rules import Channel


class CommunicationState(StrEnum):
    """The state of a communication."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    CANCELLED = "cancelled"


class Communication(StatefulRecord):
    """A message to one address."""

    __tablename__ = "communications"
    __table_args__ = (Index(None, "state", "due_at"),)

    channel: Mapped[Channel]
    address: Mapped[str] = mapped_column(Address, index=True)
    recipient_kind: Mapped[str | None] = mapped_column(String(50))
    recipient_id: Mapped[UUID | None] = mapped_column(index=True)
    subject: Mapped[str | None] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text)
    token_kind: Mapped[str | None] = mapped_column(String(50))
    """The kind of one-time token in the text, which has `{token}` instead: a token is never stored."""
    template: Mapped[str | None] = mapped_column(String(34))
    variables: Mapped[dict[str, Any] | None]
    send_at: Mapped[datetime]
    state: Mapped[CommunicationState] = mapped_column(default=CommunicationState.QUEUED, index=True)
    failure: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(String(100), index=True)
    due_at: Mapped[datetime]
    """When the next attempt is due: at `send_at`, later after a failure or while an earlier message to the address waits."""
    attempts: Mapped[int] = mapped_column(default=0)
    copies: Mapped[int] = mapped_column(default=0)
    """How many copies may have been sent."""
    claimed_until: Mapped[datetime | None]
    """Until then, only the worker that claimed the message may send it."""

    @classmethod
    def mentions(cls, texts: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that a message is to a person."""
        return cls.address.in_(texts)


class Contact(Record):
    """What a person has written or wished on a channel."""

    __tablename__ = "communication_contacts"
    __table_args__ = (UniqueConstraint("organisation_id", "channel", "address"),)

    channel: Mapped[Channel]
    address: Mapped[str] = mapped_column(Address)
    opted_out_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime | None]

    @classmethod
    def mentions(cls, texts: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that a contact is a person."""
        return cls.address.in_(texts)
