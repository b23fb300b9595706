"""Limits of requests: their number, how many run at a time, and the size and duration of a body."""

import asyncio
import logging
import re
import time
from fnmatch import fnmatchcase
from inspect import unwrap
from ipaddress import IPv6Address
from math import ceil
from typing import Any

from fastapi import HTTPException, status
from limits import parse
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .config import Settings
from .errors import Unavailable, respond

BODY_LIMITS: dict[Any, int] = {}
"""The largest body of a route, such as an upload, by its function: `BODY_LIMITS[upload] = 20_000_000`."""
UNLIMITED = ("/health", "/metrics", "/ready")
"""Paths that respond even while the service is busy."""
REDIS_SECONDS = 0.2
"""How long a request waits for a Redis before it passes without being counted."""
CLOSE = {"Connection": "close"}
"""Otherwise, the server would read the rest of a refused body."""

logger = logging.getLogger(__name__)


class RateLimit:
    """Counts the requests of each `kind` of client, such as an address; `rate` is empty, or such as `100/minute`."""

    def __init__(self, kind: str, rate: str, settings: Settings) -> None:
        self.kind = kind
        self.rate = parse(rate) if rate else None
        url = f"async+{settings.rate_limit_storage}"
        waits = {"socket_connect_timeout": REDIS_SECONDS, "socket_timeout": REDIS_SECONDS}
        self.limiter = SlidingWindowCounterRateLimiter(
            storage_from_string(url, implementation="redispy", wrap_exceptions=True, **waits)
        )

    async def check(self, client: str, *, counts: bool = True) -> None:
        """Raise an `HTTPException` if the client has sent too many requests; otherwise, count this one if it `counts`."""
        key = self.key(client)
        take = self.limiter.hit if counts else self.limiter.test
        try:
            if self.rate is None or await take(self.rate, *key):
                return
            window = await self.limiter.get_window_stats(self.rate, *key)
        except StorageError as error:
            logger.warning("Requests are not counted: %s", error.storage_error)
            return
        headers = {"Retry-After": str(max(1, ceil(window.reset_time - time.time())))}
        raise HTTPException(status.HTTP_429_TOO_MANY_REQUESTS, "Too many requests. Try again later.", headers)

    def key(self, client: str) -> tuple[str, str, str]:
        """Return the name of the count of a client."""
        return __name__, self.kind, client


def client_of(scope: Scope) -> str:
    """Return the address of a client, or its network with IPv6: all 2^64 addresses there belong to one client (RFC 6177)."""
    host: str = scope["client"][0] if scope.get("client") else "unknown"
    try:
        address = IPv6Address(host)
    except ValueError:
        return host
    # A socket for both versions shows IPv4 in this form.
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


class RequestLimits:
    """Middleware that refuses what exceeds the limits in the settings, and requests for other hosts."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.per_address = RateLimit("address", settings.rate_limit_per_address, settings)
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, unless the request is refused."""
        if scope["type"] != "http" or scope["path"] in UNLIMITED:
            await self.app(scope, receive, send)
            return
        try:
            await self._check(scope)
        except (HTTPException, Unavailable) as error:
            await respond(error)(scope, receive, send)
            return
        self.running += 1
        try:
            await self.app(scope, self._limit_body(scope, receive), send)
        finally:
            self.running -= 1

    async def _check(self, scope: Scope) -> None:
        host = re.sub(r":\d+$", "", Headers(scope=scope).get("host", "").lower())
        if not any(fnmatchcase(host, pattern) for pattern in self.settings.trusted_hosts):
            raise HTTPException(status.HTTP_400_BAD_REQUEST, "This service does not respond for this host.")
        await self.per_address.check(client_of(scope))
        if self.running >= self.settings.max_concurrent_requests:
            raise Unavailable("The service is busy. Try again later.")

    def _limit_body(self, scope: Scope, receive: Receive) -> Receive:
        seconds = self.settings.body_timeout_seconds
        deadline = asyncio.get_running_loop().time() + seconds
        size = 0
        more = True

        async def limited() -> Message:
            nonlocal size, more
            try:
                # After the body, the only message says that the client has disconnected.
                async with asyncio.timeout_at(deadline if more else None):
                    message = await receive()
            except TimeoutError as error:
                detail = f"The body was not received within {seconds:g} seconds."
                raise HTTPException(status.HTTP_408_REQUEST_TIMEOUT, detail, CLOSE) from error
            more = message.get("more_body", False)
            size += len(message.get("body", b""))
            # The router finds the endpoint before it reads the body.
            endpoint: Any = scope.get("endpoint")
            function = unwrap(endpoint, stop=BODY_LIMITS.__contains__)
            limit = BODY_LIMITS.get(function, self.settings.max_body_bytes)
            if size > limit:
                detail = f"The body has more than {limit} bytes."
                raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, detail, CLOSE)
            return message

        return limited
