"""Tests of the API for journeys and their definitions."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.journeys.models import JourneyDefinition

from tests.fixtures.core.identity import Headers
from tests.support.factories import Payload

DEFINITIONS = "/journey-definitions"
URL = "/journeys"


async def test_define(
    client: AsyncClient,
    auth_headers: Headers,
    superuser_token_headers: Headers,
    journey_definition_payload: Payload,
) -> None:
    body = journey_definition_payload()

    response = await client.post(DEFINITIONS, headers=superuser_token_headers, json=body)

    assert response.status_code == status.HTTP_201_CREATED
    created = response.json()
    assert created == {
        **body,
        "id": created["id"],
        "created_at": created["created_at"],
        "updated_at": created["updated_at"],
    }
    found = await client.get(f"{DEFINITIONS}/{created['id']}", headers=auth_headers)
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, created)


async def test_list_definitions(
    client: AsyncClient,
    auth_headers: Headers,
    test_journey_definition: JourneyDefinition,
) -> None:
    response = await client.get(DEFINITIONS, headers=auth_headers, params={"search": "KNEE"})
    nothing = await client.get(DEFINITIONS, headers=auth_headers, params={"search": "diabetes"})

    assert [item["id"] for item in response.json()["items"]] == [str(test_journey_definition.id)]
    assert (response.status_code, response.json()["total"]) == (status.HTTP_200_OK, 1)
    assert nothing.json()["items"] == []


async def test_update_a_definition(
    client: AsyncClient,
    superuser_token_headers: Headers,
    test_journey_definition: JourneyDefinition,
) -> None:
    url = f"{DEFINITIONS}/{test_journey_definition.id}"

    response = await client.patch(url, headers=superuser_token_headers, json={"stages": ["Intake", "Surgery"]})

    assert response.status_code == status.HTTP_200_OK
    updated = response.json()
    assert (updated["name"], updated["stages"]) == (test_journey_definition.name, ["Intake", "Surgery"])
    found = await client.get(url, headers=superuser_token_headers)
    assert found.json() == updated


async def test_delete_a_definition(
    client: AsyncClient,
    superuser_token_headers: Headers,
    test_journey_definition: JourneyDefinition,
) -> None:
    url = f"{DEFINITIONS}/{test_journey_definition.id}"

    deleted = await client.delete(url, headers=superuser_token_headers)

    assert deleted.status_code == status.HTTP_204_NO_CONTENT
    found = await client.get(url, headers=superuser_token_headers)
    assert found.status_code == status.HTTP_404_NOT_FOUND


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_changing_definitions_requires_an_admin(
    client: AsyncClient,
    auth_headers: Headers,
    journey_definition_payload: Payload,
    test_journey_definition: JourneyDefinition,
    method: str,
) -> None:
    url = f"{DEFINITIONS}/{test_journey_definition.id}"
    before = await client.get(url, headers=auth_headers)

    response = await client.request(
        method,
        DEFINITIONS if method == "POST" else url,
        headers=auth_headers,
        json=journey_definition_payload(),
    )

    assert response.status_code == status.HTTP_403_FORBIDDEN
    found = await client.get(url, headers=auth_headers)
    assert found.json() == before.json()


async def test_start(client: AsyncClient, auth_headers: Headers, journey_payload: Payload) -> None:
    body = journey_payload()

    response = await client.post(URL, headers=auth_headers, json=body)

    assert response.status_code == status.HTTP_201_CREATED
    started = response.json()
    assert started == {
        **body,
        "id": started["id"],
        "stages": ["Referral", "Surgery", "Rehabilitation"],
        "stage": "Referral",
        "next_stage": "Surgery",
        "state": "active",
        "cancellation_reason": None,
        "ended_at": None,
        "created_at": started["created_at"],
        "updated_at": started["updated_at"],
    }
    found = await client.get(f"{URL}/{started['id']}", headers=auth_headers)
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, started)


async def test_list(client: AsyncClient, auth_headers: Headers, test_journey_id: UUID) -> None:
    response = await client.get(URL, headers=auth_headers, params={"limit": 1})

    assert response.status_code == status.HTTP_200_OK
    page = response.json()
    assert [item["id"] for item in page["items"]] == [str(test_journey_id)]
    assert (page["total"], page["limit"], page["offset"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({"state": "active"}, 1),
        ({"state": "completed"}, 0),
        ({"stage": "Referral"}, 1),
        ({"stage": "Surgery"}, 0),
        ({"patient_id": "00000000-0000-4000-8000-000000000001"}, 0),
        ({"definition_id": "00000000-0000-4000-8000-000000000001"}, 0),
    ],
)
async def test_list_filters(
    client: AsyncClient,
    auth_headers: Headers,
    test_journey_id: UUID,
    query: dict[str, str],
    total: int,
) -> None:
    response = await client.get(URL, headers=auth_headers, params=query)

    page = response.json()
    assert page["total"] == total
    assert [item["id"] for item in page["items"]] == [str(test_journey_id)] * total


@pytest.mark.parametrize("query", [{"state": "lost"}, {"search": "x"}])
async def test_list_refuses_a_bad_query(client: AsyncClient, auth_headers: Headers, query: dict[str, Any]) -> None:
    response = await client.get(URL, headers=auth_headers, params=query)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_advance_to_the_end(client: AsyncClient, auth_headers: Headers, test_journey_id: UUID) -> None:
    url = f"{URL}/{test_journey_id}"

    surgery = await client.post(f"{url}/advance", headers=auth_headers, json={"stage": "Surgery"})
    last = await client.post(f"{url}/advance", headers=auth_headers, json={"stage": "Rehabilitation"})
    completed = await client.post(f"{url}/complete", headers=auth_headers)

    assert [response.status_code for response in (surgery, last, completed)] == [status.HTTP_200_OK] * 3
    assert (surgery.json()["stage"], surgery.json()["next_stage"]) == ("Surgery", "Rehabilitation")
    assert (last.json()["stage"], last.json()["next_stage"]) == ("Rehabilitation", None)
    assert (completed.json()["state"], completed.json()["stage"]) == ("completed", "Rehabilitation")


async def test_a_repeated_advance_does_not_skip_a_stage(
    client: AsyncClient,
    auth_headers: Headers,
    test_journey_id: UUID,
) -> None:
    url = f"{URL}/{test_journey_id}"
    advanced = await client.post(f"{url}/advance", headers=auth_headers, json={"stage": "Surgery"})

    again = await client.post(f"{url}/advance", headers=auth_headers, json={"stage": "Surgery"})

    assert (again.status_code, again.json()["allowed"]) == (status.HTTP_409_CONFLICT, ["Rehabilitation"])
    found = await client.get(url, headers=auth_headers)
    assert found.json() == advanced.json()


async def test_cancel(client: AsyncClient, auth_headers: Headers, test_journey_id: UUID) -> None:
    url = f"{URL}/{test_journey_id}/cancel"

    response = await client.post(url, headers=auth_headers, json={"reason": "The patient moved away."})

    assert response.status_code == status.HTTP_200_OK
    assert (response.json()["state"], response.json()["stage"]) == ("cancelled", "Referral")
    assert response.json()["cancellation_reason"] == "The patient moved away."
