"""E-mail: what a message is, who sends it, and the client that talks SMTP.

The client blocks in every form of this service: only tasks send e-mail, one at a time in a process.
"""

import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from email_validator import EmailNotValidError, validate_email
from pydantic import EmailStr, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

# Every server takes seven bits: what needs more is encoded.
_POLICY = SMTP.clone(cte_type="7bit")


class EmailError(Exception):
    """A message was not sent."""


class EmailUnavailable(EmailError):
    """The server could not take the message; later it may."""


class EmailRefused(EmailError):
    """The message cannot be sent: the server refuses it, or us, for good."""


class RecipientRefused(EmailRefused):
    """The server, or the form of the address, says that there is no such mailbox."""


@dataclass(frozen=True, slots=True)
class Email:
    """A message of plain text to one person."""

    to: str
    subject: str
    body: str


class EmailGateway(Protocol):
    """Who sends e-mail."""

    def send(self, email: Email) -> None:
        """Send a message; raise EmailUnavailable, EmailRefused or RecipientRefused."""


class SmtpSecurity(StrEnum):
    """How the way to the server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class EmailSettings(BaseSettings):
    """Which SMTP server takes our messages, and who they are from."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    smtp_host: str
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: SmtpSecurity = SmtpSecurity.STARTTLS
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout_seconds: float = Field(default=10, gt=0, description="How long one answer may take.")
    smtp_attempts: int = Field(default=3, ge=1, description="How often an unavailable server is tried.")
    email_sender: EmailStr
    email_sender_name: str = ""

    @model_validator(mode="after")
    def _has_a_whole_login(self) -> "EmailSettings":
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("smtp_username and smtp_password belong together")
        if self.smtp_username is not None and self.smtp_security is SmtpSecurity.NONE:
            raise ValueError("a password is sent over starttls or tls only")
        return self


class SmtpEmailGateway:
    """Sends each message over a connection of its own to an SMTP server.

    `tls` replaces the certificates of this machine; `sleep` is how it waits before it tries again.
    """

    def __init__(
        self,
        settings: EmailSettings,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        local_part, _, domain = settings.email_sender.rpartition("@")
        self._sender = Address(settings.email_sender_name, local_part, domain)
        self._given_tls = tls
        self._attempts = Retrying(
            retry=retry_if_exception_type(EmailUnavailable),
            stop=stop_after_attempt(settings.smtp_attempts),
            wait=wait_exponential(multiplier=0.5),
            sleep=sleep,
            reraise=True,
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Read when they are needed: the certificates of a machine are many.
        return self._given_tls or ssl.create_default_context()

    def send(self, email: Email) -> None:
        """Send a message, again after 0.5 s, 1 s, 2 s ... while the server is unavailable.

        Raises EmailUnavailable after the last attempt, and at once EmailRefused or RecipientRefused.
        """
        # Made once: whoever gets it twice, as the server's last word was lost, sees one Message-ID.
        message = self._compose(email)
        self._attempts(self._deliver, message)

    def _compose(self, email: Email) -> EmailMessage:
        message = EmailMessage(_POLICY)
        message["From"] = self._sender
        message["To"] = _recipient(email.to)
        message["Date"] = localtime()
        message["Message-ID"] = make_msgid(domain=self._sender.domain)
        try:
            message["Subject"] = email.subject
        except ValueError as error:
            raise EmailRefused("The subject must be one line.") from error
        message.set_content(email.body)
        return message

    def _deliver(self, message: EmailMessage) -> None:
        try:
            with closing(self._connect()) as smtp:
                self._log_in(smtp)
                smtp.send_message(message)
                # The server has it: what goes wrong from here on is no reason to send it again.
                with suppress(OSError):
                    smtp.quit()
        except OSError as error:
            raise _meaning_of(error) from error

    def _connect(self) -> smtplib.SMTP:
        server = (self.settings.smtp_host, self.settings.smtp_port)
        # Without a name smtplib asks the name server for ours, which may take long.
        name, timeout = self._sender.domain, self.settings.smtp_timeout_seconds
        if self.settings.smtp_security is SmtpSecurity.TLS:
            return smtplib.SMTP_SSL(*server, name, timeout=timeout, context=self._tls)
        return smtplib.SMTP(*server, name, timeout=timeout)

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        if self.settings.smtp_security is SmtpSecurity.STARTTLS:
            smtp.starttls(context=self._tls)
        if self.settings.smtp_username is not None and self.settings.smtp_password is not None:
            smtp.login(self.settings.smtp_username, self.settings.smtp_password.get_secret_value())


def _recipient(address: str) -> Address:
    try:
        valid = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise RecipientRefused(f"{address!r} is no e-mail address: {error}") from error
    return Address(username=valid.local_part, domain=valid.ascii_domain)


def _meaning_of(error: OSError) -> EmailError:
    # What is not said to be final may pass: a reply of 4xx, no reply, no connection (RFC 5321, section 4.2.1).
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=replies):
            ((address, (code, reply)),) = replies.items()
            text = f"{address}: {_reply(code, reply)}"
            if code < 500:
                return EmailUnavailable(text)
            # RFC 3463: a status of 5.7 speaks of us and our rights, not of the mailbox.
            return EmailRefused(text) if reply.startswith(b"5.7.") else RecipientRefused(text)
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=reply):
            return (EmailRefused if code >= 500 else EmailUnavailable)(_reply(code, reply))
        case smtplib.SMTPNotSupportedError() | ssl.SSLCertVerificationError():
            return EmailRefused(str(error))
        case _:
            return EmailUnavailable(str(error) or type(error).__name__)


def _reply(code: int, reply: bytes | str) -> str:
    return f"{code} {reply.decode(errors='replace') if isinstance(reply, bytes) else reply}"
