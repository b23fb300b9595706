"""Fixtures for e-mail: a double of the gateway and a real SMTP server."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.gateways.email import RecordingEmailGateway
    from tests.support.gateways.email_server import SmtpServer


@pytest.fixture
def mock_email() -> "RecordingEmailGateway":
    """The double of the e-mail gateway: `outbox` has the sent messages, `failures` the errors to raise."""
    from tests.support.gateways.email import RecordingEmailGateway

    return RecordingEmailGateway()


@pytest.fixture
def smtp_server() -> "Iterator[SmtpServer]":
    """A real SMTP server on a free `port`; `messages` has the received messages."""
    from tests.support.gateways.email_server import SmtpServer

    with SmtpServer() as server:
        yield server
