"""The outermost middleware: an id and safe headers for each response, and a response to each unexpected error."""

import logging
import re
from uuid import uuid4

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import respond
from .logs import request_id

REQUEST_ID = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._+/=-]{1,128}")
"""An id that is taken from the request: it is safe in headers and log lines."""

logger = logging.getLogger(__name__)


def install_middleware(app: FastAPI) -> None:
    """Add the middleware to `app`. Call it last, so that it is outside of all other middleware."""
    app.add_middleware(RequestContext)


class RequestContext:
    """Middleware that gives each request an id, and responds to errors that nothing else has handled.

    It is not a `BaseHTTPMiddleware`, which hides changes of context variables.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; respond with a problem document if it fails."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        given = Headers(scope=scope).get(REQUEST_ID, "")
        current = given if WELL_FORMED.fullmatch(given) else uuid4().hex
        # Never reset, because the server logs after the response; each request has its own context.
        request_id.set(current)
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = current
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            # The response cannot be replaced any more: the server logs the error and closes the connection.
            if started:
                raise
            await respond(error)(scope, receive, send_with_headers)
