"""Errors of the service, and their HTTP responses (problem details, RFC 9457)."""

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

PROBLEM_JSON = "application/problem+json"


class Problem(BaseModel):
    """A problem document (RFC 9457); it may have additional members."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Error",
        "content": {PROBLEM_JSON: {"schema": Problem.model_json_schema()}},
    },
}
"""The description of error responses in the OpenAPI document."""


class ServiceError(Exception):
    """An error with a detail for the client; `members` are added to the problem document."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class Unauthenticated(ServiceError):
    """The token is missing or not valid."""

    status = HTTPStatus.UNAUTHORIZED


class Forbidden(ServiceError):
    """The principal is not allowed to do this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(ServiceError):
    """The record does not exist in this organisation."""

    status = HTTPStatus.NOT_FOUND

    @classmethod
    def record(cls, name: str, record_id: UUID) -> "NotFound":
        """Return the error for a missing record of the kind `name`."""
        return cls(f"There is no {name} {record_id}.")


class Conflict(ServiceError):
    """The request conflicts with stored data."""

    status = HTTPStatus.CONFLICT


class InvalidTransition(Conflict):
    """The state of the record does not allow this step."""


class Unprocessable(ServiceError):
    """The request is well formed but violates a rule of the domain."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Unavailable(ServiceError):
    """A system that this service depends on does not respond."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **members: Any) -> JSONResponse:
    """Return a problem response; `members` extend the document (RFC 9457, section 3.2)."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(jsonable_encoder(body), status, headers, media_type=PROBLEM_JSON)


def install_error_handlers(app: FastAPI) -> None:
    """Respond to every error of `app` with a problem document."""

    @app.exception_handler(ServiceError)
    async def service_error(_: Request, error: ServiceError) -> JSONResponse:
        # A 401 must name an accepted scheme (RFC 9110, section 11.6.1).
        headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else None
        return problem(error.status, error.detail, headers, **error.members)

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def validation_error(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"loc": e["loc"], "msg": e["msg"], "type": e["type"]} for e in error.errors()]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not valid.", errors=errors)
