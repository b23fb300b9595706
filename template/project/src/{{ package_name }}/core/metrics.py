"""Metrics for Prometheus at /metrics: number and duration of requests, and resources of the process.

The route needs no token. Do not expose it to the public: block the path in the reverse proxy.
"""

import time
from http import HTTPMethod

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = frozenset(HTTPMethod)
OTHER = "other"
"""The label for unknown routes and methods, so that clients cannot create new labels."""


def install_metrics(app: FastAPI) -> None:
    """Measure the requests of `app` and expose the metrics at /metrics."""
    # One registry per application, because a process may have several, as in tests.
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    app.add_middleware(RequestMetrics, registry=registry)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), media_type=content_type)


class RequestMetrics:
    """Middleware that counts and times requests by method and route, such as `/parcels/{parcel_id}`."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self.requests = Counter(
            "http_requests", "Number of requests.", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "http_request_duration_seconds", "Duration of requests in seconds.", ["method", "route"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application and record the result."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        # An outer middleware responds to unhandled errors.
        status = 500

        async def record_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self.app(scope, receive, record_status)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        # Set by the router, unless no route matches.
        route = getattr(scope.get("route"), "path", OTHER)
        self.requests.labels(method, route, status).inc()
        self.seconds.labels(method, route).observe(seconds)
