"""Fixtures for n8n: a double of the gateway and a local server."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.gateways.n8n import RecordingN8nGateway
    from tests.support.gateways.n8n_server import N8nServer


@pytest.fixture
def mock_n8n() -> "RecordingN8nGateway":
    """The double of the n8n gateway: `started` has the workflows, `failures` the errors to raise."""
    from tests.support.gateways.n8n import RecordingN8nGateway

    return RecordingN8nGateway()


@pytest.fixture
def n8n_server() -> "Iterator[N8nServer]":
    """A server with the webhooks of n8n; `requests` has the received ones."""
    from tests.support.gateways.n8n_server import N8nServer

    with N8nServer() as server:
        yield server
