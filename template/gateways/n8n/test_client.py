"""Tests of the client of n8n with a server that answers like n8n."""

import time
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from your_service.gateways.n8n import (
    SIGNATURE_SECONDS,
    BadSignature,
    Execution,
    HttpN8nGateway,
    N8nError,
    N8nRefused,
    N8nSettings,
    N8nUnavailable,
    sign,
)

from tests.support.faults import down, nonsense
from tests.support.gateways.n8n_server import HOST, MISSING, N8nServer

REMINDER = Execution("remind-patient", {"name": "Ada"}, UUID(int=1), 1, UUID(int=2))
SECRET = "a key for the tests of callbacks"
BODY = b'{"state": "succeeded"}'


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the settings from the developer's environment, and use no proxy."""
    for name in N8nSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", HOST)


def make_gateway(url: str, **overrides: Any) -> HttpN8nGateway:
    """Return a gateway for a local server."""
    return HttpN8nGateway(N8nSettings(_env_file=None, n8n_webhook_url=url, **overrides))


@pytest.fixture
def gateway(n8n_server: N8nServer) -> HttpN8nGateway:
    """A gateway for the server of the test."""
    return make_gateway(n8n_server.url)


def test_a_workflow_is_started(gateway: HttpN8nGateway, n8n_server: N8nServer) -> None:
    gateway.start(replace(REMINDER, number=2))

    (request,) = n8n_server.requests
    assert request.path == "/webhook/remind-patient"
    assert request.body == {
        "run_id": str(REMINDER.run_id),
        "execution": 2,
        "organisation_id": str(REMINDER.organisation_id),
        "data": {"name": "Ada"},
    }
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (headers["idempotency-key"], "authorization" in headers) == (f"{REMINDER.run_id}-2", False)


def test_a_webhook_may_require_a_header(n8n_server: N8nServer) -> None:
    make_gateway(n8n_server.url, n8n_authorization="Bearer the-token").start(REMINDER)

    headers = {name.lower(): value for name, value in n8n_server.requests[0].headers.items()}
    assert headers["authorization"] == "Bearer the-token"


@pytest.mark.parametrize("workflow", ["../rest/users", "a?b=c", "a#b"])
def test_a_workflow_names_one_path(gateway: HttpN8nGateway, n8n_server: N8nServer, workflow: str) -> None:
    gateway.start(replace(REMINDER, workflow=workflow))

    path = n8n_server.requests[0].path
    assert path.startswith("/webhook/")
    assert not {"?", "#"} & {*path}
    assert path.count("/") == 2


@pytest.mark.parametrize("answer", [(200, "OK"), (200, "<html>"), (201, ""), (202, "{}")])
def test_only_the_status_counts(gateway: HttpN8nGateway, n8n_server: N8nServer, answer: tuple[int, str]) -> None:
    n8n_server.answers = [answer]

    gateway.start(REMINDER)

    assert len(n8n_server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (MISSING, N8nRefused),
        ((302, ""), N8nRefused),
        ((403, '{"message": "Authorization data is wrong!"}'), N8nRefused),
        ((408, ""), N8nUnavailable),
        ((429, ""), N8nUnavailable),
        ((500, '{"message": "Error in workflow"}'), N8nUnavailable),
        ((503, "<html>"), N8nUnavailable),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else None,
)
def test_a_failure_is_reported_once(
    gateway: HttpN8nGateway,
    n8n_server: N8nServer,
    answer: tuple[int, str],
    error: type[N8nError],
) -> None:
    n8n_server.answers = [answer]

    with pytest.raises(N8nError, match=f"^status {answer[0]}$") as failure:
        gateway.start(REMINDER)

    assert (type(failure.value), len(n8n_server.requests)) == (error, 1)


def test_a_slow_server_is_unavailable(n8n_server: N8nServer) -> None:
    n8n_server.confirms = False

    with pytest.raises(N8nUnavailable, match=r"^ReadTimeout$"):
        make_gateway(n8n_server.url, n8n_timeout_seconds=0.3).start(REMINDER)

    # It may have started the workflow.
    assert len(n8n_server.requests) == 1


def test_a_stopped_server_is_unavailable() -> None:
    with down() as port, pytest.raises(N8nUnavailable, match=r"^ConnectError$"):
        make_gateway(f"http://{HOST}:{port}/webhook").start(REMINDER)


def test_a_server_that_speaks_no_http_is_unavailable() -> None:
    with nonsense() as port, pytest.raises(N8nUnavailable, match=r"ProtocolError$"):
        make_gateway(f"http://{HOST}:{port}").start(REMINDER)


def test_a_signed_callback_is_accepted() -> None:
    timestamp = str(int(time.time()))

    make_gateway("http://localhost", n8n_callback_secret=SECRET).check_callback(
        BODY, timestamp, sign(SECRET, BODY, timestamp)
    )


def test_the_signature_is_a_plain_hmac() -> None:
    # printf '1767225600.{"state": "succeeded"}' | openssl dgst -sha256 -hmac "$SECRET"
    digest = bytes.fromhex("9e0d3600 f88e93ff 9ffb96c6 32d32ffc ff74cd62 047efa05 68b974d4 08faaaf4")
    assert sign(SECRET, BODY, "1767225600") == digest.hex()


@pytest.mark.parametrize("shift", [-SIGNATURE_SECONDS - 2, SIGNATURE_SECONDS + 2])
def test_an_old_or_future_signature_is_refused(shift: int) -> None:
    timestamp = str(int(time.time()) + shift)

    with pytest.raises(BadSignature):
        make_gateway("http://localhost", n8n_callback_secret=SECRET).check_callback(
            BODY, timestamp, sign(SECRET, BODY, timestamp)
        )


@pytest.mark.parametrize("shift", [-SIGNATURE_SECONDS + 2, SIGNATURE_SECONDS - 2])
def test_clocks_may_differ(shift: int) -> None:
    timestamp = str(int(time.time()) + shift)

    make_gateway("http://localhost", n8n_callback_secret=SECRET).check_callback(
        BODY, timestamp, sign(SECRET, BODY, timestamp)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"body": BODY + b" "},
        {"timestamp": "1"},
        {"timestamp": ""},
        {"timestamp": "٣"},
        {"timestamp": "9" * 5000},
        {"signature": ""},
        {"signature": "é"},
        {"signature": "0" * 64},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_changed_callback_is_refused(changes: dict[str, Any]) -> None:
    timestamp = str(int(time.time()))
    request = {"body": BODY, "timestamp": timestamp, "signature": sign(SECRET, BODY, timestamp)}

    with pytest.raises(BadSignature):
        make_gateway("http://localhost", n8n_callback_secret=SECRET).check_callback(**{**request, **changes})


@pytest.mark.parametrize("secret", [None, "another secret that is long enough"])
def test_a_callback_with_another_key_is_refused(secret: str | None) -> None:
    timestamp = str(int(time.time()))

    with pytest.raises(BadSignature):
        make_gateway("http://localhost", n8n_callback_secret=secret).check_callback(
            BODY, timestamp, sign(SECRET, BODY, timestamp)
        )


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"n8n_webhook_url": "localhost"}, "n8n_webhook_url"),
        ({"n8n_timeout_seconds": 0}, "n8n_timeout_seconds"),
        ({"n8n_callback_secret": "a secret"}, "n8n_callback_secret"),
    ],
)
def test_invalid_settings_are_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        N8nSettings(_env_file=None, **{"n8n_webhook_url": "http://localhost", **overrides})


def test_secrets_are_not_shown() -> None:
    gateway = make_gateway("http://localhost", n8n_callback_secret=SECRET, n8n_authorization="Bearer the-token")

    assert not [secret for secret in (SECRET, "the-token") if secret in repr(gateway.settings)]
