"""The tables of inbound messages, and of what was received from providers."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ColumnElement, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from ...core.addresses import Address, one_spelling
from ...core.events import Event
from ...core.tenancy import Record

CALL_EVENTS = {"call.started": "voice_call.started", "call.ended": "voice_call.ended"}
"""The event that is published for each type of a voice agent; other types are ignored."""


class Channel(StrEnum):
    """The way on which a message arrives."""

    SMS = "sms"
    WHATSAPP = "whatsapp"


class InboundMessage(Record):
    """A message to the organisation."""

    __tablename__ = "inbound_messages"

    channel: Mapped[Channel]
    sender: Mapped[str] = mapped_column(Address, index=True)
    recipient: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    media: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    provider_id: Mapped[str] = mapped_column(String(64))

    @classmethod
    def mentions(cls, texts: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that a message is from a person."""
        return cls.sender.in_(texts)


class Receipt(Record):
    """A message, report or event of a provider that was processed: a repetition changes nothing."""

    __tablename__ = "webhook_receipts"
    __table_args__ = (UniqueConstraint("organisation_id", "kind", "provider_id"),)

    kind: Mapped[str] = mapped_column(String(50))
    provider_id: Mapped[str] = mapped_column(String(200))

    @classmethod
    def mentions(cls, texts: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that a person made the call that was received; its event has the number."""
        is_theirs = Event.data["caller"].as_string().in_(map(one_spelling, texts))
        return cls.id.in_(select(Event.record_id).where(Event.name.in_(CALL_EVENTS.values()), is_theirs))
