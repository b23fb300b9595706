"""A server for tests that answers like the Messages resource of Twilio's REST API."""

import json
from base64 import b64encode
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl

HOST = "127.0.0.1"
ACCOUNT = "ACtest"
TOKEN = "a key for the tests of Twilio"


class TwilioServer:
    """Accepts messages on a free local port within a `with` block, and keeps their parameters in `messages`.

    `answers` has statuses and bodies to send instead, one per request. If `confirms` is false, the server keeps a message, but
    does not answer yet. With `token` it requires a login.
    """

    def __init__(self, *, token: str | None = None) -> None:
        self.messages: list[dict[str, str]] = []
        self.answers: list[tuple[int, str]] = []
        self.token = token
        self._answered: list[int] = []
        self._may_answer = Event()
        self._may_answer.set()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer((HOST, 0), handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> "TwilioServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.confirms = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The URL of the API."""
        return f"http://{HOST}:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for sending to this server."""
        return {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_PHONE_NUMBER": "+15005550006",
            "TWILIO_API_URL": self.url,
        }

    @property
    def confirms(self) -> bool:
        """Whether the server answers to the messages that it accepts."""
        return self._may_answer.is_set()

    @confirms.setter
    def confirms(self, confirms: bool) -> None:
        (self._may_answer.set if confirms else self._may_answer.clear)()

    @property
    def unanswered(self) -> int:
        """The number of accepted messages whose senders wait for an answer."""
        return len(self.messages) - len(self._answered)

    def clear(self) -> None:
        """Delete the accepted messages, and answer as usual again."""
        self.messages.clear()
        self._answered.clear()
        self.answers.clear()
        self.confirms = True

    def refuse(self, code: int, status: int = 400) -> None:
        """Answer the next request with an error."""
        self.answers.append((status, problem(code, status)))

    def answer(self, path: str, login: str, parameters: dict[str, str]) -> tuple[int, str]:
        """Return status and body of the answer to a request for a message."""
        if self.answers:
            return self.answers.pop(0)
        if path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return HTTPStatus.NOT_FOUND, problem(20404, HTTPStatus.NOT_FOUND)
        expected = b64encode(f"{ACCOUNT}:{self.token}".encode()).decode()
        if self.token and login != f"Basic {expected}":
            return HTTPStatus.UNAUTHORIZED, problem(20003, HTTPStatus.UNAUTHORIZED)
        if not {"To", "From"} <= parameters.keys() or parameters.keys().isdisjoint({"Body", "ContentSid"}):
            return HTTPStatus.BAD_REQUEST, problem(21604, HTTPStatus.BAD_REQUEST)
        self.messages.append(parameters)
        number = len(self.messages)
        self._may_answer.wait()
        self._answered.append(number)
        return HTTPStatus.CREATED, json.dumps(message(number, parameters))


def message(number: int, parameters: dict[str, str]) -> dict[str, Any]:
    """Return a message that Twilio has just accepted, as its documentation shows it."""
    sid = f"SM{number:032x}"
    uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}"
    now = formatdate()
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": parameters.get("Body", ""),
        "date_created": now,
        "date_sent": None,
        "date_updated": now,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": parameters["From"],
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": parameters["To"],
        "uri": f"{uri}.json",
    }


def problem(code: int, status: int) -> str:
    """Return the body of an error, which quotes a number as Twilio's often do."""
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    text = "The 'To' number +12025550123 is not what it should be"
    return json.dumps({"code": code, "message": text, "more_info": more_info, "status": status})


class _Handler(BaseHTTPRequestHandler):
    owner: TwilioServer

    def do_POST(self) -> None:
        """Answer a request."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parameters = dict(parse_qsl(body, keep_blank_values=True))
        status, content = self.owner.answer(self.path, self.headers.get("Authorization", ""), parameters)
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(content.encode())
        except ConnectionError:
            # The client has not waited for the answer.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""
