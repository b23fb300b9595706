"""Tests of the client of OpenAI, against a server with the same API."""

import math
import struct
import traceback
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from your_service.gateways.openai import (
    AccountRefused,
    NonsensicalAnswer,
    OpenAIClient,
    OpenAIError,
    OpenAISettings,
    OpenAIUnavailable,
    RequestRefused,
    ToolCall,
    ToolDescription,
)

from tests.support.faults import down
from tests.support.gateways.openai_server import (
    HOST,
    OpenAIServer,
    Reply,
    completion,
    encoded,
    error,
    vector_of,
)

HELLO = [{"role": "user", "content": "Hello"}]
LOOK = ToolDescription("look", "Look at something.", {"type": "object", "properties": {"at": {"type": "string"}}})


def make_settings(url: str, **overrides: Any) -> OpenAISettings:
    """Return settings for a server, without retries."""
    values: dict[str, Any] = {
        "openai_api_key": "a key for the tests",
        "openai_base_url": url,
        "openai_embedding_dimensions": 4,
        "openai_timeout_seconds": 5,
        "openai_retries": 0,
    }
    return OpenAISettings(_env_file=None, **values | overrides)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[OpenAIServer]:
    """The server of these tests."""
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(shared_server: OpenAIServer) -> OpenAIClient:
    """A client of the server, without retries; loading the certificates of a new one takes time."""
    return OpenAIClient(make_settings(shared_server.url))


@pytest.fixture
def openai_server(shared_server: OpenAIServer) -> OpenAIServer:
    """The server without what other tests have sent."""
    shared_server.clear()
    return shared_server


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client would wait before it repeats a call, one for each time."""
    pauses: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=pauses.append))  # phasework: ignore[mock_detector]
    return pauses


def single_precision(vector: list[float]) -> list[float]:
    """Return a vector as it arrives."""
    return [*struct.unpack(f"{len(vector)}f", struct.pack(f"{len(vector)}f", *vector))]


def data_of(*vectors: tuple[int, Any]) -> dict[str, Any]:
    """Return an answer with these embeddings, each with its index."""
    return {"data": [{"index": index, "embedding": vector} for index, vector in vectors]}


def test_vectors_come_in_the_order_of_the_texts(gateway: OpenAIClient, openai_server: OpenAIServer) -> None:
    texts = ["asthma", "opening hours", "insulin"]

    vectors = gateway.embed(texts)

    assert vectors == [single_precision(vector_of(text, 4)) for text in texts]
    (request,) = openai_server.requests
    assert (request.path, request.authorization) == ("/v1/embeddings", "Bearer a key for the tests")
    assert request.body == {
        "model": "text-embedding-3-small",
        "input": texts,
        "dimensions": 4,
        "encoding_format": "base64",
    }


def test_a_provider_may_send_numbers_instead_of_base64(gateway: OpenAIClient, openai_server: OpenAIServer) -> None:
    openai_server.replies = [Reply(data_of((0, [1, 0, 0, 0.5])))]

    assert gateway.embed(["asthma"]) == [[1, 0, 0, 0.5]]


def test_the_name_of_the_embedding_model_has_its_dimensions() -> None:
    assert OpenAIClient(make_settings("http://localhost")).embedding_model == "text-embedding-3-small/4"


@pytest.mark.parametrize(
    "body",
    [
        data_of((0, encoded([1, 2, 3, 4]))),
        data_of(*[(0, encoded([1, 2, 3, 4]))] * 2),
        data_of(*((index, encoded([1, 2, 3, 4])) for index in range(3))),
        data_of((0, encoded([1, 2, 3, 4])), (1, encoded([1, 2, 3]))),
        data_of((0, encoded([1, 2, 3, 4])), (1, encoded([1, 2, 3, 4, 5]))),
        data_of((0, encoded([1, 2, 3, 4])), (1, encoded([0, 0, 0, 0]))),
        data_of((0, encoded([1, 2, 3, 4])), (1, encoded([1, 2, 3, math.nan]))),
        data_of((0, encoded([1, 2, 3, 4])), (1, encoded([1, 2, 3, math.inf]))),
        data_of((0, encoded([1, 2, 3, 4])), (1, "abc")),
        data_of((0, encoded([1, 2, 3, 4])), (1, None)),
        {"data": []},
        {"error": "Come again?"},
        [1],
        None,
        b"",
        b"<html>Welcome</html>",
    ],
    ids=str,
)
def test_a_nonsensical_answer_about_two_texts_is_an_error(
    gateway: OpenAIClient,
    openai_server: OpenAIServer,
    body: Any,
) -> None:
    openai_server.replies = [Reply(body)]

    with pytest.raises(NonsensicalAnswer):
        gateway.embed(["asthma", "insulin"])


def test_a_conversation_is_answered_with_a_text(gateway: OpenAIClient, openai_server: OpenAIServer) -> None:
    openai_server.replies = [Reply(completion("Hello!"))]

    answer = gateway.complete(HELLO)

    assert (answer.text, answer.tool_calls, answer.is_cut_off) == ("Hello!", (), False)
    assert (answer.input_tokens, answer.output_tokens) == (20, 5)
    assert answer.message == {"role": "assistant", "content": "Hello!"}
    (request,) = openai_server.requests
    assert (request.path, request.body) == ("/v1/chat/completions", {"model": "gpt-4.1-mini", "messages": HELLO})


def test_a_conversation_is_answered_with_calls_of_tools(gateway: OpenAIClient, openai_server: OpenAIServer) -> None:
    openai_server.replies = [Reply(completion(None, ("look", '{"at": "me"}'), ("look", "nonsense")))]

    answer = gateway.complete(HELLO, [LOOK], max_tokens=50)

    assert answer.tool_calls == (ToolCall("call_1", "look", '{"at": "me"}'), ToolCall("call_2", "look", "nonsense"))
    (request,) = openai_server.requests
    assert request.body["max_completion_tokens"] == 50
    assert request.body["tools"] == [
        {
            "type": "function",
            "function": {"name": "look", "description": LOOK.description, "parameters": LOOK.parameters},
        }
    ]
    gateway.complete([*HELLO, answer.message, {"role": "tool", "tool_call_id": "call_1", "content": "You"}])
    assert openai_server.requests[1].body["messages"][1]["tool_calls"][0] == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "look", "arguments": '{"at": "me"}'},
    }


def test_characters_that_the_database_cannot_store_are_left_out(
    gateway: OpenAIClient, openai_server: OpenAIServer
) -> None:
    openai_server.replies = [Reply(completion("Hel\0lo\n")), Reply(completion(None, ("lo\0ok", '{"at": "\0me"}')))]

    answers = [gateway.complete(HELLO) for _ in range(2)]

    assert (answers[0].text, answers[1].tool_calls) == ("Hello\n", (ToolCall("call_1", "look", '{"at": "me"}'),))


def test_an_answer_may_be_cut_off(gateway: OpenAIClient, openai_server: OpenAIServer) -> None:
    openai_server.replies = [Reply(completion("Once upon", finish_reason="length"))]

    assert gateway.complete(HELLO).is_cut_off


@pytest.mark.parametrize(
    "body",
    [
        completion("Hello") | {"choices": []},
        completion("Hello") | {"usage": None},
        completion("Hello") | {"usage": {"prompt_tokens": -1, "completion_tokens": 1}},
        completion(None),
        {"choices": None},
        [1],
        None,
        b"",
        b"<html>Welcome</html>",
    ],
    ids=str,
)
def test_a_nonsensical_answer_to_a_conversation_is_an_error(
    gateway: OpenAIClient,
    openai_server: OpenAIServer,
    body: Any,
) -> None:
    openai_server.replies = [Reply(body)]

    with pytest.raises(NonsensicalAnswer):
        gateway.complete(HELLO)


@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
def test_a_page_instead_of_an_answer_is_an_error(
    gateway: OpenAIClient, openai_server: OpenAIServer, content_type: str
) -> None:
    openai_server.replies = [Reply(b"<html>Welcome</html>", headers={"Content-Type": content_type})] * 2

    with pytest.raises(NonsensicalAnswer):
        gateway.embed(["asthma"])
    with pytest.raises(NonsensicalAnswer):
        gateway.complete(HELLO)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "context_length_exceeded", RequestRefused),
        (401, "invalid_api_key", AccountRefused),
        (403, "unsupported_country", AccountRefused),
        (404, "model_not_found", AccountRefused),
        (408, "timeout", OpenAIUnavailable),
        (409, "conflict", OpenAIUnavailable),
        (422, "unprocessable", RequestRefused),
        (429, "rate_limit_exceeded", OpenAIUnavailable),
        (500, "server_error", OpenAIUnavailable),
        (503, "overloaded", OpenAIUnavailable),
    ],
)
def test_a_failure_is_temporary_or_permanent(
    gateway: OpenAIClient,
    openai_server: OpenAIServer,
    status: int,
    code: str,
    expected: type[OpenAIError],
) -> None:
    openai_server.replies = [error(status, code)]

    with pytest.raises(OpenAIError) as failure:
        gateway.complete(HELLO)

    assert (type(failure.value), str(failure.value)) == (expected, f"{status} {code}")
    # The message of the provider may quote what a user wrote.
    assert "Ada" not in "".join(traceback.format_exception(failure.value))
    assert len(openai_server.requests) == 1


def test_a_temporary_failure_is_repeated(openai_server: OpenAIServer, pauses: list[float]) -> None:
    openai_server.replies = [error(503, "overloaded")]
    gateway = OpenAIClient(make_settings(openai_server.url, openai_retries=1))

    vectors = gateway.embed(["asthma"])

    assert (len(vectors), len(openai_server.requests), pauses) == (1, 2, [0.5])


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2)])
def test_the_number_of_retries_is_limited(openai_server: OpenAIServer, retries: int, attempts: int) -> None:
    openai_server.replies = [error(503, "overloaded") for _ in range(5)]
    gateway = OpenAIClient(make_settings(openai_server.url, openai_retries=retries))

    with pytest.raises(OpenAIUnavailable):
        gateway.complete(HELLO)

    assert len(openai_server.requests) == attempts


def test_a_permanent_failure_is_not_repeated(openai_server: OpenAIServer) -> None:
    openai_server.replies = [error(400, "invalid_value")]
    gateway = OpenAIClient(make_settings(openai_server.url, openai_retries=5))

    with pytest.raises(RequestRefused):
        gateway.complete(HELLO)

    assert len(openai_server.requests) == 1


def test_the_client_waits_as_long_as_the_server_says(openai_server: OpenAIServer, pauses: list[float]) -> None:
    openai_server.replies = [error(429, "rate_limit_exceeded", Retry_After="1")]
    gateway = OpenAIClient(make_settings(openai_server.url, openai_retries=1))

    gateway.embed(["asthma"])

    assert pauses == [1]


@pytest.mark.parametrize(("header", "seconds"), [("120", 120), ("soon", 0)])
def test_the_client_does_not_wait_longer_than_its_timeout(
    openai_server: OpenAIServer, pauses: list[float], header: str, seconds: float
) -> None:
    openai_server.replies = [error(429, "rate_limit_exceeded", Retry_After=header) for _ in range(9)]
    gateway = OpenAIClient(make_settings(openai_server.url, openai_retries=5, openai_timeout_seconds=0.4))

    with pytest.raises(OpenAIUnavailable) as failure:
        gateway.embed(["asthma"])

    assert (failure.value.retry_after, len(openai_server.requests), pauses) == (seconds, 1, [])


def test_a_slow_server_is_unavailable(openai_server: OpenAIServer) -> None:
    openai_server.replies = [Reply(delay=5)]
    gateway = OpenAIClient(make_settings(openai_server.url, openai_timeout_seconds=0.3, openai_retries=5))

    with pytest.raises(OpenAIUnavailable, match=r"^APITimeoutError$"):
        gateway.embed(["asthma"])

    assert len(openai_server.requests) == 1


def test_a_caller_can_shorten_the_timeout(openai_server: OpenAIServer, gateway: OpenAIClient) -> None:
    openai_server.replies = [Reply(delay=5)]

    with pytest.raises(OpenAIUnavailable, match=r"^APITimeoutError$"):
        gateway.complete(HELLO, timeout=0.05)


def test_a_stopped_server_is_unavailable() -> None:
    with down() as port, pytest.raises(OpenAIUnavailable, match=r"^APIConnectionError$"):
        OpenAIClient(make_settings(f"http://{HOST}:{port}/v1")).embed(["asthma"])


def test_settings_are_read_from_the_environment(
    openai_server: OpenAIServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in openai_server.environment.items():
        monkeypatch.setenv(name, value)

    settings = OpenAISettings(_env_file=None)

    assert (settings.openai_timeout_seconds, settings.openai_retries) == (10, 1)
    assert (settings.openai_embedding_model, settings.openai_chat_model) == ("text-embedding-3-small", "gpt-4.1-mini")
    assert str(settings.openai_base_url) == openai_server.url
    assert len(OpenAIClient(settings).embed(["asthma"])[0]) == settings.openai_embedding_dimensions == 16


@pytest.mark.parametrize(
    "overrides",
    [
        {"openai_timeout_seconds": 0},
        {"openai_timeout_seconds": 21},
        {"openai_retries": -1},
        {"openai_retries": 6},
        {"openai_embedding_dimensions": 0},
        {"openai_embedding_dimensions": 2001},
        {"openai_base_url": "api.openai.com"},
    ],
)
def test_invalid_settings_are_refused(overrides: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(overrides))):
        make_settings("http://localhost", **overrides)


def test_openai_requires_a_key() -> None:
    with pytest.raises(ValidationError, match="OPENAI_API_KEY"):
        OpenAISettings(_env_file=None)


def test_a_server_of_ones_own_may_require_no_key(openai_server: OpenAIServer) -> None:
    gateway = OpenAIClient(make_settings(openai_server.url, openai_api_key=None))

    assert len(gateway.embed(["asthma"])) == 1


def test_the_api_is_that_of_openai_by_default() -> None:
    settings = OpenAISettings(_env_file=None, openai_api_key="a key for the tests")

    assert str(settings.openai_base_url) == "https://api.openai.com/v1"


def test_the_key_is_not_shown() -> None:
    assert "a key for the tests" not in repr(make_settings("http://localhost"))
