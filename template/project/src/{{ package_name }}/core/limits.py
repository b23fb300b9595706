"""Limits of requests: the size of a body, the time to receive it, and the number of requests at a time."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import HTTPException, status
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .config import Settings
from .errors import problem

UNLIMITED = ("/health", "/metrics", "/ready")
"""Paths that are also answered while the service is busy."""
CLOSE = {"Connection": "close"}
"""Otherwise, the server would read the rest of a refused body."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def body_limit(size: int) -> Callable[[Endpoint], Endpoint]:
    """Allow bodies of up to `size` bytes for one route, such as an upload; put it below `@router.post()`."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        vars(endpoint)["body_limit"] = size
        return endpoint

    return decorate


class RequestLimits:
    """Middleware that refuses what exceeds the limits in the settings."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, unless too many requests are running."""
        if scope["type"] != "http" or scope["path"] in UNLIMITED:
            await self.app(scope, receive, send)
        elif self.running >= self.settings.max_concurrent_requests:
            refusal = problem(status.HTTP_503_SERVICE_UNAVAILABLE, "The service is busy. Try again later.")
            await refusal(scope, receive, send)
        else:
            self.running += 1
            try:
                await self.app(scope, self._limit_body(scope, receive), send)
            finally:
                self.running -= 1

    def _limit_body(self, scope: Scope, receive: Receive) -> Receive:
        seconds = self.settings.body_timeout_seconds
        deadline = asyncio.get_running_loop().time() + seconds
        size = 0
        more = True

        def check(size: int) -> None:
            # The router finds the endpoint before it reads the body.
            limit = getattr(scope.get("endpoint"), "body_limit", self.settings.max_body_bytes)
            if size > limit:
                raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, f"The body has more than {limit} bytes.", CLOSE)

        async def limited() -> Message:
            nonlocal size, more
            if not more:
                # The only other message says that the client has disconnected.
                return await receive()
            check(int(Headers(scope=scope).get("content-length", 0)))
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                detail = f"The body was not received within {seconds:g} seconds."
                raise HTTPException(status.HTTP_408_REQUEST_TIMEOUT, detail, CLOSE) from error
            more = message.get("more_body", False)
            size += len(message.get("body", b""))
            check(size)
            return message

        return limited
