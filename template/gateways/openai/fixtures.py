"""Fixtures for OpenAI: a double of the gateway, and a server with the same API."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.gateways.openai import ScriptedOpenAIGateway
    from tests.support.gateways.openai_server import OpenAIServer


@pytest.fixture
def mock_openai() -> "ScriptedOpenAIGateway":
    """The double of the gateway to OpenAI: `answers` has the next answers, `failures` the errors to raise."""
    from tests.support.gateways.openai import ScriptedOpenAIGateway

    return ScriptedOpenAIGateway()


@pytest.fixture
def openai_server() -> "Iterator[OpenAIServer]":
    """A server with the API of OpenAI on a free port; `requests` has the received requests, `answers` the next answers."""
    from tests.support.gateways.openai_server import OpenAIServer

    with OpenAIServer() as server:
        yield server
