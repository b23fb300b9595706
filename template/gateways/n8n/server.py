"""A server for tests that answers like the webhooks of n8n."""

import json
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

HOST = "127.0.0.1"
STARTED = (200, '{"message":"Workflow was started"}')
MISSING = (404, '{"code":404,"message":"The requested webhook is not registered."}')


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A received request."""

    path: str
    headers: dict[str, str]
    body: Any


class N8nServer:
    """Receives requests on a free local port within a `with` block, and keeps them in `requests`.

    `answers` has statuses and texts to send instead of "Workflow was started", one per request. If `confirms` is false,
    the server keeps a request, but does not answer it yet.
    """

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.answers: list[tuple[int, str]] = []
        self._may_answer = Event()
        self._may_answer.set()
        self._server = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"owner": self}))

    def __enter__(self) -> "N8nServer":
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.confirms = True
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The URL of the webhooks."""
        return f"http://{HOST}:{self._server.server_port}/webhook"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for this server."""
        return {"N8N_WEBHOOK_URL": self.url}

    @property
    def confirms(self) -> bool:
        """Whether the server answers the requests that it receives."""
        return self._may_answer.is_set()

    @confirms.setter
    def confirms(self, confirms: bool) -> None:
        (self._may_answer.set if confirms else self._may_answer.clear)()

    def clear(self) -> None:
        """Delete the received requests, and answer as usual again."""
        self.requests.clear()
        self.answers.clear()
        self.confirms = True

    def answer(self, request: ReceivedRequest) -> tuple[int, str]:
        """Keep a request, and return the answer to it."""
        self.requests.append(request)
        self._may_answer.wait(10)
        return self.answers.pop(0) if self.answers else STARTED


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: N8nServer

    def do_POST(self) -> None:
        """Answer a request."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, text = self.owner.answer(ReceivedRequest(self.path, dict(self.headers), body))
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        # A client that no longer waits has closed the connection.
        with suppress(ConnectionError):
            self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Log nothing."""
