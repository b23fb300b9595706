"""Tests of the SMTP client with a real SMTP server."""

import smtplib
import ssl
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from your_service.gateways.email import (
    Email,
    EmailError,
    EmailRefused,
    EmailSettings,
    EmailUnavailable,
    EmailUnconfirmed,
    RecipientRefused,
    SmtpEmailGateway,
)

from tests.support.faults import down, nonsense, slow
from tests.support.gateways.email_server import HOST, SmtpServer

HELLO = Email(to="ada@example.com", subject="Hello", body="How are you?\n")
LOGIN = {"smtp_username": "sender", "smtp_password": "a secret"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the settings from the developer's environment."""
    for name in EmailSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def make_settings(port: int, **overrides: Any) -> EmailSettings:
    """Return settings for a local server, without reading `.env`."""
    values = {"smtp_host": HOST, "smtp_port": port, "smtp_security": "none", "email_sender": "us@example.com"}
    return EmailSettings(_env_file=None, **{**values, **overrides})


@pytest.fixture
def gateway(smtp_server: SmtpServer) -> SmtpEmailGateway:
    """A gateway for a server without encryption."""
    return SmtpEmailGateway(make_settings(smtp_server.port))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The certificate authority of these tests."""
    return trustme.CA()


@pytest.fixture(scope="module")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """The TLS context of a local server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    """A TLS context that trusts the authority of these tests."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(params=["starttls", "tls"])
def security(request: pytest.FixtureRequest) -> str:
    """Each kind of encryption."""
    security: str = request.param
    return security


@pytest.fixture
def tls_server(server_tls: ssl.SSLContext, security: str) -> Iterator[SmtpServer]:
    """A server that requires encryption and a login."""
    starttls = security == "starttls"
    with SmtpServer(tls=server_tls, starttls=starttls, password="a secret") as server:
        yield server


def test_a_message_arrives(gateway: SmtpEmailGateway, smtp_server: SmtpServer) -> None:
    gateway.send(HELLO)

    (received,) = smtp_server.messages
    assert (received.sender, received.recipients) == ("us@example.com", ["ada@example.com"])
    assert (received.message["From"], received.message["To"]) == ("us@example.com", "ada@example.com")
    assert (received.message["Subject"], received.message.get_content()) == ("Hello", "How are you?\r\n")
    assert received.message["Date"].datetime.tzinfo is not None
    assert received.message["Message-ID"].endswith("@example.com>")


@pytest.mark.parametrize("body", ["Äpfel\n.\n", "A long line " * 100 + "\n"])
def test_any_unicode_text_arrives(smtp_server: SmtpServer, body: str) -> None:
    gateway = SmtpEmailGateway(make_settings(smtp_server.port, email_sender_name="Praxis Grün, Köln"))

    gateway.send(Email(to="ada@example.com", subject="Schöne Grüße 🏥", body=body))

    message = smtp_server.messages[0].message
    assert message["Content-Transfer-Encoding"] != "8bit"
    assert message["From"].addresses[0].display_name == "Praxis Grün, Köln"
    assert message["Subject"] == "Schöne Grüße 🏥"
    assert message.get_content() == body.replace("\n", "\r\n")


@pytest.mark.parametrize("subject", ["Hello\nBcc: eve@example.com", "Hello\rBcc: eve@example.com"])
def test_a_subject_cannot_add_headers(gateway: SmtpEmailGateway, smtp_server: SmtpServer, subject: str) -> None:
    with pytest.raises(EmailRefused, match=r"^The subject must be one line\.$"):
        gateway.send(Email(to="ada@example.com", subject=subject, body=""))

    assert smtp_server.messages == []


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@example.com, eve@example.com", "ada@example.com\nBcc: eve@example.com", "Ada <ada@example.com>"],
)
def test_a_message_has_one_recipient(gateway: SmtpEmailGateway, smtp_server: SmtpServer, address: str) -> None:
    with pytest.raises(RecipientRefused, match=r"^The recipient's address is not valid\.$"):
        gateway.send(Email(to=address, subject="Hello", body=""))

    assert smtp_server.messages == []


def test_a_sender_cannot_add_headers(smtp_server: SmtpServer) -> None:
    with pytest.raises(ValueError, match="CR or LF"):
        SmtpEmailGateway(make_settings(smtp_server.port, email_sender_name="Us\r\nBcc: eve@example.com"))


def test_unicode_addresses_are_supported(gateway: SmtpEmailGateway, smtp_server: SmtpServer) -> None:
    gateway.send(Email(to="jürgen@grün.example.com", subject="Hello", body=""))

    assert smtp_server.messages[0].recipients == ["jürgen@xn--grn-ioa.example.com"]


def test_an_address_that_the_server_does_not_support_is_refused() -> None:
    with SmtpServer(smtputf8=False) as server, pytest.raises(EmailRefused, match="SMTPUTF8"):
        SmtpEmailGateway(make_settings(server.port)).send(Email(to="jürgen@example.com", subject="Hello", body=""))

    assert server.messages == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("reply", "codes"), [("451 4.3.0 Try later", "451 4.3.0"), ("421 Closing down", "421")])
def test_a_temporary_failure_is_left_to_the_caller(
    gateway: SmtpEmailGateway,
    smtp_server: SmtpServer,
    command: str,
    reply: str,
    codes: str,
) -> None:
    smtp_server.replies = {command: [reply]}

    with pytest.raises(EmailUnavailable) as failure:
        gateway.send(HELLO)
    sent = list(smtp_server.messages)
    gateway.send(HELLO)

    assert (str(failure.value), sent) == (codes, [])
    assert [received.recipients for received in smtp_server.messages] == [["ada@example.com"]]


@pytest.mark.parametrize(
    ("reply", "codes", "error"),
    [
        ("550 5.1.1 No such user", "550 5.1.1", RecipientRefused),
        ("553 Mailbox name not allowed", "553", RecipientRefused),
        ("550 5.7.1 Relaying denied", "550 5.7.1", EmailRefused),
    ],
)
def test_a_refused_recipient_is_reported(
    gateway: SmtpEmailGateway,
    smtp_server: SmtpServer,
    reply: str,
    codes: str,
    error: type[EmailError],
) -> None:
    smtp_server.replies = {"RCPT": [reply]}

    with pytest.raises(error) as refusal:
        gateway.send(HELLO)

    assert (type(refusal.value), str(refusal.value)) == (error, codes)
    assert smtp_server.messages == []


@pytest.mark.parametrize("command", ["MAIL", "DATA"])
def test_a_refused_message_is_reported(
    gateway: SmtpEmailGateway,
    smtp_server: SmtpServer,
    command: str,
) -> None:
    smtp_server.replies = {command: ["500 No"]}

    with pytest.raises(EmailError) as refusal:
        gateway.send(HELLO)

    assert (type(refusal.value), str(refusal.value)) == (EmailRefused, "500")
    assert smtp_server.messages == []


def test_an_accepted_message_is_not_sent_again(
    gateway: SmtpEmailGateway,
    smtp_server: SmtpServer,
) -> None:
    smtp_server.says_goodbye = False

    gateway.send(HELLO)

    assert len(smtp_server.messages) == 1


def test_a_stopped_server_is_unavailable() -> None:
    with down() as port, pytest.raises(EmailUnavailable):
        SmtpEmailGateway(make_settings(port)).send(HELLO)


def test_a_server_that_does_not_respond_is_unavailable() -> None:
    with slow() as port, pytest.raises(EmailUnavailable, match="timed out"):
        SmtpEmailGateway(make_settings(port, smtp_timeout_seconds=0.02)).send(HELLO)


def test_a_server_that_speaks_no_smtp_is_unavailable() -> None:
    with nonsense() as port, pytest.raises(EmailUnavailable):
        SmtpEmailGateway(make_settings(port)).send(HELLO)


def test_a_lost_reply_to_a_command_is_unavailable(
    gateway: SmtpEmailGateway, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(smtp: smtplib.SMTP, command: str, arguments: str = "") -> None:
        put(smtp, command, arguments)
        if command == "data":
            smtp.close()
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    put = smtplib.SMTP.putcmd
    # A server cannot choose this moment: it is between two lines of the client.
    monkeypatch.setattr(smtplib.SMTP, "putcmd", lose)  # phasework: ignore[mock_detector]

    with pytest.raises(EmailUnavailable, match="Connection unexpectedly closed"):
        gateway.send(HELLO)

    assert smtp_server.messages == []


def test_a_message_that_was_perhaps_sent_is_unconfirmed(smtp_server: SmtpServer) -> None:
    smtp_server.confirms = False
    settings = make_settings(smtp_server.port, smtp_timeout_seconds=0.3)

    with pytest.raises(EmailUnconfirmed, match=r"^The server did not reply to the message\.$"):
        SmtpEmailGateway(settings).send(HELLO)

    assert len(smtp_server.messages) == 1


def test_a_message_with_a_reference_keeps_its_message_id(gateway: SmtpEmailGateway, smtp_server: SmtpServer) -> None:
    for reference in ("reminder-1", "reminder-1", None, None):
        gateway.send(Email(to="ada@example.com", subject="Hello", body="", reference=reference))

    ids = [received.message["Message-ID"] for received in smtp_server.messages]
    assert ids[:2] == ["<reminder-1@example.com>"] * 2
    assert len(set(ids)) == 3


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [451, 550])
def test_error_messages_contain_no_addresses(smtp_server: SmtpServer, command: str, code: int) -> None:
    smtp_server.replies = {command: [f"{code} 5.1.1 <ada@example.com>: Ada Lovelace has moved"]}
    gateway = SmtpEmailGateway(make_settings(smtp_server.port))

    with pytest.raises(EmailError) as refusal:
        gateway.send(HELLO)

    logged = "".join(traceback.format_exception(refusal.value))
    assert f"{code} 5.1.1" in logged
    assert [name for name in ("ada@", "Ada", "moved") if name in logged] == []


def test_messages_are_encrypted_and_authenticated(
    tls_server: SmtpServer,
    client_tls: ssl.SSLContext,
    security: str,
) -> None:
    settings = make_settings(tls_server.port, smtp_security=security, **LOGIN)

    SmtpEmailGateway(settings, client_tls).send(HELLO)

    assert [(received.recipients, received.with_tls) for received in tls_server.messages] == [([HELLO.to], True)]


def test_a_wrong_password_is_refused(
    tls_server: SmtpServer,
    client_tls: ssl.SSLContext,
    security: str,
) -> None:
    settings = make_settings(tls_server.port, smtp_security=security, **LOGIN | {"smtp_password": "wrong"})

    with pytest.raises(EmailRefused, match=r"^535 "):
        SmtpEmailGateway(settings, client_tls).send(HELLO)

    assert tls_server.messages == []


def test_an_untrusted_certificate_is_refused(tls_server: SmtpServer, security: str) -> None:
    settings = make_settings(tls_server.port, smtp_security=security, **LOGIN)

    with pytest.raises(EmailRefused, match="certificate verify failed"):
        SmtpEmailGateway(settings).send(HELLO)

    assert tls_server.messages == []


def test_nothing_is_sent_without_required_encryption(smtp_server: SmtpServer) -> None:
    with pytest.raises(EmailRefused, match="STARTTLS"):
        SmtpEmailGateway(make_settings(smtp_server.port, smtp_security="starttls")).send(HELLO)

    assert smtp_server.messages == []


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"smtp_username": "sender"}, "set both smtp_username and smtp_password, or neither"),
        ({"smtp_password": "a secret"}, "set both smtp_username and smtp_password, or neither"),
        (LOGIN, "a login requires smtp_security starttls or tls"),
        ({"smtp_port": 0}, "smtp_port"),
        ({"smtp_timeout_seconds": 0}, "smtp_timeout_seconds"),
        ({"smtp_security": "ssl"}, "smtp_security"),
        ({"email_sender": "us"}, "email_sender"),
    ],
)
def test_invalid_settings_are_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_settings(25, **overrides)


def test_the_connection_is_encrypted_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_HOST", "smtp.example.com")
    monkeypatch.setenv("EMAIL_SENDER", "us@example.com")

    settings = EmailSettings(_env_file=None)

    assert (settings.smtp_host, settings.smtp_port, settings.smtp_security) == ("smtp.example.com", 587, "starttls")


def test_the_password_is_not_shown() -> None:
    settings = make_settings(587, smtp_security="tls", **LOGIN)

    assert "a secret" not in repr(settings)
