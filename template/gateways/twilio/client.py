"""The Twilio gateway: SMS and WhatsApp messages, the gateway protocol, and a client of Twilio's REST API.

The client is blocking: only tasks send messages, one at a time per process.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol, Self
from urllib.parse import quote, unquote
from uuid import UUID

from pydantic import Field, HttpUrl, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioRestException, TwilioServiceException  # type: ignore[import-untyped]
from twilio.base.values import unset  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError, SSLError

# Twilio answers 400 to these, too, but they are about the account or its settings: other messages would fail as well.
_ABOUT_THE_ACCOUNT = frozenset({21212, 21408, 21603, 21606, 21608, 21609, 21659, 21660, 63007})
# Twilio has not processed the request, and it is safe to repeat it.
_NOT_PROCESSED = frozenset({429, 503})
_BEFORE_THE_REQUEST = (ConnectTimeoutError, NewConnectionError, ProxyError, SSLError)

ORGANISATION = "{organisation_id}"
"""The place of the organisation in the URL to which Twilio reports."""
PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
"""A phone number in E.164 format."""


class TwilioError(Exception):
    """The message was not sent. The text of the error may be logged: it has only the codes of Twilio's response."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        """Twilio's error code, see https://www.twilio.com/docs/api/errors."""


class TwilioUnavailable(TwilioError):
    """A temporary failure: nothing was sent, and a later attempt may succeed."""


class TwilioUnconfirmed(TwilioError):
    """The message was perhaps sent: Twilio may have received it, but no response says so."""


class TwilioRefused(TwilioError):
    """A permanent failure: Twilio refuses the account, its sender or its settings."""


class MessageRefused(TwilioRefused):
    """A permanent failure: Twilio refuses this message or its recipient."""


@dataclass(frozen=True, slots=True)
class TwilioMessage:
    """A message to one phone number in E.164 format: free-form text, or a template with its variables."""

    channel: Literal["sms", "whatsapp"]
    to: str
    organisation_id: UUID
    """Whose message this is; the delivery is reported to its URL."""
    text: str | None = None
    template: str | None = None
    """The content SID of a template; WhatsApp requires one unless the recipient has written within 24 hours."""
    variables: Mapping[str, str] = field(default_factory=dict)


class TwilioGateway(Protocol):
    """Sends SMS and WhatsApp messages."""

    def send(self, message: TwilioMessage) -> str:
        """Send a message and return its SID.

        Raises `TwilioUnavailable`, `TwilioUnconfirmed`, `TwilioRefused` or `MessageRefused`.
        """


class TwilioSettings(BaseSettings):
    """Settings of the account and its sender."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    twilio_account_sid: str = Field(pattern="^AC")
    # Anybody could sign requests with an empty one.
    twilio_auth_token: SecretStr | None = Field(
        default=None, min_length=1, description="Also verifies the requests of Twilio."
    )
    twilio_phone_number: PhoneNumber
    twilio_whatsapp_number: PhoneNumber | None = Field(default=None, description="By default the same number.")
    twilio_status_callback_url: HttpUrl | None = Field(default=None, description="Where Twilio reports the delivery.")
    twilio_api_url: HttpUrl = Field(default=HttpUrl("https://api.twilio.com"), description="Another region or server.")
    twilio_timeout_seconds: float = Field(default=10, gt=0, description="Timeout of connecting and of each response.")

    @field_validator("twilio_status_callback_url")
    @classmethod
    def _check_callback(cls, url: HttpUrl | None) -> HttpUrl | None:
        # `HttpUrl` encodes the braces in the path only.
        if url and (unquote(str(url)).count(ORGANISATION), (url.path or "").count(quote(ORGANISATION))) != (1, 1):
            raise ValueError(f"must contain {ORGANISATION} once, in the path")
        return url

    @model_validator(mode="after")
    def _check_token(self) -> Self:
        if self.twilio_auth_token is None and self.twilio_api_url.scheme == "https":
            raise ValueError("TWILIO_AUTH_TOKEN: set the token of the account, or TWILIO_API_URL to a local server")
        return self


class TwilioClient:
    """Sends each message once, with Twilio's REST API."""

    def __init__(self, settings: TwilioSettings) -> None:
        token = settings.twilio_auth_token
        self.settings = settings
        self._client = Client(
            settings.twilio_account_sid,
            token.get_secret_value() if token else None,
            http_client=TwilioHttpClient(timeout=settings.twilio_timeout_seconds, logger=_silent_logger()),
            # Otherwise it reads variables that are no settings.
            environment={"TWILIO_ACCOUNT_SID": settings.twilio_account_sid},
        )
        self._client.api.base_url = str(settings.twilio_api_url)

    def send(self, message: TwilioMessage) -> str:
        """Send a message and return its SID; raise the errors of `TwilioGateway`."""
        try:
            created = self._client.messages.create(
                to=_address(message.channel, message.to),
                from_=_address(message.channel, self._sender(message.channel)),
                body=message.text or unset,
                content_sid=message.template or unset,
                content_variables=json.dumps(dict(message.variables)) if message.variables else unset,
                status_callback=self._callback(message.organisation_id) or unset,
            )
        except (TwilioRestException, TwilioServiceException) as error:
            # The cause may quote the recipient's number: it must not be logged.
            raise _refusal(error.status, error.code) from None
        except RequestException as error:
            raise _lost(error) from None
        except (ValueError, TypeError, AttributeError):
            raise TwilioUnconfirmed("The response is not a message.") from None
        if not isinstance(created.sid, str):
            raise TwilioUnconfirmed("The response has no SID.")
        return created.sid

    def _sender(self, channel: str) -> str:
        whatsapp = self.settings.twilio_whatsapp_number if channel == "whatsapp" else None
        return whatsapp or self.settings.twilio_phone_number

    def _callback(self, organisation_id: UUID) -> str:
        url = self.settings.twilio_status_callback_url
        return str(url).replace(quote(ORGANISATION), str(organisation_id)) if url else ""


def _address(channel: str, number: str) -> str:
    return number if channel == "sms" else f"{channel}:{number}"


def _silent_logger() -> logging.Logger:
    # Twilio's HTTP client logs each request and the headers of each response.
    logger = logging.getLogger(f"{__name__}.requests")
    logger.setLevel(logging.WARNING)
    return logger


def _refusal(status: int, code: int) -> TwilioError:
    kind: type[TwilioError] = TwilioRefused
    if status in _NOT_PROCESSED:
        kind = TwilioUnavailable
    elif status >= 500:
        kind = TwilioUnconfirmed
    elif status == 400 and code not in _ABOUT_THE_ACCOUNT:
        kind = MessageRefused
    # If Twilio sent no code, its library uses the status.
    return kind(str(status)) if code == status else kind(f"{status} {code}", code)


def _lost(error: RequestException) -> TwilioError:
    # Only an error before the request shows that the message was not sent.
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    kind = TwilioUnavailable if isinstance(reason, _BEFORE_THE_REQUEST) else TwilioUnconfirmed
    return kind(type(reason).__name__)
