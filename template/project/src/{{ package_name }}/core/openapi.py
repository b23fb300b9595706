"""Additions to the OpenAPI document of FastAPI: the errors, and the names of the operations."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from .errors import PROBLEM_JSON, Problem

RESPONSES: dict[int | str, tuple[str, str]] = {
    400: ("BadRequest", "The body cannot be read; it must be JSON in UTF-8."),
    401: ("Unauthorized", "The token is missing or not valid."),
    403: ("Forbidden", "The token does not allow this."),
    404: ("NotFound", "The record does not exist in this organisation."),
    409: ("Conflict", "The request conflicts with stored data."),
    422: ("UnprocessableContent", "The request is not valid, or violates a rule."),
    500: ("InternalServerError", "The service failed."),
    503: ("ServiceUnavailable", "The service is overloaded, or its database does not respond. Retry after some time."),
    "default": ("Problem", "Another error."),
}
"""The name and the description of the response for each status."""


class DocumentedAPI(FastAPI):
    """An application whose OpenAPI document describes all errors; each operation is named after its function."""

    def __init__(self, **options: Any) -> None:
        # Without a default response, FastAPI would describe its own body for a 422.
        options["responses"] = {"default": {"model": Problem}}
        super().__init__(**options, generate_unique_id_function=lambda route: route.name)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            document = super().openapi()
            content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            document["components"]["responses"] = {
                name: {"description": description, "content": content} for name, description in RESPONSES.values()
            }
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    for status in statuses_of(path, method, operation):
                        reference = {"$ref": f"#/components/responses/{RESPONSES[status][0]}"}
                        operation["responses"][str(status)] = reference
        return super().openapi()


def statuses_of(path: str, method: str, operation: dict[str, Any]) -> Iterator[int | str]:
    """Yield the error statuses that an operation can respond with."""
    reads_body, needs_token = "requestBody" in operation, bool(operation.get("security"))
    applies: dict[int | str, bool] = {
        400: reads_body,
        401: needs_token,
        403: needs_token,
        404: "{" in path,
        409: needs_token and method != "get",
        422: reads_body or "parameters" in operation,
    }
    return (status for status in RESPONSES if applies.get(status, True))
