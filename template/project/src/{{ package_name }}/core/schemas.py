"""The field types and envelopes that requests and responses share."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import to_json

Item = TypeVar("Item")

# What `float` raises for anything else.
_NO_NUMBER = (TypeError, ValueError, OverflowError)
_NO_JSON = (ValueError, RecursionError)


def _refuse_number(value: Any) -> Any:
    try:
        float(value)
    except _NO_NUMBER:
        return value
    raise ValueError("must be written as text, in the form of ISO 8601")


def _refuse_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _refuse_zero_and_one(value: Any) -> Any:
    if isinstance(value, bool | str):
        return value
    raise ValueError("must be true or false")


def _refuse_what_is_no_json(value: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        # It stands in answers: in a field of an item of a list of a page.
        to_json([[[[[value]]]]])
    except _NO_JSON as error:
        raise ValueError("must not hold NaN, infinity, half of a surrogate pair or more than 250 levels") from error
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be a moment that the calendar of UTC has") from error


# Pydantic takes more than the OpenAPI document tells: numbers are seconds since 1970 or midnight, false and true are 0 and 1.
AsText = BeforeValidator(_refuse_number)
AsNumber = BeforeValidator(_refuse_boolean)

# PostgreSQL stores no NUL character in text.
_NO_NUL = r"^[^\x00]*$"

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_NUL)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=_NO_NUL)]
Integer = Annotated[int, Field(ge=-(2**63), le=2**63 - 1), AsNumber]
Amount = Annotated[Decimal, Field(max_digits=12, decimal_places=2)]
Boolean = Annotated[bool, BeforeValidator(_refuse_zero_and_one)]
PlainDate = Annotated[date, AsText]
Moment = Annotated[AwareDatetime, AsText, AfterValidator(_in_utc)]
# Python reads and stores what no JSON is, and cannot answer with it.
JsonObject = Annotated[dict[str, Any], AfterValidator(_refuse_what_is_no_json)]
Url = Annotated[
    str,
    BeforeValidator(lambda value: str(HttpUrl(value))),
    StringConstraints(max_length=2000),
    WithJsonSchema({"type": "string", "format": "uri", "maxLength": 2000}),
]


def unchanged() -> Any:
    """Return the default of a field that a PATCH may leave out, and that may not be null."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class RequestModel(BaseModel):
    """The body or the query of a request; a name that it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class ResponseModel(BaseModel):
    """What is told of a record."""

    model_config = ConfigDict(from_attributes=True)


class ListQuery(RequestModel):
    """Which part of a list is wanted. The fields that a module adds are filters: they must be equal."""

    limit: int = Field(default=50, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=2**31)

    def filters(self) -> dict[str, Any]:
        """Return the filters that were given, by column."""
        return self.model_dump(exclude_none=True, exclude={"limit", "offset", "search"})


class SearchQuery(ListQuery):
    """A list that can be searched as well."""

    search: ShortText | None = None


class Page(ResponseModel, Generic[Item]):
    """A part of a list: its items, and how many there are in all."""

    items: Sequence[Item]
    total: int
    limit: int
    offset: int
