"""Field types and base models of requests and responses."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    HttpUrl,
    StringConstraints,
    WithJsonSchema,
    WrapSerializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, to_json

Item = TypeVar("Item")

# The errors of `float` for anything but a number.
_NOT_A_NUMBER = (TypeError, ValueError, OverflowError)
_NOT_JSON = (ValueError, RecursionError)


def _refuse(is_wrong: Callable[[Any], bool], message: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if is_wrong(value):
            raise ValueError(message)
        return value

    return BeforeValidator(check)


def _contains(characters: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.search(f"[{characters}]", value.strip()) is not None


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except _NOT_A_NUMBER:
        return False
    return True


def _check_json(value: dict[str, Any]) -> dict[str, Any]:
    try:
        written = json.dumps(value, allow_nan=False, ensure_ascii=False)
        written.encode()
        # In responses it is nested in a field of an item of the list of a page.
        to_json([[[[[value]]]]])
    except _NOT_JSON as error:
        raise ValueError("must not contain NaN, infinity, unpaired surrogates, or more than 250 levels") from error
    # PostgreSQL stores it, but then reads no member of the value. An escaped backslash may precede these characters.
    if r"\u0000" in written.replace(r"\\", ""):
        raise ValueError("must not contain the character NUL")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be a time between the years 1 and 9999 in UTC") from error


@cache
def _time_zones() -> set[str]:
    # These names are not in the IANA database: the server's own zone, and that of a device that was not set up.
    return available_timezones() - {"Factory", "localtime"}


def _check_time_zone(name: str) -> str:
    if name not in _time_zones():
        raise ValueError("must be the name of an IANA time zone, such as Europe/Berlin")
    return name


def _check_time_of_day(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("must be a local time without an offset")
    if value.microsecond:
        raise ValueError("must be a whole second")
    return value


def _check_local_time(value: time) -> time:
    if value.second or value.microsecond:
        raise ValueError("must be a whole minute")
    return _check_time_of_day(value)


def _check_duration(value: timedelta) -> timedelta:
    if value.microseconds:
        raise ValueError("must be a whole number of seconds")
    return value


def _check_tags(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("must not contain a text twice")
    return values


# Pydantic accepts more than the OpenAPI document allows: numbers as times, and booleans as numbers.
AsText = _refuse(_is_number, "must be text in ISO 8601 format")
AsNumber = _refuse(lambda value: isinstance(value, bool), "must be a number")


class Digits:
    """The digits of a decimal: at most `digits`, `places` of them after the point; from `ge` to `le` in requests.

    A decimal with more than 15 digits is text in JSON, because a number loses digits when it is read as a float.
    """

    def __init__(self, digits: int, places: int, *, ge: Decimal | None = None, le: Decimal | None = None) -> None:
        whole = digits - places
        largest = Decimal(10**digits - 1).scaleb(-places)
        self.constraints = Field(max_digits=digits, decimal_places=places, ge=ge, le=le)
        fraction = rf"(\.[0-9]{{1,{places}}})?" if places else ""
        self.text = {"type": "string", "pattern": rf"^-?[0-9]{{1,{whole}}}{fraction}$"}
        self.is_text = digits > 15
        self.number = {
            "type": "number",
            "minimum": float(-largest if ge is None else ge),
            "maximum": float(largest if le is None else le),
        }
        kind = "be text with" if self.is_text else "have"
        self.message = f"must {kind} at most {whole} digits before the point and {places} after it"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of a decimal that is a number, or text without an exponent."""
        return handler.generate_schema(Annotated[source, self.constraints, _refuse(self._is_wrong, self.message)])

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return a schema with the digits, which pydantic's own leaves out."""
        return self.text if self.is_text or handler.mode == "serialization" else {"anyOf": [self.number, self.text]}

    def _is_wrong(self, value: Any) -> bool:
        if isinstance(value, str):
            return not re.fullmatch(self.text["pattern"], value)
        return self.is_text and not isinstance(value, Decimal)


# Control characters except tab, line feed and carriage return. PostgreSQL does not store the first one.
_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
# Two names that look the same must not differ, and a name must not reorder the text around it (UAX 9, Bidi_Control).
_NOT_IN_NAMES = _CONTROL + r"\t\n\r\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"

NameCharacters = _refuse(
    _contains(_NOT_IN_NAMES), "must not contain line breaks, control characters, or invisible characters"
)
ShortText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=f"^[^{_NOT_IN_NAMES}]*$"),
    NameCharacters,
]
TEXT_PATTERN = f"^[^{_CONTROL}]*$"
TextCharacters = _refuse(_contains(_CONTROL), "must not contain control characters except tabs and line breaks")
LongText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000, pattern=TEXT_PATTERN),
    TextCharacters,
]
# Mail servers ignore case in practice, so addresses that differ only in case are the same.
Email = Annotated[
    EmailStr,
    _refuse(_contains("<"), "must be an address without a name, such as ada@example.com"),
    AfterValidator(str.lower),
]
Integer = Annotated[int, Field(ge=-(2**63), le=2**63 - 1), AsNumber]
Amount = Annotated[Decimal, Digits(12, 2)]
# Adding 0 removes the sign of -0.0, which SQLite does not store.
WithoutNegativeZero = AfterValidator(lambda value: value + 0.0)
FiniteFloat = Annotated[float, Field(allow_inf_nan=False), AsNumber, WithoutNegativeZero]
Boolean = Annotated[bool, _refuse(lambda value: not isinstance(value, bool | str), "must be true or false")]
PlainDate = Annotated[date, AsText]
PlainTime = Annotated[
    time,
    AsText,
    AfterValidator(_check_time_of_day),
    WithJsonSchema({"type": "string", "format": "time-local"}),
]
# In RFC 3339, appendix A, seconds are whole numbers, and follow minutes where there are hours: PT5H0M27S.
PlainDuration = Annotated[
    timedelta,
    Field(ge=timedelta(0), le=timedelta(days=36_500)),
    AsText,
    AfterValidator(_check_duration),
    WrapSerializer(lambda value, write: re.sub(r"H(?=\d+S)", "H0M", write(value)), when_used="json"),
]
Tags = Annotated[list[ShortText], Field(max_length=50), AfterValidator(_check_tags)]
Moment = Annotated[AwareDatetime, AsText, AfterValidator(_in_utc)]
LocalTime = Annotated[
    time,
    AsText,
    AfterValidator(_check_local_time),
    # Pydantic's format `time` requires an offset (RFC 3339).
    WithJsonSchema({"type": "string", "format": "time-local"}),
]
TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_check_time_zone)]
# Python's parser accepts values that are not JSON and cannot be part of a response.
JsonObject = Annotated[dict[str, Any], AfterValidator(_check_json)]
Url = Annotated[
    str,
    BeforeValidator(lambda value: str(HttpUrl(value))),
    StringConstraints(max_length=2000),
    WithJsonSchema({"type": "string", "format": "uri", "maxLength": 2000}),
]


def unchanged(description: str | None = None) -> Any:
    """Return the default of a field that a PATCH request may leave out but not set to null."""
    # The default of a factory is not part of the OpenAPI document.
    return Field(default_factory=lambda: None, description=description)


def sorted_by(*columns: str) -> Any:
    """Return a query's field `sort`: some of these columns, separated by commas, with `-` before those that descend."""
    column = f"-?({'|'.join(columns)})"
    return Field(
        default=None,
        exclude=True,
        max_length=200,
        pattern=f"^{column}(,{column})*$",
        description="Columns separated by commas, such as `-created_at`; a `-` reverses the order of a column.",
    )


class RequestModel(BaseModel):
    """The body or query of a request; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ResponseModel(BaseModel):
    """The base of responses, read from the attributes of an object."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)


class RecordRead(ResponseModel):
    """What every record has in a response."""

    id: UUID
    created_at: datetime
    updated_at: datetime


class ListQuery(RequestModel):
    """The page of a list. Subclasses add filters: fields that are not excluded, with the names of columns.

    A column equals the value, or is one of a list of values. Fields whose names end with `_from` and `_to` are limits.
    """

    limit: int = Field(default=50, ge=1, le=200, exclude=True)
    # The database reads all rows before the offset, so a long list is read with `cursor`.
    offset: int = Field(default=0, ge=0, le=10_000, exclude=True)
    cursor: str | None = Field(
        default=None, max_length=4000, exclude=True, description="`next` of the page before this one."
    )
    with_total: bool = Field(default=False, exclude=True, description="Whether to count all items of the list.")


class SearchQuery(ListQuery):
    """A list with a search."""

    search: ShortText | None = Field(default=None, exclude=True)


class Page(ResponseModel, Generic[Item]):
    """A page of a list. `next` is the cursor of the next page, and `total` is set if it was requested."""

    items: Sequence[Item]
    next: str | None
    total: int | None
