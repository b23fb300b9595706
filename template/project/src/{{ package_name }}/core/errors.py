"""Errors of the service, and their HTTP responses (problem details, RFC 9457)."""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from functools import singledispatch
from http import HTTPMethod, HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from .logs import request_id

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = "5"
"""Seconds after which a client may try again when the service is not available."""
MAX_ERRORS = 50
"""The number of wrong values that a response lists: a body of 1 MB can have a hundred thousand."""

logger = logging.getLogger(__name__)


class RecordReference(BaseModel):
    """A stored record; some errors add fields that help people to recognize it."""

    model_config = ConfigDict(extra="allow")

    kind: str
    id: UUID


class ErrorItem(BaseModel):
    """One reason why a request was refused."""

    loc: list[str | int] = Field(
        description="The refused value: `body`, `query`, `path` or `header`, then names and positions in it. "
        "Empty if the reason is the stored record."
    )
    msg: str
    type: str = Field(description="The kind of error, for programs.")
    allowed: list[Any] | None = Field(default=None, description="The values that are allowed instead.")
    records: list[RecordReference] | None = Field(default=None, description="The records that caused the error.")


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

    def __init__(self, detail: str, *fields: str, **hints: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields
        self.hints = hints

    @property
    def errors(self) -> list[ErrorItem]:
        """One item for each field; without fields, one for the hints, if there are any."""
        places: list[list[str | int]] = [["body", field] for field in self.fields] or [[]] * bool(self.hints)
        return [ErrorItem(loc=loc, msg=self.detail, type=self.type, **self.hints) for loc in places]


class Unauthenticated(ServiceError):
    """The token is missing or not valid."""

    status = HTTPStatus.UNAUTHORIZED


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
    """A system that this service depends on does not respond."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[ErrorItem] = (),
) -> JSONResponse:
    """Return a problem response with the id of the current request; a 503 has a `Retry-After`."""
    document = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=request_id.get(),
        errors=[*errors],
    )
    headers = dict(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", RETRY_AFTER)
    return JSONResponse(document.model_dump(mode="json", exclude_none=True), status, headers, media_type=PROBLEM_JSON)


@singledispatch
def respond(error: Exception) -> JSONResponse:
    """Return the response to `error`. Errors of the service are logged, and the response does not describe them."""
    logger.error("Unexpected error", exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed. Report the request_id to its operators.")


@respond.register
def _service_error(error: ServiceError) -> JSONResponse:
    # A 401 must name an accepted scheme (RFC 9110, section 11.6.1).
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else None
    return problem(error.status, error.detail, headers, error.errors)


@respond.register
def _http_error(error: HTTPException) -> JSONResponse:
    return problem(error.status_code, str(error.detail), error.headers)


@respond.register
def _validation_error(error: RequestValidationError) -> JSONResponse:
    errors = [ErrorItem.model_validate(each) for each in error.errors()[:MAX_ERRORS]]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not valid.", errors=errors)


@respond.register
def _database_error(error: SQLAlchemyError) -> JSONResponse:
    if not is_outage(error):
        return respond.dispatch(Exception)(error)
    cause = error.orig if isinstance(error, DBAPIError) else error
    logger.warning("The database does not respond: %s: %s", type(cause).__name__, " ".join(str(cause).split()))
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not respond. Try again later.")


def is_outage(error: SQLAlchemyError) -> bool:
    """Return whether the database, and not the statement, caused an error: it is gone, overloaded or locked."""
    if isinstance(error, DBAPIError) and not error.connection_invalidated:
        # SQLite reports wrong statements as operational errors, too.
        is_statement = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
        return isinstance(error, OperationalError) and not is_statement
    return isinstance(error, DBAPIError | PoolTimeout)


def install_error_handlers(app: FastAPI) -> None:
    """Respond to every error of `app` with a problem document."""

    async def handle(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # Starlette names the methods of only one route of the path.
            error.headers = {"Allow": ", ".join(allowed_methods(app, request.scope))}
        return respond(error)

    for kind in (ServiceError, HTTPException, RequestValidationError, SQLAlchemyError):
        app.add_exception_handler(kind, handle)


def allowed_methods(app: FastAPI, scope: Scope) -> list[str]:
    """Return the methods of all routes of the requested path."""
    place = {"type": "http", "path": scope["path"], "root_path": scope["root_path"]}
    return [
        method
        for method in sorted(HTTPMethod)
        if any(route.matches({**place, "method": method})[0] is Match.FULL for route in app.routes)
    ]
