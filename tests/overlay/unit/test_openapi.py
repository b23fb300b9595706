"""The operations in an OpenAPI document, with a minimal request for each."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from your_service.core.schemas import (
    Amount,
    Integer,
    LongText,
    Moment,
    Page,
    RequestModel,
    ShortText,
    Url,
    unchanged,
)

from tests.suite.openapi import SOME_ID, Operation, find_item_parameter, find_operations


class Size(StrEnum):
    """A choice."""

    LARGE = "large"
    SMALL = "small"


class Stamp(RequestModel):
    """A part of another model."""

    value: Annotated[int, Field(gt=4)]


class ParcelCreate(RequestModel):
    """A required field of every type."""

    title: ShortText
    notes: LongText
    code: Annotated[str, Field(min_length=3)]
    label: Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["DE"])]
    pieces: Integer
    floor: Annotated[int, Field(le=-1)]
    weight: Annotated[float, Field(ge=2.5, le=9)]
    fee: Amount
    fragile: bool
    size: Size
    kind: Literal["parcel"]
    kinds: Literal["a", "b"]
    sender_id: UUID
    van_ids: list[UUID]
    sent_on: dt.date
    sent_at: Moment
    opens_at: dt.time
    shuts_at: Annotated[dt.time, Field(json_schema_extra={"format": "time-local"})]
    lasts: dt.timedelta
    site: Url
    stamp: Stamp
    stamps: Annotated[list[Stamp], Field(min_length=2)]
    pair: tuple[ShortText, ...]
    more: dict[str, Any]
    either: Stamp | None
    nothing: None


class ParcelUpdate(RequestModel):
    """A body without required fields."""

    title: ShortText = unchanged()
    pieces: Integer | None = None
    sender_id: UUID | None = None
    tax_id: ShortText | None = None


class ParcelRead(BaseModel):
    """A parcel in a response."""

    id: UUID


class OrderRead(BaseModel):
    """A record with a field `items`, like a page."""

    id: UUID
    items: list[ParcelRead]
    total: int


class Batch(BaseModel):
    """A page with other fields than ours."""

    items: list[ParcelRead]
    following: str | None


class Label(BaseModel):
    """An object whose `items` is not a list."""

    items: str


@pytest.fixture(scope="module")
def operations() -> dict[str, Operation]:
    """The operations of an application that sends parcels, by method and path."""
    app = FastAPI()

    @app.post("/parcels")
    def create_parcel(data: ParcelCreate) -> ParcelRead:
        raise NotImplementedError

    @app.get("/parcels")
    def list_parcels(limit: int = 5) -> Page[ParcelRead]:
        raise NotImplementedError

    @app.get("/parcels/late")
    def list_late(since: Annotated[dt.date, Query(alias="from")], until: dt.date | None = None) -> list[ParcelRead]:
        raise NotImplementedError

    @app.patch("/parcels/{parcel_id}")
    def update_parcel(parcel_id: UUID, data: ParcelUpdate) -> ParcelRead:
        raise NotImplementedError

    @app.get("/parcels/{parcel_id}/files/{name}")
    def get_file(parcel_id: UUID, name: str) -> str:
        raise NotImplementedError

    @app.get("/vans", openapi_extra={"security": []})
    def list_vans() -> list[str]:
        raise NotImplementedError

    @app.get("/orders")
    def list_orders(after: str | None = None) -> Batch:
        raise NotImplementedError

    @app.get("/orders/{order_id}")
    def get_order(order_id: UUID) -> OrderRead:
        raise NotImplementedError

    @app.get("/orders/{order_id}/parcels")
    def list_parcels_of_order(order_id: UUID) -> list[ParcelRead]:
        raise NotImplementedError

    @app.get("/orders/{order_id}/label")
    def get_label(order_id: UUID) -> Label:
        raise NotImplementedError

    return {str(operation): operation for operation in find_operations(app.openapi())}


def test_every_operation_is_found(operations: dict[str, Operation]) -> None:
    assert list(operations) == [
        "GET /parcels",
        "POST /parcels",
        "GET /parcels/late",
        "PATCH /parcels/{parcel_id}",
        "GET /parcels/{parcel_id}/files/{name}",
        "GET /vans",
        "GET /orders",
        "GET /orders/{order_id}",
        "GET /orders/{order_id}/parcels",
        "GET /orders/{order_id}/label",
    ]


def test_an_operation_is_public_if_it_says_so(operations: dict[str, Operation]) -> None:
    assert [name for name, operation in operations.items() if operation.public] == ["GET /vans"]


def test_a_body_contains_the_required_fields_and_is_accepted(operations: dict[str, Operation]) -> None:
    body = operations["POST /parcels"].body

    assert body.keys() == ParcelCreate.model_fields.keys()
    assert ParcelCreate.model_validate(body)


def test_a_body_without_required_fields_is_empty(operations: dict[str, Operation]) -> None:
    assert operations["PATCH /parcels/{parcel_id}"].body == {}
    assert operations["GET /parcels"].body is None


def test_fields_of_a_body_that_refer_to_records_are_found(operations: dict[str, Operation]) -> None:
    assert operations["POST /parcels"].references == ("sender_id", "van_ids")
    assert operations["PATCH /parcels/{parcel_id}"].references == ("sender_id",)
    assert operations["GET /parcels"].references == ()


def test_all_fields_of_a_body_are_known(operations: dict[str, Operation]) -> None:
    assert set(operations["POST /parcels"].fields) == ParcelCreate.model_fields.keys()
    assert operations["GET /parcels"].fields == ()


def test_a_query_contains_the_required_parameters(operations: dict[str, Operation]) -> None:
    assert operations["GET /parcels"].query == {}
    assert operations["GET /parcels/late"].query == {"from": "2030-01-15"}


def test_a_path_has_values_for_its_parameters(operations: dict[str, Operation]) -> None:
    operation = operations["GET /parcels/{parcel_id}/files/{name}"]

    assert operation.url() == f"/parcels/{SOME_ID}/files/a"
    assert operation.url(parcel_id=5) == "/parcels/5/files/a"


def test_a_list_is_recognized_by_its_response(operations: dict[str, Operation]) -> None:
    lists = [name for name, operation in operations.items() if operation.lists]

    assert lists == [
        "GET /parcels",
        "GET /parcels/late",
        "GET /vans",
        "GET /orders",
        "GET /orders/{order_id}/parcels",
    ]


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("GET /parcels", "parcel_id"),
        ("GET /parcels/late", "parcel_id"),
        ("GET /orders/{order_id}/parcels", "parcel_id"),
        ("GET /vans", None),
    ],
)
def test_the_items_of_a_list_are_named_by_a_route_below(
    operations: dict[str, Operation],
    name: str,
    parameter: str | None,
) -> None:
    assert find_item_parameter(operations[name], list(operations.values())) == parameter
