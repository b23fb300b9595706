"""Requests and responses about notifications, their templates and preferences."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from ...core.schemas import (
    AsNumber,
    Boolean,
    Email,
    ListQuery,
    LocalTime,
    LongText,
    RecordRead,
    RequestModel,
    ResponseModel,
    ShortText,
    TimeZone,
    unchanged,
)
from ..communications.rules import Channel
from ..communications.schemas import ContentSid
from .models import NotSent
from .rules import check_placeholders


def _check_distinct(items: list[str]) -> list[str]:
    if len(set(items)) < len(items):
        raise ValueError("must not contain the same value twice")
    return items


Channels = Annotated[list[Channel], AfterValidator(_check_distinct)]
SomeChannels = Annotated[Channels, Field(min_length=1)]
Variable = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,39}$")]
Variables = Annotated[list[Variable], Field(max_length=50), AfterValidator(_check_distinct)]
TemplateSubject = Annotated[ShortText, AfterValidator(check_placeholders)]
TemplateText = Annotated[LongText, AfterValidator(check_placeholders)]
Kind = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,49}$")]
BatchMinutes = Annotated[int, Field(ge=0, le=24 * 60), AsNumber]


class NotificationTemplateCreate(RequestModel):
    """Fields of a new template. Variables are written as `$name` or `${name}`, and a dollar sign as `$$`.

    WhatsApp accepts a text only from people who have written within the last day, but `whatsapp_template` always: the
    content SID of a template at Twilio with the same variables.
    """

    name: ShortText
    channels: SomeChannels
    variables: Variables = Field(default_factory=list)
    subject: TemplateSubject
    text: TemplateText
    short_text: TemplateText | None = None
    whatsapp_template: ContentSid | None = None


class NotificationTemplateUpdate(RequestModel):
    """Fields of a template to change; a field that is left out keeps its value."""

    name: ShortText = unchanged()
    channels: SomeChannels = unchanged()
    variables: Variables = unchanged()
    subject: TemplateSubject = unchanged()
    text: TemplateText = unchanged()
    short_text: TemplateText | None = unchanged()
    whatsapp_template: ContentSid | None = unchanged()


class NotificationTemplateRead(RecordRead):
    """A template in a response."""

    name: str
    channels: list[Channel]
    variables: list[str]
    subject: str
    text: str
    short_text: str | None
    whatsapp_template: str | None


class NotificationPreferenceCreate(RequestModel):
    """How a recipient wants to be notified. Quiet hours have both ends, and may span midnight.

    Notifications within `batch_minutes` of the first one are sent together.
    """

    recipient_kind: Kind
    recipient_id: UUID
    channels: Channels = Field(default_factory=lambda: [*Channel])
    time_zone: TimeZone = "UTC"
    quiet_from: LocalTime | None = None
    quiet_until: LocalTime | None = None
    batch_minutes: BatchMinutes = 0


class NotificationPreferenceUpdate(RequestModel):
    """Fields of a preference to change; a field that is left out keeps its value."""

    channels: Channels = unchanged()
    time_zone: TimeZone = unchanged()
    quiet_from: LocalTime | None = unchanged()
    quiet_until: LocalTime | None = unchanged()
    batch_minutes: BatchMinutes = unchanged()


class NotificationPreferenceQuery(ListQuery):
    """Filters of the list of preferences."""

    recipient_kind: Kind | None = None
    recipient_id: UUID | None = None


class NotificationPreferenceRead(RecordRead):
    """A preference in a response."""

    recipient_kind: str
    recipient_id: UUID
    channels: list[Channel]
    time_zone: str
    quiet_from: LocalTime | None
    quiet_until: LocalTime | None
    batch_minutes: int


class Addresses(RequestModel):
    """The addresses of a recipient, by channel."""

    email: Email | None = None
    sms: ShortText | None = None
    whatsapp: ShortText | None = None


class NotificationCreate(RequestModel):
    """A template, its values, and the recipient. An urgent notification ignores quiet hours and is sent by itself."""

    template: ShortText
    values: dict[Variable, ShortText] = Field(default_factory=dict)
    recipient_kind: Kind
    recipient_id: UUID
    addresses: Addresses
    urgent: Boolean = False


class NotificationQuery(ListQuery):
    """Filters of the list of notifications."""

    template_id: UUID | None = None
    recipient_kind: Kind | None = None
    recipient_id: UUID | None = None


class DeliveryRead(ResponseModel):
    """What a channel did with a notification, in a response."""

    channel: Channel
    communication_id: UUID | None
    not_sent: NotSent | None
    detail: str | None


class NotificationRead(RecordRead):
    """A notification in a response."""

    template_id: UUID
    recipient_kind: str
    recipient_id: UUID
    urgent: bool
    deliveries: list[DeliveryRead]
