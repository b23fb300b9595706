"""Errors of the service, and their HTTP responses (problem details, RFC 9457)."""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import ReadOnlySqlTransaction
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from .logs import request_id

PROBLEM_JSON = "application/problem+json"
MAX_ERRORS = 50
"""The number of wrong values that a response lists: a body of 1 MB can have a hundred thousand."""

logger = logging.getLogger(__name__)


class ErrorItem(BaseModel):
    """One reason why a request was refused."""

    loc: list[str | int] = Field(
        description="The refused value: `body`, `query`, `path` or `header`, then names and positions in it. "
        "Empty if the reason is the stored record."
    )
    msg: str
    type: str = Field(description="The kind of error, for programs.")
    allowed: list[Any] | None = Field(default=None, description="The values that are allowed instead.")
    records: list[dict[str, Any]] | None = Field(default=None, description="The records that caused the error.")


class Problem(BaseModel):
    """The body of every error response: a problem document (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str | None = Field(default=None, description="The id of the request in the logs.")
    errors: list[ErrorItem] = []


class ServiceError(Exception):
    """An error with a detail for the client.

    `fields` are the refused fields of the body. `hints` are other members of `ErrorItem`: `allowed` and `records`.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    type: ClassVar[str] = "bad_request"
    headers: ClassVar[Mapping[str, str] | None] = None

    def __init__(self, detail: str, *fields: str, **hints: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields
        self.hints = hints


class Unauthenticated(ServiceError):
    """The token is missing or not valid."""

    status = HTTPStatus.UNAUTHORIZED
    # An accepted scheme (RFC 9110, section 11.6.1).
    headers: ClassVar = {"WWW-Authenticate": "Bearer"}


class Forbidden(ServiceError):
    """The principal is not allowed to do this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(ServiceError):
    """The record does not exist in this organisation."""

    status = HTTPStatus.NOT_FOUND
    type = "not_found"

    @classmethod
    def record(cls, name: str, record_id: UUID) -> "NotFound":
        """Return the error for a missing record of the kind `name`."""
        return cls(f"There is no {name} {record_id}.")


class Conflict(ServiceError):
    """The request conflicts with stored data."""

    status = HTTPStatus.CONFLICT
    type = "conflict"


class InvalidTransition(Conflict):
    """The state of the record does not allow this step."""

    type = "invalid_transition"


class Unprocessable(ServiceError):
    """The request is well formed but violates a rule of the domain."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    type = "unprocessable"


class Unavailable(ServiceError):
    """The service is busy, or a system that it depends on does not respond. The client may try again after some time."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers: ClassVar = {"Retry-After": "5"}


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[ErrorItem] = (),
) -> JSONResponse:
    """Return a problem response with the id of the current request."""
    title = HTTPStatus(status).phrase
    document = Problem(title=title, status=status, detail=detail, request_id=request_id.get(), errors=[*errors])
    return JSONResponse(document.model_dump(mode="json", exclude_none=True), status, headers, media_type=PROBLEM_JSON)


def respond(error: Exception) -> JSONResponse:
    """Return the response to `error`. Errors of the service are logged, and the response does not describe them."""
    match error:
        case ServiceError():
            # One item for each field; without fields, one for the hints, if there are any.
            places: list[list[str | int]] = [["body", field] for field in error.fields] or [[]] * bool(error.hints)
            items = [ErrorItem(loc=place, msg=error.detail, type=error.type, **error.hints) for place in places]
            return problem(error.status, error.detail, error.headers, items)
        case HTTPException():
            return problem(error.status_code, str(error.detail), error.headers)
        case RequestValidationError():
            items = [ErrorItem.model_validate(each) for each in error.errors()[:MAX_ERRORS]]
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not valid.", errors=items)
        case SQLAlchemyError() if is_outage(error):
            cause = error.orig if isinstance(error, DBAPIError) else error
            logger.warning("The database does not respond: %s: %s", type(cause).__name__, " ".join(str(cause).split()))
            return respond(Unavailable("The database does not respond. Try again later."))
        case _:
            if isinstance(error, ResponseValidationError):
                # Its text would quote the response: names, addresses.
                for each in error.errors():
                    each.pop("input", None)
            logger.error("Unexpected error", exc_info=error)
            detail = "The service failed. Report the request_id to its operators."
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def is_outage(error: SQLAlchemyError) -> bool:
    """Return whether the database, and not the statement, caused an error: it is gone, overloaded, locked or read-only."""
    if isinstance(error, DBAPIError) and not error.connection_invalidated:
        # SQLite reports wrong statements as operational errors, too.
        is_wrong = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
        return not is_wrong and (isinstance(error, OperationalError) or isinstance(error.orig, ReadOnlySqlTransaction))
    return isinstance(error, DBAPIError | PoolTimeout)


def install_error_handlers(app: FastAPI) -> None:
    """Respond to every error of `app` with a problem document."""

    def has(method: str, scope: Scope) -> bool:
        return any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.routes)

    async def handle(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # Starlette names the methods of only one route of the path.
            error.headers = {"Allow": ", ".join(each for each in sorted(HTTPMethod) if has(each, request.scope))}
        return respond(error)

    for kind in (ServiceError, HTTPException, RequestValidationError, SQLAlchemyError):
        app.add_exception_handler(kind, handle)
