"""The routes of modules: a request is one transaction, which runs again after a deadlock, and POST can be repeated."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute, APIRouter
from sqlalchemy.exc import DBAPIError
from starlette.routing import Match
from starlette.types import Scope

from .concurrency import ATTEMPTS, raise_unless_aborted
from .idempotency import Repeated, idempotent


class TransactionRoute(APIRoute):
    """A route that runs a request again if PostgreSQL aborted its transaction because of another one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that responds to a request."""
        handle = super().get_route_handler()

        async def respond(request: Request) -> Response:
            has_form = request.headers.get("Content-Type", "").startswith("multipart/")
            # The files of a form can be read only once.
            attempts = count(ATTEMPTS if has_form else 1)
            while True:
                try:
                    # FastAPI would end the dependencies after the last attempt, and the first would keep its locks.
                    async with AsyncExitStack() as request.scope["fastapi_function_astack"]:
                        response = request.state.response = await handle(request)
                    return response
                except Repeated as repeated:
                    return repeated.response
                except DBAPIError as error:
                    raise_unless_aborted(error, next(attempts))

        return respond


class ServiceRoute(TransactionRoute):
    """A route of a module; a POST accepts the header `Idempotency-Key`.

    Routes that need no token, or that return a secret, opt out: `APIRouter(route_class=TransactionRoute)`.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in options["methods"]:
            # Last, so that the request is authorized before a stored response is returned.
            options["dependencies"] = [*options["dependencies"], Depends(idempotent, scope="function")]
        super().__init__(path, endpoint, **options)


class ServiceRouter(APIRouter):
    """The routes of a module below one prefix."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(prefix=prefix, route_class=ServiceRoute, **options)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a route can respond to a request."""
        # FastAPI would compare the path with each route of all modules.
        return super().matches(scope) if self.prefix in scope["path"] else (Match.NONE, {})
