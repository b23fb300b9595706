"""The tables of inbound messages, and of what was received from providers."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.tenancy import Record


class Channel(StrEnum):
    """The way on which a message arrives."""

    SMS = "sms"
    WHATSAPP = "whatsapp"


class InboundMessage(Record):
    """A message to the organisation."""

    __tablename__ = "inbound_messages"

    channel: Mapped[Channel]
    sender: Mapped[str] = mapped_column(String(64), index=True)
    recipient: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    media: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    provider_id: Mapped[str] = mapped_column(String(64))


class Receipt(Record):
    """A message, report or event of a provider that was processed: a repetition changes nothing."""

    __tablename__ = "webhook_receipts"
    __table_args__ = (UniqueConstraint("organisation_id", "kind", "provider_id"),)

    kind: Mapped[str] = mapped_column(String(50))
    provider_id: Mapped[str] = mapped_column(String(200))
