"""E-mail: the double that keeps what is sent, and a real server."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.gateways.email import RecordingEmailGateway
    from tests.support.gateways.email_server import SmtpServer


@pytest.fixture
def mock_email() -> "RecordingEmailGateway":
    """The double of the e-mail gateway: what was sent is in its `outbox`, what is to fail in its `failures`."""
    from tests.support.gateways.email import RecordingEmailGateway

    return RecordingEmailGateway()


@pytest.fixture
def smtp_server() -> "Iterator[SmtpServer]":
    """A real SMTP server on a `port` of its own: what it received is in its `messages`."""
    from tests.support.gateways.email_server import SmtpServer

    with SmtpServer() as server:
        yield server


@pytest.fixture
def email_environment(smtp_server: "SmtpServer") -> dict[str, str]:
    """The settings that lead to `smtp_server`, as environment variables."""
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp_server.port),
        "SMTP_SECURITY": "none",
        "EMAIL_SENDER": "reminders@example.com",
    }
