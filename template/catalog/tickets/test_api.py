"""Tests of the API for tickets."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.core.users import User

from tests.support.checks import write_and_read
from tests.support.factories import Factory, Payload

URL = "/tickets"
# Every route that changes a ticket, with the fields of its body except for the version.
CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("PATCH", "", {"title": "Printer on fire"}),
    ("POST", "/assign", {"assignee_id": "00000000-0000-4000-8000-000000000001"}),
    ("POST", "/assign-automatically", {}),
    ("POST", "/unassign", {}),
    ("POST", "/move", {"state": "in_progress"}),
]

# All of these, and the deletion.
ALL_CHANGES = [*CHANGES, ("DELETE", "", {})]


async def test_create(member_client: AsyncClient, acting_user: User, ticket_payload: Payload) -> None:
    body = ticket_payload(priority="high")

    response = await member_client.post(URL, json=body)

    assert response.status_code == status.HTTP_201_CREATED
    created = response.json()
    assert created == {
        **body,
        "id": created["id"],
        "state": "open",
        "requester_id": str(acting_user.id),
        "assignee_id": None,
        "version": 1,
        "created_at": created["created_at"],
        "updated_at": created["updated_at"],
    }
    found = await member_client.get(f"{URL}/{created['id']}")
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, created)


async def test_a_ticket_takes_no_other_statements(
    member_client: AsyncClient,
    ticket_payload: Payload,
    statements: list[str],
) -> None:
    await member_client.get(URL)
    statements.clear()

    await member_client.post(URL, json=ticket_payload())

    words = [statement.split()[:3] for statement in statements]
    assert [verb for verb, *_ in words] == ["SAVEPOINT", "SELECT", "INSERT", "INSERT", "RELEASE"]
    assert [table for _, _, table in words[2:4]] == ["tickets", "core_events"]


async def test_responses_contain_the_stored_values(
    member_client: AsyncClient,
    test_ticket_id: UUID,
    ticket_payload: Payload,
) -> None:
    body = ticket_payload(title="  No network ", description="\n First floor:\n\tall rooms. ")
    stored = {"title": "No network", "description": "First floor:\n\tall rooms."}

    created = await write_and_read(member_client, URL, body)
    changed = await write_and_read(member_client, URL, {**body, "version": 1}, test_ticket_id)

    assert created.items() >= stored.items()
    assert changed.items() >= stored.items()


async def test_create_refuses_a_requester(member_client: AsyncClient, ticket_payload: Payload) -> None:
    response = await member_client.post(URL, json=ticket_payload(requester_id=str(uuid4())))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_list(member_client: AsyncClient, ticket_payload: Payload) -> None:
    for priority in ["low", "urgent", "high"]:
        await member_client.post(URL, json=ticket_payload(priority=priority))

    response = await member_client.get(URL, params={"limit": 2, "with_total": True})
    page = response.json()
    rest = await member_client.get(URL, params={"cursor": page["next"]})

    assert (response.status_code, rest.status_code) == (status.HTTP_200_OK, status.HTTP_200_OK)
    assert [item["priority"] for item in page["items"]] == ["urgent", "high"]
    assert [item["priority"] for item in rest.json()["items"]] == ["low"]
    assert (page["total"], rest.json()["next"], rest.json()["total"]) == (3, None, None)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"state": "open"}, 1),
        ({"state": "closed"}, 0),
        ({"priority": "normal"}, 1),
        ({"priority": "urgent"}, 0),
        ({"assignee_id": "00000000-0000-4000-8000-000000000001"}, 0),
        ({"unassigned": "true"}, 1),
        ({"unassigned": "false"}, 0),
        ({"search": "PAPER tray"}, 1),
        ({"search": "coffee"}, 0),
    ],
)
async def test_list_filters(
    member_client: AsyncClient,
    test_ticket_id: UUID,
    query: dict[str, str],
    number: int,
) -> None:
    response = await member_client.get(URL, params=query)

    page = response.json()
    assert [item["id"] for item in page["items"]] == [str(test_ticket_id)] * number


@pytest.mark.parametrize("query", [{"state": "lost"}, {"version": 1}])
async def test_list_refuses_a_bad_query(member_client: AsyncClient, query: dict[str, Any]) -> None:
    response = await member_client.get(URL, params=query)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_update(member_client: AsyncClient, test_ticket_id: UUID) -> None:
    url = f"{URL}/{test_ticket_id}"
    before = await member_client.get(url)

    response = await member_client.patch(url, json={"version": 1, "title": "No network"})

    assert response.status_code == status.HTTP_200_OK
    updated = response.json()
    assert updated == {**before.json(), "title": "No network", "version": 2, "updated_at": updated["updated_at"]}
    found = await member_client.get(url)
    assert found.json() == updated


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_change_to_an_outdated_version_is_refused(
    member_client: AsyncClient,
    test_ticket_id: UUID,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    url = f"{URL}/{test_ticket_id}"
    current = await member_client.patch(url, json={"version": 1, "priority": "high"})

    response = await member_client.request(method, url + path, json={"version": 1, **body})

    assert response.status_code == status.HTTP_409_CONFLICT
    [error] = response.json()["errors"]
    assert (error["loc"], error["allowed"]) == (["body", "version"], [2])
    found = await member_client.get(url)
    assert found.json() == current.json()


async def test_assign_and_unassign(member_client: AsyncClient, test_ticket_id: UUID, add_user: Factory[User]) -> None:
    grace = await add_user()
    url = f"{URL}/{test_ticket_id}"

    assigned = await member_client.post(f"{url}/assign", json={"version": 1, "assignee_id": str(grace.id)})
    unassigned = await member_client.post(f"{url}/unassign", json={"version": 2})

    assert (assigned.status_code, assigned.json()["assignee_id"]) == (status.HTTP_200_OK, str(grace.id))
    assert (unassigned.status_code, unassigned.json()["assignee_id"]) == (status.HTTP_200_OK, None)


async def test_assign_automatically(member_client: AsyncClient, test_ticket_id: UUID, acting_user: User) -> None:
    response = await member_client.post(f"{URL}/{test_ticket_id}/assign-automatically", json={"version": 1})

    assert (response.status_code, response.json()["assignee_id"]) == (status.HTTP_200_OK, str(acting_user.id))


async def test_move_from_open_to_closed(member_client: AsyncClient, test_ticket_id: UUID) -> None:
    url = f"{URL}/{test_ticket_id}/move"
    states = ["in_progress", "waiting", "resolved", "closed"]

    responses = [
        await member_client.post(url, json={"version": version, "state": state})
        for version, state in enumerate(states, start=1)
    ]

    assert [response.status_code for response in responses] == [status.HTTP_200_OK] * 4
    moved = [response.json() for response in responses]
    assert [(ticket["state"], ticket["version"]) for ticket in moved] == [*zip(states, [2, 3, 4, 5], strict=True)]


@pytest.mark.parametrize(("method", "path", "body"), ALL_CHANGES)
async def test_a_change_with_another_etag_is_refused(
    admin_client: AsyncClient,
    test_ticket_id: UUID,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    url = f"{URL}/{test_ticket_id}"
    before = await admin_client.get(url)
    content = {"version": 1, **body} if method != "DELETE" else None

    response = await admin_client.request(method, url + path, json=content, headers={"If-Match": '"2"'})

    assert response.status_code == status.HTTP_412_PRECONDITION_FAILED
    after = await admin_client.get(url)
    assert after.json() == before.json()


async def test_the_etag_is_the_version(member_client: AsyncClient, test_ticket_id: UUID) -> None:
    url = f"{URL}/{test_ticket_id}"
    found = await member_client.get(url)
    tag = found.headers["ETag"]

    changed = await member_client.patch(url, json={"version": 1, "priority": "high"}, headers={"If-Match": tag})

    assert (tag, changed.status_code, changed.headers["ETag"]) == ('"1"', status.HTTP_200_OK, '"2"')


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_closed_ticket_cannot_be_changed(
    member_client: AsyncClient,
    test_ticket_id: UUID,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    url = f"{URL}/{test_ticket_id}"
    closed = await member_client.post(f"{url}/move", json={"version": 1, "state": "closed"})

    response = await member_client.request(method, url + path, json={"version": 2, **body})

    assert response.status_code == status.HTTP_409_CONFLICT
    found = await member_client.get(url)
    assert found.json() == closed.json()


async def test_delete(admin_client: AsyncClient, member_client: AsyncClient, test_ticket_id: UUID) -> None:
    url = f"{URL}/{test_ticket_id}"

    deleted = await admin_client.delete(url)

    assert deleted.status_code == status.HTTP_204_NO_CONTENT
    found = await member_client.get(url)
    assert found.status_code == status.HTTP_404_NOT_FOUND


async def test_delete_requires_an_admin(member_client: AsyncClient, test_ticket_id: UUID) -> None:
    url = f"{URL}/{test_ticket_id}"

    response = await member_client.delete(url)

    assert response.status_code == status.HTTP_403_FORBIDDEN
    found = await member_client.get(url)
    assert found.status_code == status.HTTP_200_OK
