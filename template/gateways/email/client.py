"""The e-mail gateway: messages, the gateway protocol, and an SMTP client.

The client is blocking: only tasks send e-mail, one at a time per process.
"""

import re
import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from typing import Any, Literal, Protocol

from email_validator import EmailNotValidError, validate_email
from pydantic import EmailStr, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Every server accepts seven-bit messages; other content is encoded.
_POLICY = SMTP.clone(cte_type="7bit")
# The enhanced status code at the start of a reply (RFC 3463).
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)")


class EmailError(Exception):
    """The message was not sent. The text of the error may be logged: it has only the codes of the server's reply."""


class EmailUnavailable(EmailError):
    """A temporary failure; a later attempt may succeed."""


class EmailUnconfirmed(EmailError):
    """The message was perhaps sent: the server received it, but did not reply in time (RFC 5321, section 4.5.3.2.6)."""


class EmailRefused(EmailError):
    """A permanent failure: the server refuses the message or the sender."""


class RecipientRefused(EmailRefused):
    """A permanent failure: the address is not valid or the mailbox does not exist."""


@dataclass(frozen=True, slots=True)
class Email:
    """A plain text message to one recipient."""

    to: str
    subject: str
    body: str
    reference: str | None = None
    """The part of the Message-ID before the @, the same whenever this message is sent again; random by default."""


class EmailGateway(Protocol):
    """Sends e-mail."""

    def send(self, email: Email) -> None:
        """Send a message; raise `EmailUnavailable`, `EmailUnconfirmed`, `EmailRefused` or `RecipientRefused`."""


class EmailSettings(BaseSettings):
    """Settings of the SMTP server and the sender."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    smtp_host: str
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout_seconds: float = Field(default=10, gt=0, description="Timeout of each response.")
    email_sender: EmailStr
    email_sender_name: str = ""

    @model_validator(mode="after")
    def _check_login(self) -> "EmailSettings":
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("set both smtp_username and smtp_password, or neither")
        if self.smtp_username is not None and self.smtp_security == "none":
            raise ValueError("a login requires smtp_security starttls or tls")
        return self


class _Connection(smtplib.SMTP):
    """A connection that distinguishes a lost reply to a message from other lost replies."""

    _message_is_sent = False

    def send(self, s: Any) -> None:
        """Send a command, which is text, or a whole message, which is bytes."""
        super().send(s)
        self._message_is_sent = isinstance(s, bytes)

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send a message; raise `EmailUnconfirmed` if the reply is lost."""
        try:
            return super().data(msg)
        except smtplib.SMTPServerDisconnected:
            if not self._message_is_sent:
                raise
            raise EmailUnconfirmed("The server did not reply to the message.") from None


class _TlsConnection(_Connection, smtplib.SMTP_SSL):
    """The same over a connection that is encrypted from the start."""


class SmtpEmailGateway:
    """Sends each message once, over a new connection to an SMTP server; `tls` replaces the default SSL context."""

    def __init__(self, settings: EmailSettings, tls: ssl.SSLContext | None = None) -> None:
        self.settings = settings
        local_part, _, domain = settings.email_sender.rpartition("@")
        self._sender = Address(settings.email_sender_name, local_part, domain)
        self._tls = tls or ssl.create_default_context()

    def send(self, email: Email) -> None:
        """Send a message; raise the errors of `EmailGateway`."""
        message = self._compose(email)
        try:
            with closing(self._connect()) as smtp:
                self._log_in(smtp)
                smtp.send_message(message)
                # The server has accepted the message: later errors must not cause a retry.
                with suppress(OSError):
                    smtp.quit()
        except OSError as error:
            # The cause may quote the recipient's address: it must not be logged.
            raise _translate(error) from None

    def _compose(self, email: Email) -> EmailMessage:
        message = EmailMessage(_POLICY)
        message["From"] = self._sender
        message["To"] = _recipient(email.to)
        message["Date"] = localtime()
        domain = self._sender.domain
        message["Message-ID"] = f"<{email.reference}@{domain}>" if email.reference else make_msgid(domain=domain)
        try:
            message["Subject"] = email.subject
        except ValueError as error:
            raise EmailRefused("The subject must be one line.") from error
        message.set_content(email.body)
        return message

    def _connect(self) -> smtplib.SMTP:
        server = (self.settings.smtp_host, self.settings.smtp_port)
        # Without a host name, smtplib does a DNS lookup, which can be slow.
        name, timeout = self._sender.domain, self.settings.smtp_timeout_seconds
        if self.settings.smtp_security == "tls":
            return _TlsConnection(*server, name, timeout=timeout, context=self._tls)
        return _Connection(*server, name, timeout=timeout)

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        if self.settings.smtp_security == "starttls":
            smtp.starttls(context=self._tls)
        if self.settings.smtp_username is not None and self.settings.smtp_password is not None:
            smtp.login(self.settings.smtp_username, self.settings.smtp_password.get_secret_value())


def _recipient(address: str) -> Address:
    try:
        valid = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        raise RecipientRefused("The recipient's address is not valid.") from None
    return Address(username=valid.local_part, domain=valid.ascii_domain)


def _translate(error: OSError) -> EmailError:
    # Everything but a permanent error (5xx) may be temporary (RFC 5321, section 4.2.1).
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=replies):
            ((code, reply),) = replies.values()
            # Status 5.7 is about the sender's permissions, not the mailbox (RFC 3463).
            refused = EmailRefused if reply.startswith(b"5.7.") else RecipientRefused
            return (refused if code >= 500 else EmailUnavailable)(_codes(code, reply))
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=reply):
            return (EmailRefused if code >= 500 else EmailUnavailable)(_codes(code, reply))
        case smtplib.SMTPNotSupportedError() | ssl.SSLCertVerificationError():
            return EmailRefused(str(error))
        case _:
            return EmailUnavailable(str(error) or type(error).__name__)


def _codes(code: int, reply: bytes | str) -> str:
    # The rest of a reply may contain addresses.
    status = _STATUS.match(reply.decode(errors="replace") if isinstance(reply, bytes) else reply)
    return f"{code} {status[0]}" if status else str(code)
