"""Tests of the API for contacts at customers."""

from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.customers.models import CustomerContact

from tests.support.checks import write_and_read
from tests.support.factories import Payload

URL = "/customer-contacts"


async def test_create(member_client: AsyncClient, customer_contact_payload: Payload) -> None:
    body = customer_contact_payload(is_primary=True)

    created = await write_and_read(member_client, URL, body)

    assert created.items() >= body.items()


async def test_update(member_client: AsyncClient, test_customer_contact: CustomerContact) -> None:
    body = {"name": "Ada Lovelace", "position": None, "email": "Ada@Example.com", "is_primary": True}

    changed = await write_and_read(member_client, URL, body, test_customer_contact.id)

    assert changed.items() >= (body | {"email": "ada@example.com"}).items()


async def test_a_contact_that_cannot_be_reached_is_refused(
    member_client: AsyncClient,
    customer_contact_payload: Payload,
) -> None:
    response = await member_client.post(URL, json=customer_contact_payload(email=None, phone=None))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "email"], ["body", "phone"]]


@pytest.mark.parametrize(
    ("query", "number"),
    [({"is_primary": "false"}, 1), ({"is_primary": "true"}, 0), ({"search": "CONTACT"}, 1), ({"search": "coffee"}, 0)],
)
async def test_list_filters(
    member_client: AsyncClient,
    test_customer_contact: CustomerContact,
    test_customer_id: UUID,
    query: dict[str, str],
    number: int,
) -> None:
    response = await member_client.get(URL, params={"customer_id": str(test_customer_id), **query})

    assert [item["id"] for item in response.json()["items"]] == [str(test_customer_contact.id)] * number


async def test_delete(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    test_customer_contact: CustomerContact,
) -> None:
    url = f"{URL}/{test_customer_contact.id}"

    refused = await member_client.delete(url)
    deleted = await admin_client.delete(url)

    assert (refused.status_code, deleted.status_code) == (status.HTTP_403_FORBIDDEN, status.HTTP_204_NO_CONTENT)
    found = await member_client.get(url)
    assert found.status_code == status.HTTP_404_NOT_FOUND
