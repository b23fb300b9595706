"""Tests of the S3 client with a local S3 server, and with servers that fail."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from pydantic import ValidationError

from your_service.gateways.s3 import (
    Boto3S3Gateway,
    S3Error,
    S3Gateway,
    S3Refused,
    S3Settings,
    S3Unavailable,
)

from tests.support.faults import down
from tests.support.gateways.s3_server import BUCKET, HOST, S3Server

PNG = b"\x89PNG\r\n\x1a\n"
CALLS = {
    "put_object": lambda gateway: gateway.put("a/1", PNG, "image/png"),
    "delete_object": lambda gateway: gateway.delete("a/1"),
}


class FailingServer(ThreadingHTTPServer):
    """Responds to each request with the next of `replies`, statuses and bodies; without one, only after `close`."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.replies: list[tuple[int, bytes]] = []
        self.requests = 0
        self.ends = Event()

    def server_close(self) -> None:
        """Let the waiting requests end."""
        self.ends.set()
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FailingServer

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests += 1
        if not self.server.replies:
            self.server.ends.wait(5)
            return
        status, body = self.server.replies.pop(0)
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_DELETE = do_PUT

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the settings from the developer's environment, and those that boto3 reads itself."""
    for name in (*S3Settings.model_fields, "aws_profile", "aws_endpoint_url", "aws_endpoint_url_s3"):
        monkeypatch.delenv(name.upper(), raising=False)


def make_settings(**overrides: Any) -> S3Settings:
    """Return settings without reading `.env`."""
    values = {"s3_bucket_name": BUCKET, "aws_access_key_id": "test", "aws_secret_access_key": "secret"}
    return S3Settings(_env_file=None, **{**values, **overrides})


@pytest.fixture(scope="module")
def shared_server() -> Iterator[S3Server]:
    """A server for all tests: moto takes a while to start."""
    with S3Server() as server:
        yield server


@pytest.fixture
def s3_server(shared_server: S3Server) -> S3Server:
    """The shared server, without objects."""
    shared_server.clear()
    return shared_server


@pytest.fixture
def gateway(s3_server: S3Server) -> S3Gateway:
    """A gateway for the local server."""
    return Boto3S3Gateway(make_settings(s3_endpoint_url=s3_server.url))


@pytest.fixture
def failing_server() -> Iterator[FailingServer]:
    """A server that is no S3."""
    with FailingServer() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def failing_gateway(failing_server: FailingServer) -> S3Gateway:
    """A gateway for a server that fails."""
    return Boto3S3Gateway(make_settings(s3_endpoint_url=f"http://{HOST}:{failing_server.server_port}"))


def test_an_object_is_stored_with_its_type(gateway: S3Gateway, s3_server: S3Server) -> None:
    gateway.put("a/1", PNG, "image/png")

    assert s3_server.objects == {"a/1": (PNG, "image/png")}


def test_an_object_is_replaced_and_deleted(gateway: S3Gateway, s3_server: S3Server) -> None:
    gateway.put("a/1", b"old", "image/png")
    gateway.put("a/1", PNG, "image/png")
    replaced = s3_server.objects
    gateway.delete("a/1")
    # There is no object any more, which is no error.
    gateway.delete("a/1")

    assert (replaced, s3_server.objects) == ({"a/1": (PNG, "image/png")}, {})


def test_a_signed_url_downloads_a_file_with_its_name(gateway: S3Gateway) -> None:
    gateway.put("a/1", PNG, "image/png")

    with urlopen(gateway.sign_download("a/1", 'Röntgen "links".png', 60), timeout=10) as response:
        content, headers = response.read(), response.headers

    assert (content, headers["Content-Type"]) == (PNG, "image/png")
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''R%C3%B6ntgen%20%22links%22.png"


# boto3's default signature depends on the name of the region.
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "auto"])
def test_a_signed_url_expires_and_names_no_secret(region: str) -> None:
    settings = make_settings(aws_region=region, aws_secret_access_key="a secret", s3_endpoint_url="http://localhost")

    url = Boto3S3Gateway(settings).sign_download("a/1", "scan.png", 90)

    query = parse_qs(urlsplit(url).query)
    assert urlsplit(url).path == "/media/a/1"
    assert (query["X-Amz-Algorithm"], query["X-Amz-Expires"]) == (["AWS4-HMAC-SHA256"], ["90"])
    assert query["X-Amz-Credential"][0].split("/")[2] == region
    assert "secret" not in url


def test_without_an_endpoint_the_bucket_is_on_aws() -> None:
    url = Boto3S3Gateway(make_settings()).sign_download("a/1", "scan.png", 90)

    assert url.startswith("https://media.s3.amazonaws.com/a/1?")


def test_a_changed_url_downloads_nothing(s3_server: S3Server, gateway: S3Gateway) -> None:
    gateway.put("a/1", PNG, "image/png")
    url = gateway.sign_download("a/1", "scan.png", 60)

    with pytest.raises(HTTPError, match="403"):
        urlopen(url.replace("/a/1?", "/a/2?"), timeout=10)


def test_a_missing_bucket_is_refused(s3_server: S3Server) -> None:
    gateway = Boto3S3Gateway(make_settings(s3_endpoint_url=s3_server.url, s3_bucket_name="other"))

    with pytest.raises(S3Refused, match=r"^put_object: 404 NoSuchBucket$"):
        gateway.put("a/1", PNG, "image/png")


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("status", "error"),
    [(400, S3Refused), (403, S3Refused), (404, S3Refused), (408, S3Unavailable), (429, S3Unavailable)],
)
def test_a_refusal_is_reported(
    failing_gateway: S3Gateway,
    failing_server: FailingServer,
    operation: str,
    status: int,
    error: type[S3Error],
) -> None:
    failing_server.replies = [(status, b"")] * 2

    with pytest.raises(S3Error, match=f"^{operation}: {status} ") as refusal:
        CALLS[operation](failing_gateway)

    assert type(refusal.value) is error


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("status", [500, 503])
def test_a_temporary_failure_is_tried_again(
    failing_gateway: S3Gateway,
    failing_server: FailingServer,
    operation: str,
    status: int,
) -> None:
    failing_server.replies = [(status, b"")] * 3

    with pytest.raises(S3Unavailable, match=f"^{operation}: {status} "):
        CALLS[operation](failing_gateway)

    assert failing_server.requests == 2


def test_the_number_of_attempts_is_a_setting(failing_server: FailingServer) -> None:
    failing_server.replies = [(503, b"")] * 3
    url = f"http://{HOST}:{failing_server.server_port}"
    gateway = Boto3S3Gateway(make_settings(s3_endpoint_url=url, s3_attempts=1))

    with pytest.raises(S3Unavailable):
        gateway.delete("a/1")

    assert failing_server.requests == 1


@pytest.mark.parametrize("body", [b"", b"Hello", b"<html>", b"<?xml version='1.0'?><Error/>"])
@pytest.mark.parametrize("status", [200, 202, 204, 301])
def test_a_response_that_is_not_from_s3_stores_nothing(
    failing_gateway: S3Gateway,
    failing_server: FailingServer,
    status: int,
    body: bytes,
) -> None:
    failing_server.replies = [(status, b"" if status == 204 else body)] * 2

    with pytest.raises(S3Unavailable, match=r"^put_object: "):
        failing_gateway.put("a/1", PNG, "image/png")


@pytest.mark.parametrize("body", [b"", b"Hello", b"<html>"])
@pytest.mark.parametrize("status", [200, 202, 301])
def test_a_response_that_is_not_from_s3_deletes_nothing(
    failing_gateway: S3Gateway,
    failing_server: FailingServer,
    status: int,
    body: bytes,
) -> None:
    failing_server.replies = [(status, body)] * 2

    with pytest.raises(S3Unavailable, match=r"^delete_object: "):
        failing_gateway.delete("a/1")


@pytest.mark.parametrize("operation", CALLS)
def test_a_server_that_does_not_respond_is_unavailable(failing_server: FailingServer, operation: str) -> None:
    url = f"http://{HOST}:{failing_server.server_port}"
    gateway = Boto3S3Gateway(make_settings(s3_endpoint_url=url, s3_timeout_seconds=0.3))

    with pytest.raises(S3Unavailable, match=f"^{operation}: ReadTimeoutError$"):
        CALLS[operation](gateway)

    assert failing_server.requests == 2


@pytest.mark.parametrize("operation", CALLS)
def test_a_stopped_server_is_unavailable(operation: str) -> None:
    with down() as port, pytest.raises(S3Unavailable, match=f"^{operation}: EndpointConnectionError$"):
        CALLS[operation](Boto3S3Gateway(make_settings(s3_endpoint_url=f"http://{HOST}:{port}")))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"aws_access_key_id": None}, "set both aws_access_key_id and aws_secret_access_key, or neither"),
        ({"aws_secret_access_key": None}, "set both aws_access_key_id and aws_secret_access_key, or neither"),
        ({"s3_bucket_name": ""}, "s3_bucket_name"),
        ({"s3_endpoint_url": "localhost"}, "s3_endpoint_url"),
        ({"s3_timeout_seconds": 0}, "s3_timeout_seconds"),
        ({"s3_attempts": 0}, "s3_attempts"),
    ],
)
def test_invalid_settings_are_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make_settings(**overrides)


def test_the_secret_is_not_shown() -> None:
    assert "a secret" not in repr(make_settings(aws_secret_access_key="a secret"))
