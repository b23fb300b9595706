"""The outermost middleware: an id, safe headers and metrics for each response, and a response to each unexpected error.

Metrics for Prometheus are at /metrics, which needs no token. Do not expose it to the public: block the path in the
reverse proxy.
"""

import re
import time
from http import HTTPMethod
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import respond
from .logs import request_id

REQUEST_ID = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._+/=-]{1,128}")
"""An id that is taken from the request: it is safe in headers and log lines."""
METHODS = frozenset(HTTPMethod)
OTHER = "other"
"""The label for unknown routes and methods, so that clients cannot create new labels."""


def install_middleware(app: FastAPI) -> None:
    """Add the middleware and /metrics to `app`. Call it last, so that it is outside of all other middleware."""
    # One registry per application, because a process may have several, as in tests.
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    app.add_middleware(RequestContext, registry=registry)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), media_type=content_type)


class RequestContext:
    """Middleware that identifies and measures each request, and responds to errors that nothing else has handled.

    It is not a `BaseHTTPMiddleware`, which hides changes of context variables.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self.requests = Counter(
            "http_requests", "Number of requests.", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "http_request_duration_seconds", "Duration of requests in seconds.", ["method", "route"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; respond with a problem document if it fails."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        given = Headers(scope=scope).get(REQUEST_ID, "")
        current = given if WELL_FORMED.fullmatch(given) else uuid4().hex
        # Never reset, because the server logs after the response; each request has its own context.
        request_id.set(current)
        started = time.perf_counter()
        status = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = current
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            # A response that has started cannot be replaced: the server logs the error and closes the connection.
            if status:
                raise
            await respond(error)(scope, receive, send_with_headers)
        finally:
            method = scope["method"] if scope["method"] in METHODS else OTHER
            # Set by the router, unless no route matches.
            route = getattr(scope.get("route"), "path", OTHER)
            self.requests.labels(method, route, status).inc()
            self.seconds.labels(method, route).observe(time.perf_counter() - started)
