"""Tests of the API for customers."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient

from tests.support.checks import write_and_read
from tests.support.factories import Payload

URL = "/customers"


async def test_create(member_client: AsyncClient, customer_payload: Payload) -> None:
    body = customer_payload(tags=["vip", "new"])

    created = await write_and_read(member_client, URL, body)

    assert created == {
        **body,
        "id": created["id"],
        "tags": ["new", "vip"],
        "created_at": created["created_at"],
        "updated_at": created["updated_at"],
    }


async def test_responses_contain_the_stored_values(
    member_client: AsyncClient,
    test_customer_id: UUID,
    customer_payload: Payload,
) -> None:
    body = customer_payload(name=" Bakery ", email="Bakery@Example.com", tags=["VIP"])
    stored = {"name": "Bakery", "email": "bakery@example.com", "tags": ["vip"]}

    changed = await write_and_read(member_client, URL, body, test_customer_id)

    assert changed.items() >= stored.items()


async def test_an_address_can_be_removed(member_client: AsyncClient, test_customer_id: UUID) -> None:
    response = await member_client.patch(f"{URL}/{test_customer_id}", json={"email": None})

    assert (response.status_code, response.json()["email"]) == (status.HTTP_200_OK, None)


async def test_another_customer_with_the_address_is_refused(
    member_client: AsyncClient,
    test_customer_id: UUID,
    customer_payload: Payload,
) -> None:
    known = await member_client.get(f"{URL}/{test_customer_id}")

    response = await member_client.post(URL, json=customer_payload(email=known.json()["email"].upper()))

    assert response.status_code == status.HTTP_409_CONFLICT
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "email"]]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"search": "BAKERY"}, 1),
        ({"search": "coffee"}, 0),
        ({"tag": "Key Account"}, 1),
        ({"tag": "key"}, 0),
        ({"country": "DE"}, 1),
        ({"country": "FR"}, 0),
        ({"sort": "-name"}, 1),
    ],
)
async def test_list_filters(
    member_client: AsyncClient,
    test_customer_id: UUID,
    query: dict[str, str],
    number: int,
) -> None:
    response = await member_client.get(URL, params=query)

    assert response.status_code == status.HTTP_200_OK
    assert [item["id"] for item in response.json()["items"]] == [str(test_customer_id)] * number


@pytest.mark.parametrize("query", [{"tag": "%"}, {"country": "Germany"}, {"sort": "tags"}, {"email": "a@example.com"}])
async def test_list_refuses_a_bad_query(member_client: AsyncClient, query: dict[str, Any]) -> None:
    response = await member_client.get(URL, params=query)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


@pytest.mark.parametrize("customer_id", ["1", "bakery", "00000000-0000-0000-0000-00000000000g"])
async def test_an_id_that_is_no_uuid_is_refused(member_client: AsyncClient, customer_id: str) -> None:
    response = await member_client.get(f"{URL}/{customer_id}")

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [["path", "customer_id"]]


async def test_delete_and_restore(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    test_customer_id: UUID,
) -> None:
    url = f"{URL}/{test_customer_id}"
    before = await member_client.get(url)

    deleted = await admin_client.delete(url)
    gone = await member_client.get(url)
    restored = await admin_client.post(f"{url}/restore")

    assert (deleted.status_code, gone.status_code) == (status.HTTP_204_NO_CONTENT, status.HTTP_404_NOT_FOUND)
    assert (restored.status_code, restored.json()["name"]) == (status.HTTP_200_OK, before.json()["name"])
    found = await member_client.get(url)
    assert found.json() == restored.json()


async def test_delete_and_restore_require_an_admin(member_client: AsyncClient, test_customer_id: UUID) -> None:
    url = f"{URL}/{test_customer_id}"

    responses = [await member_client.delete(url), await member_client.post(f"{url}/restore")]

    assert [response.status_code for response in responses] == [status.HTTP_403_FORBIDDEN] * 2
    found = await member_client.get(url)
    assert found.status_code == status.HTTP_200_OK
