"""Fixtures for Twilio: a double of the gateway, and a server that answers like its REST API."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.gateways.twilio import RecordingTwilioGateway
    from tests.support.gateways.twilio_server import TwilioServer


@pytest.fixture
def mock_twilio() -> "RecordingTwilioGateway":
    """The double of the Twilio gateway: `outbox` has the sent messages, `failures` the errors to raise."""
    from tests.support.gateways.twilio import RecordingTwilioGateway

    return RecordingTwilioGateway()


@pytest.fixture
def twilio_server() -> "Iterator[TwilioServer]":
    """A server that accepts messages like Twilio's REST API; `messages` has their parameters."""
    from tests.support.gateways.twilio_server import TwilioServer

    with TwilioServer() as server:
        yield server
