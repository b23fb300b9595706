"""What can go wrong, and how it is told over HTTP (RFC 9457, problem details)."""

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
    """A problem document (RFC 9457), and the members that extend it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem",
        "content": {PROBLEM_JSON: {"schema": Problem.model_json_schema()}},
    },
}
"""How the OpenAPI document describes every answer that is an error."""


class ServiceError(Exception):
    """A refusal with a reason. `members` are the problem's own members, beside the detail."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members


class Unauthenticated(ServiceError):
    """No token, or one that cannot be trusted."""

    status = HTTPStatus.UNAUTHORIZED


class Forbidden(ServiceError):
    """The principal is known and may not do this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(ServiceError):
    """There is no such record in this organisation."""

    status = HTTPStatus.NOT_FOUND

    @classmethod
    def record(cls, name: str, record_id: UUID) -> "NotFound":
        """Return the error for a record called `name` that is not there."""
        return cls(f"There is no {name} {record_id}.")


class Conflict(ServiceError):
    """The request contradicts what is stored."""

    status = HTTPStatus.CONFLICT


class InvalidTransition(Conflict):
    """The record is in a state that does not allow this step."""


class Unprocessable(ServiceError):
    """The request is well formed, and a rule of the domain forbids it."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Unavailable(ServiceError):
    """Something that this service needs does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **members: Any) -> JSONResponse:
    """Return a problem response; `members` extend the document as RFC 9457, section 3.2, allows."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(jsonable_encoder(body), status, headers, media_type=PROBLEM_JSON)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""

    @app.exception_handler(ServiceError)
    async def service_error(_: Request, error: ServiceError) -> JSONResponse:
        # RFC 9110, section 11.6.1: a 401 names the scheme that would be accepted.
        headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else None
        return problem(error.status, error.detail, headers, **error.members)

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def validation_error(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"loc": e["loc"], "msg": e["msg"], "type": e["type"]} for e in error.errors()]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not valid.", errors=errors)
