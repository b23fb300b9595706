"""The requests of Twilio and of a voice agent, and the responses about inbound messages."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from ...core.addresses import one_spelling
from ...core.schemas import JsonObject, RecordRead, ResponseModel, SearchQuery, ShortText, Url
from .models import Channel
from .rules import storable, storable_json

MAX_MEDIA = 10
"""The most media that a message can have."""

MessageSid = Annotated[str, StringConstraints(pattern=r"^(SM|MM)[0-9a-f]{32}$")]
# A number in E.164 format, a short code or a name; other channels than WhatsApp have other prefixes.
Address = Annotated[str, StringConstraints(pattern=r"^(whatsapp:)?[+0-9A-Za-z][0-9A-Za-z ._&-]{0,50}$")]
Text = Annotated[str, Field(max_length=20_000), AfterValidator(storable)]


class ProviderModel(BaseModel):
    """What a provider sends. Fields that this service does not know are ignored: providers add some at any time."""

    model_config = ConfigDict(hide_input_in_errors=True)


class Media(ProviderModel):
    """A file that Twilio stores; its URL requires the credentials of the account."""

    url: Url
    content_type: ShortText


class TwilioMessage(ProviderModel):
    """A message to a number of the organisation."""

    provider_id: MessageSid = Field(alias="MessageSid")
    sender: Address = Field(alias="From")
    recipient: Address = Field(alias="To")
    text: Text = Field(default="", alias="Body")
    media: list[Media] = []

    @model_validator(mode="before")
    @classmethod
    def _collect_media(cls, fields: dict[str, Any]) -> dict[str, Any]:
        urls = [(f"MediaUrl{number}", f"MediaContentType{number}") for number in range(MAX_MEDIA)]
        media = [{"url": fields[url], "content_type": fields.get(kind)} for url, kind in urls if url in fields]
        return {**fields, "media": media}

    @property
    def channel(self) -> Channel:
        """The channel, which is a prefix of the sender for WhatsApp."""
        return Channel.WHATSAPP if self.sender.startswith("whatsapp:") else Channel.SMS


class TwilioStatus(ProviderModel):
    """What became of a message that was sent."""

    provider_id: MessageSid = Field(alias="MessageSid")
    status: Annotated[str, StringConstraints(pattern="^[a-z_-]{1,30}$")] = Field(alias="MessageStatus")
    error_code: Annotated[int | None, BeforeValidator(lambda value: value or None)] = Field(
        default=None, alias="ErrorCode"
    )


class TwilioEvent(ProviderModel):
    """An event of Twilio's Event Streams, in the format of CloudEvents."""

    type: str
    data: dict[str, Any]

    @property
    def fields(self) -> dict[str, Any]:
        """The data with the names of the fields of forms: `MessageSid` for `messageSid`."""
        named = {name[:1].upper() + name[1:]: value for name, value in self.data.items()}
        # The type of an event ends with the status.
        return {**named, "MessageStatus": self.type.rpartition(".")[2]}


class Call(ProviderModel):
    """A call that a voice agent has answered."""

    call_id: ShortText
    caller: Annotated[ShortText, AfterValidator(one_spelling)] | None = None
    """The number, unless it is withheld."""
    collected: Annotated[JsonObject, BeforeValidator(storable_json)] = {}
    """What the agent has asked the caller for."""


class AgentEvent(ProviderModel):
    """An event of a voice agent, in the format of Standard Webhooks."""

    type: str
    data: dict[str, Any]


class InboundMessageQuery(SearchQuery):
    """Filters of the list of inbound messages."""

    channel: Channel | None = None
    sender: ShortText | None = None


class MediaRead(ResponseModel):
    """A file of a message in a response."""

    url: str
    content_type: str


class InboundMessageRead(RecordRead):
    """An inbound message in a response."""

    channel: Channel
    sender: str
    recipient: str
    text: str
    media: list[MediaRead]
    provider_id: str
