"""What Prometheus reads at /metrics: how many requests there were, how long they took, and what the process uses.

It takes no token and is not for the public: whatever stands before the service keeps the path to itself.
"""

import time
from http import HTTPMethod

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = frozenset(HTTPMethod)
OTHER = "other"
"""The route of what no route takes, and the method of what is none: whoever asks invents no labels."""


def install_metrics(app: FastAPI) -> None:
    """Measure the requests of `app`, and let it tell at /metrics."""
    # One for each application: a process may have several, as tests do.
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    app.add_middleware(RequestMetrics, registry=registry)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), media_type=content_type)


class RequestMetrics:
    """Counts and times the requests of an application, by method and by route, as in `/parcels/{parcel_id}`."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self.requests = Counter(
            "http_requests", "Requests that were answered.", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "http_request_duration_seconds", "How long it took to answer.", ["method", "route"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and note what came of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        # An error that nobody handles is answered further out.
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self.app(scope, receive, note_status)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        # The router leaves it there; what it found no route for has none.
        route = getattr(scope.get("route"), "path", OTHER)
        self.requests.labels(method, route, status).inc()
        self.seconds.labels(method, route).observe(seconds)
