"""Tests of the Twilio client with a server that answers like Twilio's REST API."""

import json
import logging
import socket
import traceback
from dataclasses import replace
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from your_service.gateways.twilio import (
    MessageRefused,
    TwilioClient,
    TwilioError,
    TwilioMessage,
    TwilioRefused,
    TwilioSettings,
    TwilioUnavailable,
    TwilioUnconfirmed,
)

from tests.support.faults import down, slow
from tests.support.gateways.twilio_server import ACCOUNT, HOST, TwilioServer

HELLO = TwilioMessage("sms", "+12025550123", UUID(int=1), "How are you? 🏥")
TOKEN = {"twilio_auth_token": "a secret"}


@pytest.fixture(scope="module", autouse=True)
def loaded_library() -> None:
    """Create a client, because the first one imports most of Twilio's library."""
    TwilioClient(make_settings("http://localhost"))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the settings and proxies from the developer's environment."""
    for name in TwilioSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", HOST)


def make_settings(url: str | None, **overrides: Any) -> TwilioSettings:
    """Return settings for a local server, without reading `.env`."""
    values = {"twilio_account_sid": ACCOUNT, "twilio_phone_number": "+15005550006", "twilio_timeout_seconds": 5}
    values |= {"twilio_api_url": url} if url else {}
    return TwilioSettings(_env_file=None, **{**values, **overrides})


@pytest.fixture
def gateway(twilio_server: TwilioServer) -> TwilioClient:
    """A gateway for the local server."""
    return TwilioClient(make_settings(twilio_server.url))


def answer_with(answer: bytes) -> str:
    """Answer one request with any bytes, then close the connection; return the URL."""
    server = socket.create_server((HOST, 0))

    def serve() -> None:
        with server, server.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(answer)

    Thread(target=serve, daemon=True).start()
    return f"http://{HOST}:{server.getsockname()[1]}"


def test_a_text_message_is_accepted(gateway: TwilioClient, twilio_server: TwilioServer) -> None:
    sid = gateway.send(HELLO)

    assert sid == f"SM{1:032x}"
    assert twilio_server.messages == [{"To": "+12025550123", "From": "+15005550006", "Body": "How are you? 🏥"}]


def test_a_whatsapp_message_comes_from_its_own_number(twilio_server: TwilioServer) -> None:
    gateway = TwilioClient(make_settings(twilio_server.url, twilio_whatsapp_number="+14155238886"))

    gateway.send(replace(HELLO, channel="whatsapp"))
    gateway.send(HELLO)

    assert [(each["From"], each["To"]) for each in twilio_server.messages] == [
        ("whatsapp:+14155238886", "whatsapp:+12025550123"),
        ("+15005550006", "+12025550123"),
    ]


def test_whatsapp_uses_the_same_number_by_default(gateway: TwilioClient, twilio_server: TwilioServer) -> None:
    gateway.send(replace(HELLO, channel="whatsapp"))

    assert twilio_server.messages[0]["From"] == "whatsapp:+15005550006"


def test_a_template_is_sent_with_its_variables(gateway: TwilioClient, twilio_server: TwilioServer) -> None:
    gateway.send(replace(HELLO, text=None, template="HXtest", variables={"1": "Äda", "2": "noon"}))

    (received,) = twilio_server.messages
    assert (received["ContentSid"], json.loads(received["ContentVariables"])) == ("HXtest", {"1": "Äda", "2": "noon"})
    assert "Body" not in received


def test_the_delivery_is_reported_to_the_organisation_of_the_message(twilio_server: TwilioServer) -> None:
    url = "https://api.example.com/webhooks/{organisation_id}/twilio/statuses"

    TwilioClient(make_settings(twilio_server.url, twilio_status_callback_url=url)).send(HELLO)

    assert twilio_server.messages[0]["StatusCallback"] == url.format(organisation_id=UUID(int=1))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/webhooks/twilio/statuses",
        "/webhooks/{organisation}/statuses",
        "/{organisation_id}/{organisation_id}",
        "/statuses?of={organisation_id}",
        "/{organisation_id}?of={organisation_id}",
        "/{organisation_id}?of=%7Borganisation_id%7D",
    ],
)
def test_a_url_for_reports_without_the_place_of_one_organisation_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match=r"must contain \{organisation_id\} once, in the path"):
        make_settings(None, twilio_status_callback_url=f"https://api.example.com{path}", **TOKEN)


def test_the_client_logs_in_with_the_token() -> None:
    with TwilioServer(token="a secret") as server:
        TwilioClient(make_settings(server.url, **TOKEN)).send(HELLO)

    assert len(server.messages) == 1


@pytest.mark.parametrize("token", [{}, {"twilio_auth_token": "wrong"}])
def test_a_wrong_token_is_refused(token: dict[str, str]) -> None:
    with TwilioServer(token="a secret") as server, pytest.raises(TwilioRefused) as refusal:
        TwilioClient(make_settings(server.url, **token)).send(HELLO)

    assert (type(refusal.value), str(refusal.value), server.messages) == (TwilioRefused, "401 20003", [])


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 21211, MessageRefused),
        (400, 21610, MessageRefused),
        (400, 63016, MessageRefused),
        (400, 21606, TwilioRefused),
        (400, 63007, TwilioRefused),
        (403, 20005, TwilioRefused),
        (404, 20404, TwilioRefused),
        (429, 20429, TwilioUnavailable),
        (503, 20503, TwilioUnavailable),
        (500, 20500, TwilioUnconfirmed),
        (504, 20504, TwilioUnconfirmed),
    ],
)
def test_an_error_says_whether_to_repeat_the_message(
    gateway: TwilioClient, twilio_server: TwilioServer, status: int, code: int, error: type[TwilioError]
) -> None:
    twilio_server.refuse(code, status)

    with pytest.raises(TwilioError) as failure:
        gateway.send(HELLO)
    sent = list(twilio_server.messages)
    gateway.send(HELLO)

    assert (type(failure.value), str(failure.value), failure.value.code) == (error, f"{status} {code}", code)
    assert (sent, len(twilio_server.messages)) == ([], 1)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (307, TwilioRefused),
        (400, MessageRefused),
        (429, TwilioUnavailable),
        (502, TwilioUnconfirmed),
        (503, TwilioUnavailable),
    ],
)
@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", "", "null", "[1]"])
def test_an_error_of_a_proxy_has_no_code(
    gateway: TwilioClient, twilio_server: TwilioServer, status: int, body: str, error: type[TwilioError]
) -> None:
    twilio_server.answers = [(status, body)]

    with pytest.raises(TwilioError) as failure:
        gateway.send(HELLO)

    assert (type(failure.value), str(failure.value), failure.value.code) == (error, str(status), None)


def test_an_error_as_a_problem_document_has_a_code(gateway: TwilioClient, twilio_server: TwilioServer) -> None:
    document = {"type": "about:blank", "title": "Bad request", "status": 400, "code": 21211, "detail": "+12025550123"}
    twilio_server.answers = [(400, json.dumps(document))]

    with pytest.raises(MessageRefused, match=r"^400 21211$"):
        gateway.send(HELLO)


@pytest.mark.parametrize("body", ["<html>Hello</html>", "", "null", "[1]", '"SM1"', "{}", '{"sid": 5}', '{"sid": "SM'])
def test_a_nonsense_answer_leaves_the_message_unconfirmed(
    gateway: TwilioClient, twilio_server: TwilioServer, body: str
) -> None:
    twilio_server.answers = [(201, body)]

    with pytest.raises(TwilioUnconfirmed, match=r"^The response (is not a message|has no SID)\.$"):
        gateway.send(HELLO)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nnonsense",
    ],
)
def test_a_broken_answer_leaves_the_message_unconfirmed(answer: bytes) -> None:
    with pytest.raises(TwilioUnconfirmed):
        TwilioClient(make_settings(answer_with(answer))).send(HELLO)


def test_a_message_without_an_answer_is_unconfirmed_and_sent_once(twilio_server: TwilioServer) -> None:
    twilio_server.confirms = False
    gateway = TwilioClient(make_settings(twilio_server.url, twilio_timeout_seconds=0.3))

    with pytest.raises(TwilioUnconfirmed, match="ReadTimeout"):
        gateway.send(HELLO)

    assert len(twilio_server.messages) == 1


def test_a_stopped_server_is_unavailable() -> None:
    with down() as port, pytest.raises(TwilioUnavailable, match="NewConnectionError"):
        TwilioClient(make_settings(f"http://{HOST}:{port}")).send(HELLO)


def test_a_server_that_accepts_no_connection_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def time_out(*_: Any, **__: Any) -> socket.socket:
        raise TimeoutError

    # The kernel accepts connections for a server, so a real one times out only when its queue is full.
    monkeypatch.setattr("urllib3.util.connection.create_connection", time_out)  # phasework: ignore[mock_detector]

    with slow() as port, pytest.raises(TwilioUnavailable, match="ConnectTimeoutError"):
        TwilioClient(make_settings(f"http://{HOST}:{port}")).send(HELLO)


def test_a_server_without_tls_is_unavailable(twilio_server: TwilioServer) -> None:
    url = twilio_server.url.replace("http:", "https:")

    with pytest.raises(TwilioUnavailable, match="SSLError"):
        TwilioClient(make_settings(url, **TOKEN)).send(HELLO)

    assert twilio_server.messages == []


@pytest.mark.parametrize("is_refused", [True, False])
def test_errors_and_logs_contain_no_numbers(
    twilio_server: TwilioServer, caplog: pytest.LogCaptureFixture, is_refused: bool
) -> None:
    caplog.set_level(logging.INFO)
    if is_refused:
        twilio_server.refuse(21211)
    twilio_server.confirms = False

    with pytest.raises(TwilioError) as failure:
        TwilioClient(make_settings(twilio_server.url, twilio_timeout_seconds=0.3)).send(HELLO)

    logged = "".join([caplog.text, *traceback.format_exception(failure.value)])
    assert [text for text in ("+1", "2025550123", "How are you", "Twilio API Request") if text in logged] == []


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"twilio_account_sid": "SKtest"}, "twilio_account_sid"),
        ({"twilio_phone_number": "030 123456"}, "twilio_phone_number"),
        ({"twilio_whatsapp_number": "whatsapp:+14155238886"}, "twilio_whatsapp_number"),
        ({"twilio_timeout_seconds": 0}, "twilio_timeout_seconds"),
        ({"twilio_auth_token": ""}, "twilio_auth_token"),
        ({"twilio_status_callback_url": "api.example.com"}, "twilio_status_callback_url"),
        ({}, "TWILIO_AUTH_TOKEN: set the token of the account, or TWILIO_API_URL to a local server"),
    ],
)
def test_invalid_settings_are_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_settings(None, **overrides)


def test_messages_go_to_twilio_by_default() -> None:
    settings = make_settings(None, **TOKEN)

    assert str(settings.twilio_api_url) == "https://api.twilio.com/"
    assert TwilioSettings.model_fields["twilio_timeout_seconds"].default == 10


def test_other_variables_do_not_change_the_server(twilio_server: TwilioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")

    TwilioClient(make_settings(twilio_server.url)).send(HELLO)

    assert len(twilio_server.messages) == 1


def test_the_token_is_not_shown() -> None:
    assert "a secret" not in repr(make_settings(None, **TOKEN))
