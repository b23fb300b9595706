"""A server with the API of OpenAI, for tests."""

import base64
import json
import math
import re
import struct
import sys
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
DIMENSIONS = 16


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request that the server received."""

    path: str
    authorization: str | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response of the server. With `delay`, it sends nothing for so many seconds."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0


class OpenAIServer:
    """Responds on a free local port within a `with` block, and keeps the requests in `requests`.

    It sends `replies` first, one per request. Then it embeds texts by their words, and says "Done." to conversations.
    """

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.replies: list[Reply] = []
        self._stopped = threading.Event()
        self._server = _Server((HOST, 0), _handler_of(self))

    def __enter__(self) -> "OpenAIServer":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The URL of the API."""
        return f"http://{HOST}:{self._server.server_port}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for using this server."""
        return {
            "OPENAI_API_KEY": "a key for the tests",
            "OPENAI_BASE_URL": self.url,
            "OPENAI_EMBEDDING_DIMENSIONS": str(DIMENSIONS),
        }

    def clear(self) -> None:
        """Forget the received requests and the next replies."""
        self.requests.clear()
        self.replies.clear()

    def respond(self, request: ReceivedRequest) -> Reply:
        """Return the response to a request."""
        self.requests.append(request)
        if not self.replies:
            return Reply(embeddings(request.body) if request.path.endswith("/embeddings") else completion("Done."))
        reply = self.replies.pop(0)
        self._stopped.wait(reply.delay)
        return reply


class _Server(ThreadingHTTPServer):
    """Prints nothing about clients that do not wait for the response."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Raise what is not about the connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler_of(server: OpenAIServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = server.respond(ReceivedRequest(self.path, self.headers["Authorization"], body))
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **reply.headers}
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    return Handler


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """Return the documented answer to a request for embeddings, the last text first."""
    data = [
        {"object": "embedding", "index": index, "embedding": encoded(vector_of(text, body["dimensions"]))}
        for index, text in enumerate(body["input"])
    ]
    return {
        "object": "list",
        "model": body["model"],
        "data": data[::-1],
        "usage": {"prompt_tokens": len(data), "total_tokens": len(data)},
    }


def encoded(vector: list[float]) -> str:
    """Return a vector as it is sent: single precision in base64."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def vector_of(text: str, dimensions: int) -> list[float]:
    """Return a vector of length 1 that is the same for the same words, and similar if texts share words."""
    vector = [0.01] * dimensions
    for word in re.findall(r"\w+", text.lower()):
        vector[sha256(word.encode()).digest()[0] % dimensions] += 1
    length = math.hypot(*vector)
    return [number / length for number in vector]


def completion(text: str | None, *calls: tuple[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    """Return the documented answer to a conversation: a text, or calls of tools with their names and arguments."""
    tool_calls = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(calls, 1)
    ]
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1893456000,
        "model": "gpt-4.1-mini",
        "choices": [
            {
                "index": 0,
                "message": message | ({"tool_calls": tool_calls} if calls else {}),
                "logprobs": None,
                "finish_reason": finish_reason or ("tool_calls" if calls else "stop"),
            }
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25},
    }


def error(status: int, code: str, **headers: str) -> Reply:
    """Return a documented error; the names of headers are written with underscores."""
    body = {"error": {"message": "Ada Lovelace has a problem.", "type": "some_error", "param": None, "code": code}}
    return Reply(body, status, {name.replace("_", "-"): value for name, value in headers.items()})
