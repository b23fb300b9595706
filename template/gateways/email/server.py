"""An SMTP server for tests."""

import asyncio
import ssl
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ReceivedEmail:
    """A received message with its envelope."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    with_tls: bool


class SmtpServer:
    """Receives messages on a free local port within a `with` block, and keeps them in `messages`.

    `replies` maps the commands MAIL, RCPT and DATA to the replies to send instead of OK. If `confirms` is false, the
    server keeps a message, but does not reply to it yet; if `says_goodbye` is false, it drops the connection at QUIT. With `tls` it requires
    STARTTLS, or TLS from the start if `starttls` is false. With `password` it requires a login.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: bool = True,
        password: str | None = None,
        smtputf8: bool = True,
    ) -> None:
        self.messages: list[ReceivedEmail] = []
        self.replies: dict[str, list[str]] = {}
        self.confirms = True
        self.says_goodbye = True
        self.password = password
        options: dict[str, Any] = {"authenticator": self._authenticate, "enable_SMTPUTF8": smtputf8}
        if tls and starttls:
            options |= {"tls_context": tls, "require_starttls": True, "auth_required": password is not None}
        elif tls:
            # aiosmtpd counts only STARTTLS as encryption.
            options |= {"ssl_context": tls, "auth_require_tls": False}
        self._controller = _FreePortController(self, HOST, port=0, server_hostname=HOST, **options)

    def __enter__(self) -> "SmtpServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for sending to this server."""
        return {
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(self.port),
            "SMTP_SECURITY": "none",
            "EMAIL_SENDER": "reminders@example.com",
        }

    def clear(self) -> None:
        """Delete the received messages, and confirm new ones again."""
        self.messages.clear()
        self.confirms = True

    @property
    def port(self) -> int:
        """The port of the server."""
        return self._controller.port

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Reply to MAIL."""
        if reply := self._reply("MAIL"):
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Reply to RCPT."""
        if reply := self._reply("RCPT"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Store a message."""
        if reply := self._reply("DATA"):
            return reply
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, EmailMessage, policy=default)
        with_tls = server.transport is not None and server.transport.get_extra_info("sslcontext") is not None
        self.messages.append(ReceivedEmail(envelope.mail_from or "", envelope.rcpt_tos, message, with_tls))
        while not self.confirms:  # noqa: ASYNC110 - a test in another thread sets it
            await asyncio.sleep(0.01)
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Reply to QUIT."""
        if not self.says_goodbye and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return "221 Bye"

    async def handle_exception(self, error: Exception) -> str:
        """Report errors to the client instead of the log, such as a client that rejects the certificate."""
        return f"500 {type(error).__name__}"

    def _reply(self, command: str) -> str | None:
        replies = self.replies.get(command)
        return replies.pop(0) if replies else None

    def _authenticate(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        mechanism: str,
        login: LoginPassword,
    ) -> AuthResult:
        return AuthResult(success=login.password.decode() == self.password, handled=False)


class _FreePortController(Controller):
    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
