"""Tests of the API for journeys and their definitions."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.journeys.models import JourneyDefinition

from tests.fixtures.core.identity import Headers
from tests.support.factories import Payload

DEFINITIONS = "/journey-definitions"
URL = "/journeys"
STEPS = [
    ("/advance", {"stage": "Surgery"}),
    ("/complete", {}),
    ("/cancel", {"reason": "The patient moved away."}),
]


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


async def test_define_names_missing_fields(client: AsyncClient, superuser_token_headers: Headers) -> None:
    response = await client.post(DEFINITIONS, headers=superuser_token_headers, json={})

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "name"], ["body", "stages"]]


async def test_define_refuses_duplicate_stages(
    client: AsyncClient,
    superuser_token_headers: Headers,
    journey_definition_payload: Payload,
) -> None:
    body = journey_definition_payload(stages=["Intake", "intake"])

    response = await client.post(DEFINITIONS, headers=superuser_token_headers, json=body)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "stages"]]


async def test_define_refuses_an_existing_name(
    client: AsyncClient,
    superuser_token_headers: Headers,
    journey_definition_payload: Payload,
    test_journey_definition: JourneyDefinition,
) -> None:
    body = journey_definition_payload(name=test_journey_definition.name)

    response = await client.post(DEFINITIONS, headers=superuser_token_headers, json=body)

    assert (response.status_code, response.json()["fields"]) == (status.HTTP_409_CONFLICT, ["name"])


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


async def test_delete_a_definition_with_journeys(
    client: AsyncClient,
    superuser_token_headers: Headers,
    test_journey_definition: JourneyDefinition,
    test_journey_id: UUID,
) -> None:
    url = f"{DEFINITIONS}/{test_journey_definition.id}"

    response = await client.delete(url, headers=superuser_token_headers)

    assert response.status_code == status.HTTP_409_CONFLICT
    journey = await client.get(f"{URL}/{test_journey_id}", headers=superuser_token_headers)
    assert journey.status_code == status.HTTP_200_OK


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


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_another_organisation_does_not_find_a_definition(
    client: AsyncClient,
    other_org_headers: Headers,
    test_journey_definition: JourneyDefinition,
    method: str,
) -> None:
    url = f"{DEFINITIONS}/{test_journey_definition.id}"

    response = await client.request(method, url, headers=other_org_headers, json={})

    assert response.status_code == status.HTTP_404_NOT_FOUND


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


async def test_start_names_missing_fields(client: AsyncClient, auth_headers: Headers) -> None:
    response = await client.post(URL, headers=auth_headers, json={})

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "patient_id"], ["body", "definition_id"]]


@pytest.mark.parametrize("field", ["patient_id", "definition_id"])
async def test_start_with_an_unknown_record(
    client: AsyncClient,
    auth_headers: Headers,
    journey_payload: Payload,
    field: str,
) -> None:
    response = await client.post(URL, headers=auth_headers, json=journey_payload(**{field: str(uuid4())}))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert response.json()["field"] == field


async def test_get_unknown(client: AsyncClient, auth_headers: Headers) -> None:
    response = await client.get(f"{URL}/{uuid4()}", headers=auth_headers)

    assert response.status_code == status.HTTP_404_NOT_FOUND
    assert response.headers["content-type"] == "application/problem+json"


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


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"offset": -1}, {"state": "lost"}, {"search": "x"}])
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


async def test_complete_too_early(client: AsyncClient, auth_headers: Headers, test_journey_id: UUID) -> None:
    response = await client.post(f"{URL}/{test_journey_id}/complete", headers=auth_headers)

    assert (response.status_code, response.json()["allowed"]) == (status.HTTP_409_CONFLICT, ["Surgery"])


async def test_cancel(client: AsyncClient, auth_headers: Headers, test_journey_id: UUID) -> None:
    url = f"{URL}/{test_journey_id}/cancel"

    response = await client.post(url, headers=auth_headers, json={"reason": "The patient moved away."})

    assert response.status_code == status.HTTP_200_OK
    assert (response.json()["state"], response.json()["stage"]) == ("cancelled", "Referral")
    assert response.json()["cancellation_reason"] == "The patient moved away."


@pytest.mark.parametrize("step", ["advance", "cancel"])
async def test_a_step_names_missing_fields(
    client: AsyncClient,
    auth_headers: Headers,
    test_journey_id: UUID,
    step: str,
) -> None:
    response = await client.post(f"{URL}/{test_journey_id}/{step}", headers=auth_headers, json={})

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert response.json()["errors"][0]["type"] == "missing"


@pytest.mark.parametrize(("path", "body"), STEPS)
async def test_no_step_after_the_end(
    client: AsyncClient,
    auth_headers: Headers,
    test_journey_id: UUID,
    path: str,
    body: dict[str, str],
) -> None:
    url = f"{URL}/{test_journey_id}"
    cancelled = await client.post(f"{url}/cancel", headers=auth_headers, json={"reason": "A duplicate."})

    response = await client.post(url + path, headers=auth_headers, json=body)

    assert (response.status_code, response.json()["allowed"]) == (status.HTTP_409_CONFLICT, [])
    found = await client.get(url, headers=auth_headers)
    assert found.json() == cancelled.json()


async def test_another_organisation_does_not_find_it(
    client: AsyncClient,
    other_org_headers: Headers,
    test_journey_id: UUID,
) -> None:
    found = await client.get(f"{URL}/{test_journey_id}", headers=other_org_headers)
    listed = await client.get(URL, headers=other_org_headers)

    assert found.status_code == status.HTTP_404_NOT_FOUND
    assert listed.json()["items"] == []


@pytest.mark.parametrize(("path", "body"), STEPS)
async def test_another_organisation_cannot_take_a_step(
    client: AsyncClient,
    other_org_headers: Headers,
    test_journey_id: UUID,
    path: str,
    body: dict[str, str],
) -> None:
    response = await client.post(f"{URL}/{test_journey_id}{path}", headers=other_org_headers, json=body)

    assert response.status_code == status.HTTP_404_NOT_FOUND


@pytest.mark.parametrize("url", [DEFINITIONS, URL])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_requires_a_token(client: AsyncClient, url: str, method: str) -> None:
    response = await client.request(method, url)

    assert response.status_code == status.HTTP_401_UNAUTHORIZED
    assert response.headers["www-authenticate"] == "Bearer"
