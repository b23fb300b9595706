"""Requests and responses about communications."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from ...core.schemas import ListQuery, LongText, Moment, RecordRead, RequestModel, ShortText
from .models import CommunicationState
from .rules import Channel, normal_address

MAX_CHARACTERS = 1600
"""The longest text of an SMS or a WhatsApp message that Twilio accepts."""

Kind = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,49}$")]
ContentSid = Annotated[str, StringConstraints(pattern="^HX[0-9a-f]{32}$")]
VariableName = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_]{1,50}$")]


class CommunicationCreate(RequestModel):
    """A message: an e-mail has a subject and a text, the other channels have a text or a template with variables.

    It is sent at `send_at`, or as soon as possible.
    """

    channel: Channel
    address: ShortText
    recipient_kind: Kind | None = None
    recipient_id: UUID | None = None
    subject: ShortText | None = None
    text: LongText | None = None
    template: ContentSid | None = Field(default=None, description="The content SID of a template at Twilio.")
    variables: Annotated[dict[VariableName, ShortText], Field(max_length=50)] | None = None
    send_at: Moment | None = None

    @field_validator("address")
    @classmethod
    def _check_address(cls, address: str, info: ValidationInfo) -> str:
        channel = info.data.get("channel")
        return normal_address(channel, address) if channel else address

    @model_validator(mode="after")
    def _check_content(self) -> "CommunicationCreate":
        if (self.recipient_kind is None) != (self.recipient_id is None):
            raise ValueError("set both recipient_kind and recipient_id, or neither")
        if self.variables is not None and self.template is None:
            raise ValueError("variables require a template")
        if self.channel is Channel.EMAIL:
            self._check_email()
        else:
            self._check_message()
        return self

    def _check_email(self) -> None:
        if self.subject is None or self.text is None or self.template is not None:
            raise ValueError("an e-mail has a subject and a text, and no template")

    def _check_message(self) -> None:
        if self.subject is not None or (self.text is None) == (self.template is None):
            raise ValueError("a message has a text or a template, and no subject")
        if self.text is not None and len(self.text) > MAX_CHARACTERS:
            raise ValueError(f"a message has at most {MAX_CHARACTERS} characters")


class CommunicationQuery(ListQuery):
    """Filters of the list of communications: by recipient, by channel and by state."""

    address: ShortText | None = None
    recipient_kind: Kind | None = None
    recipient_id: UUID | None = None
    channel: Channel | None = None
    state: CommunicationState | None = None


class CommunicationRead(RecordRead):
    """A communication in a response."""

    channel: Channel
    address: str
    recipient_kind: str | None
    recipient_id: UUID | None
    subject: str | None
    text: str | None
    token_kind: str | None = Field(description="The kind of the one-time token that nobody but the recipient sees.")
    template: str | None
    variables: dict[str, Any] | None
    send_at: datetime
    state: CommunicationState
    failure: str | None
    sent_at: datetime | None
    provider_id: str | None
    attempts: int
