"""The tables of notifications, their templates, and the preferences of recipients."""

from datetime import time
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.tenancy import Record
from ..communications.rules import Channel
from .rules import QuietHours


class NotSent(StrEnum):
    """Why a channel carries no message of a notification."""

    NO_ADDRESS = "no_address"
    NOT_WANTED = "not_wanted"
    REFUSED = "refused"


class NotificationTemplate(Record):
    """The texts of a notification, with the variables that they may contain, and its channels."""

    __tablename__ = "notification_templates"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(String(200))
    channels: Mapped[list[Channel]] = mapped_column(JSON)
    variables: Mapped[list[str]] = mapped_column(JSON)
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    short_text: Mapped[str | None] = mapped_column(Text)
    """The text on all channels except e-mail, if it differs."""
    whatsapp_template: Mapped[str | None] = mapped_column(String(34))
    """The content SID of the template at Twilio that WhatsApp uses instead of a text."""


class NotificationPreference(Record):
    """When and how a recipient wants to be notified."""

    __tablename__ = "notification_preferences"
    __table_args__ = (UniqueConstraint("organisation_id", "recipient_kind", "recipient_id"),)

    recipient_kind: Mapped[str] = mapped_column(String(50))
    recipient_id: Mapped[UUID]
    channels: Mapped[list[Channel]] = mapped_column(JSON)
    time_zone: Mapped[str] = mapped_column(String(64))
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    batch_minutes: Mapped[int]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the quiet hours."""
        return ZoneInfo(self.time_zone)

    @property
    def quiet_hours(self) -> QuietHours | None:
        """The quiet hours, if there are any."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        return QuietHours(self.quiet_from, self.quiet_until)


class NotificationMessage(Record):
    """A communication that carries one or more notifications."""

    __tablename__ = "notification_messages"

    communication_id: Mapped[UUID] = mapped_column(ForeignKey("communications.id"), unique=True)
    number: Mapped[int] = mapped_column(default=1)
    """How many notifications it carries."""


class Notification(Record):
    """A template that was sent to a recipient, and what each channel does with it."""

    __tablename__ = "notifications"
    __table_args__ = (Index(None, "recipient_id", "recipient_kind"),)

    template_id: Mapped[UUID] = mapped_column(ForeignKey("notification_templates.id"), index=True)
    recipient_kind: Mapped[str] = mapped_column(String(50))
    recipient_id: Mapped[UUID]
    urgent: Mapped[bool]
    deliveries: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """For each channel of the template its communication, or the reason why there is none."""
