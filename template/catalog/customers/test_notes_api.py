"""Tests of the API for notes about customers."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient

from your_service.core.users import Role, User
from your_service.modules.customers.models import CustomerNote

from tests.support.checks import write_and_read
from tests.support.factories import Factory, Payload

URL = "/customer-notes"


@pytest.fixture
def members_see_internal_notes(app: FastAPI) -> Iterator[None]:
    """Change the roles that see internal notes for a test."""
    before = app.state.settings
    app.state.settings = before.model_copy(update={"customers_internal_note_roles": [Role.MEMBER]})
    yield
    app.state.settings = before


async def test_create(member_client: AsyncClient, customer_note_payload: Payload, acting_user: User) -> None:
    body = customer_note_payload()

    created = await write_and_read(member_client, URL, body)

    assert created.items() >= {**body, "author_id": str(acting_user.id)}.items()


async def test_internal_notes_are_shown_to_the_roles_in_the_settings(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    customer_note_payload: Payload,
) -> None:
    internal = await write_and_read(admin_client, URL, customer_note_payload(is_internal=True))

    found = await member_client.get(f"{URL}/{internal['id']}")
    listed = await member_client.get(URL, params={"with_total": True})

    assert found.status_code == status.HTTP_404_NOT_FOUND
    assert (listed.json()["items"], listed.json()["total"]) == ([], 0)


@pytest.mark.usefixtures("members_see_internal_notes")
async def test_the_settings_name_other_roles(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    customer_note_payload: Payload,
) -> None:
    internal = await write_and_read(member_client, URL, customer_note_payload(is_internal=True))

    found = await admin_client.get(f"{URL}/{internal['id']}")

    assert found.status_code == status.HTTP_404_NOT_FOUND


async def test_an_internal_note_of_others_is_refused(
    member_client: AsyncClient,
    customer_note_payload: Payload,
) -> None:
    response = await member_client.post(URL, json=customer_note_payload(is_internal=True))

    assert response.status_code == status.HTTP_403_FORBIDDEN
    listed = await member_client.get(URL)
    assert listed.json()["items"] == []


async def test_only_its_author_changes_a_note(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    test_customer_note: CustomerNote,
) -> None:
    url = f"{URL}/{test_customer_note.id}"

    refused = await admin_client.patch(url, json={"text": "Mine."})
    changed = await member_client.patch(url, json={"text": "Call in the evening."})

    assert (refused.status_code, changed.status_code) == (status.HTTP_403_FORBIDDEN, status.HTTP_200_OK)
    found = await member_client.get(url)
    assert found.json()["text"] == "Call in the evening."


@pytest.mark.parametrize(("query", "number"), [({"search": "MORNING"}, 1), ({"search": "late"}, 0)])
async def test_list_filters(
    member_client: AsyncClient,
    test_customer_note: CustomerNote,
    make_customer_note: Factory[CustomerNote],
    query: dict[str, str],
    number: int,
) -> None:
    await make_customer_note(text="Other.")

    response = await member_client.get(URL, params=query)

    assert [item["id"] for item in response.json()["items"]] == [str(test_customer_note.id)] * number


async def test_delete_requires_an_admin(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    test_customer_note: CustomerNote,
) -> None:
    url = f"{URL}/{test_customer_note.id}"

    refused = await member_client.delete(url)
    deleted = await admin_client.delete(url)

    assert (refused.status_code, deleted.status_code) == (status.HTTP_403_FORBIDDEN, status.HTTP_204_NO_CONTENT)
