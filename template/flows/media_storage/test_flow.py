"""A file is stored in S3, found, downloaded and deleted; a server that fails loses nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.request import urlopen

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient

from your_service.core.errors import PROBLEM_JSON
from your_service.gateways.s3 import Boto3S3Gateway, S3Settings

from tests.support.faults import down, nonsense, slow
from tests.support.gateways.s3_server import BUCKET, HOST, S3Server

URL = "/media"
PNG = b"\x89PNG\r\n\x1a\n a scan"
NAME = {"name": "Scan of Monday.png"}
Fault = Callable[[], AbstractContextManager[int]]


class Page(BaseHTTPRequestHandler):
    """Answers every request with a page."""

    def do_PUT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Welcome!")

    do_DELETE = do_PUT

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def no_s3() -> Iterator[int]:
    """Yield the port of a server that answers every request with a page."""
    with HTTPServer((HOST, 0), Page) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def connect(app: FastAPI, url: str, timeout: float = 10) -> None:
    """Let the application use the real client for the server at `url`."""
    values: dict[str, Any] = {"s3_bucket_name": BUCKET, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    limits: dict[str, Any] = {"s3_timeout_seconds": timeout, "s3_attempts": 1}
    app.state.s3 = Boto3S3Gateway(S3Settings(_env_file=None, s3_endpoint_url=url, **values, **limits))


def read(url: str) -> tuple[bytes, Message]:
    """Return the content and the headers of a URL that needs no token."""
    with urlopen(url, timeout=10) as response:
        return response.read(), response.headers


async def test_a_file_is_uploaded_downloaded_and_deleted(
    app: FastAPI,
    member_client: AsyncClient,
    admin_client: AsyncClient,
    s3_server: S3Server,
) -> None:
    connect(app, s3_server.url)

    uploaded = await member_client.post(URL, params=NAME, content=PNG)
    again = await member_client.post(URL, params=NAME, content=PNG)
    kept = list(s3_server.objects.values())
    file = f"{URL}/{uploaded.json()['id']}"
    download = await member_client.get(f"{file}/download")
    content, headers = read(download.json()["url"])
    deleted = await admin_client.delete(file)

    assert (uploaded.status_code, again.status_code) == (status.HTTP_201_CREATED, status.HTTP_200_OK)
    assert kept == [(PNG, "image/png")]
    assert (content, headers["Content-Type"]) == (PNG, "image/png")
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''Scan%20of%20Monday.png"
    assert (deleted.status_code, s3_server.objects) == (status.HTTP_204_NO_CONTENT, {})


@pytest.mark.parametrize("fault", [down, slow, nonsense, no_s3])
async def test_an_upload_fails_and_can_be_repeated(
    app: FastAPI,
    member_client: AsyncClient,
    s3_server: S3Server,
    fault: Fault,
) -> None:
    with fault() as port:
        connect(app, f"http://{HOST}:{port}", timeout=0.1)
        failed = await member_client.post(URL, params=NAME, content=PNG)
    listed = await member_client.get(URL)
    connect(app, s3_server.url)
    repeated = await member_client.post(URL, params=NAME, content=PNG)

    assert failed.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
    assert (failed.headers["Content-Type"], failed.headers["Retry-After"]) == (PROBLEM_JSON, "5")
    assert listed.json()["items"] == []
    assert repeated.status_code == status.HTTP_201_CREATED
    assert [*s3_server.objects.values()] == [(PNG, "image/png")]


@pytest.mark.parametrize("fault", [down, slow, nonsense])
async def test_a_deletion_fails_and_can_be_repeated(
    app: FastAPI,
    admin_client: AsyncClient,
    s3_server: S3Server,
    fault: Fault,
) -> None:
    connect(app, s3_server.url)
    uploaded = await admin_client.post(URL, params=NAME, content=PNG)
    file = f"{URL}/{uploaded.json()['id']}"
    with fault() as port:
        connect(app, f"http://{HOST}:{port}", timeout=0.1)
        failed = await admin_client.delete(file)
    connect(app, s3_server.url)
    hidden = await admin_client.get(file)
    kept = [*s3_server.objects.values()]
    repeated = await admin_client.delete(file)

    assert failed.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
    assert (hidden.status_code, kept) == (status.HTTP_404_NOT_FOUND, [(PNG, "image/png")])
    assert (repeated.status_code, s3_server.objects) == (status.HTTP_204_NO_CONTENT, {})
