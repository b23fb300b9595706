"""Compare requests to a service with requests to an application written by hand: one process each, on one PostgreSQL.

The other application verifies the same token, runs the same statements, responds with the same model and logs the same line.
It has no limits, timeouts, metrics, request ids, checks of users or stored responses. All requests stay on this machine.
"""

import json
import re
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from benchmarks.by_hand import application
from benchmarks.ratios import medians, print_ratio
from tests.support.services import Service

CONNECTIONS = 8
TIMEOUT = 30.0
"""Seconds without any response after which the comparison fails."""
GOALS = {"GET": 1.15, "list": 1.15, "POST": 1.2}
NUMBERS = {"GET": 400, "list": 200, "POST": 300}
"""The number of requests of a turn."""
TICKET = {"title": "The printer is on fire", "description": "Second floor, room 17.", "priority": "high"}


@dataclass(frozen=True)
class Server:
    """A running server, and the token of its requests."""

    url: str
    token: str

    def request(self, method: str, path: str, body: object = None) -> bytes:
        """Return the bytes of a request."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {urlsplit(self.url).netloc}",
            f"Authorization: Bearer {self.token}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + content

    def send(self, request: bytes, number: int = 1) -> bytes:
        """Send a request `number` times on several connections, and return the last body; each response must be a success."""
        address = urlsplit(self.url)
        waiting, body = number, b""
        with ExitStack() as stack:
            selector = stack.enter_context(selectors.DefaultSelector())
            for _ in range(min(CONNECTIONS, number)):
                opened = stack.enter_context(socket.create_connection((address.hostname, address.port), TIMEOUT))
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(opened, selectors.EVENT_READ, bytearray())
                opened.sendall(request)
                waiting -= 1
            while selector.get_map():
                ready = selector.select(TIMEOUT)
                assert ready, f"{self.url} has not responded for {TIMEOUT:g} s."
                for key, _ in ready:
                    connection, received = key.fileobj, key.data
                    assert isinstance(connection, socket.socket)
                    part = connection.recv(2**16)
                    assert part, f"{self.url} has closed the connection."
                    received += part
                    found = read_response(received)
                    if found is None:
                        continue
                    body = found
                    received.clear()
                    if waiting:
                        connection.sendall(request)
                        waiting -= 1
                    else:
                        selector.unregister(connection)
        return body


def read_response(received: bytearray) -> bytes | None:
    """Return the body of a response, or None if a part is missing; it must be a success."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
    assert head.startswith(b"HTTP/1.1 2"), received.decode()
    assert length, received.decode()
    return bytes(body) if len(body) == int(length[1]) else None


# Starts PostgreSQL and both servers, prints where they are, and stops them when its input ends.
SERVE = r"""
import json
import sys

from tests.suite.postgres import drop_databases, make_database
from tests.suite.programs import running
from tests.suite.run import begin
from tests.support.server import OPTIONS, create_token, serving, settings_on, url_of

with begin() as run:
    try:
        environment = settings_on(make_database(run))
        (run.folder / "by_hand.py").write_text(sys.argv[1], encoding="utf-8")
        command = [sys.executable, "-m", "uvicorn", "by_hand:create_app", *OPTIONS]
        with (
            serving(run.folder / "server.log", environment) as ours,
            running(command, run.folder / "by_hand.log", environment) as by_hand,
        ):
            urls = [ours, url_of(by_hand)]
            print(json.dumps({"urls": urls, "token": create_token(environment, run.folder)}), flush=True)
            sys.stdin.read()
    finally:
        drop_databases(run)
"""


@contextmanager
def serving(service: Service) -> Iterator[dict[str, Server]]:
    """Run a service, and the application written by hand, within a `with` block."""
    source = application(service.package, service.answers["database_access"])
    with service.talk_to("python", "-c", SERVE, source) as (_, answers):
        found = json.loads(answers.readline())
        yield {name: Server(url, found["token"]) for name, url in zip(("ours", "by hand"), found["urls"], strict=True)}


def compare_requests(service: Service) -> None:
    """Print the milliseconds of each request, and how many times longer the service takes."""
    form = service.answers["database_access"]
    for kind, (ours, by_hand) in measure(service).items():
        print(f"{kind}, {form}: {1000 * ours:.2f} ms, written by hand {1000 * by_hand:.2f} ms")
        print_ratio(ours / by_hand, GOALS[kind])


def measure(service: Service) -> dict[str, tuple[float, float]]:
    """Return the seconds of each request to a service and to the application written by hand."""
    with serving(service) as servers:
        runs = {}
        for kind, number in NUMBERS.items():
            for name, server in servers.items():
                ticket_id = json.loads(server.send(server.request("POST", "/tickets", TICKET)))["id"]
                request = {
                    "GET": server.request("GET", f"/tickets/{ticket_id}"),
                    "list": server.request("GET", "/tickets"),
                    "POST": server.request("POST", "/tickets", TICKET),
                }[kind]
                runs[f"{name}: {kind}"] = partial(server.send, request, number)
        # So that the first page is full.
        runs["ours: POST"]()
        seconds = medians(runs)
    return {
        kind: (seconds[f"ours: {kind}"] / number, seconds[f"by hand: {kind}"] / number)
        for kind, number in NUMBERS.items()
    }
