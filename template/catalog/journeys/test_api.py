"""Tests of the API for journeys and their definitions."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.core.events import Event, EventBus, handles
from your_service.modules.journeys.models import JourneyDefinition

from tests.support.checks import write_and_read
from tests.support.factories import Payload

DEFINITIONS = "/journey-definitions"
URL = "/journeys"


async def test_define(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    journey_definition_payload: Payload,
) -> None:
    body = journey_definition_payload()

    response = await admin_client.post(DEFINITIONS, json=body)

    assert response.status_code == status.HTTP_201_CREATED
    created = response.json()
    assert created == {
        **body,
        "id": created["id"],
        "created_at": created["created_at"],
        "updated_at": created["updated_at"],
    }
    found = await member_client.get(f"{DEFINITIONS}/{created['id']}")
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, created)


async def test_responses_about_definitions_contain_the_stored_values(
    admin_client: AsyncClient,
    test_journey_definition: JourneyDefinition,
) -> None:
    stored = {"name": "Hip replacement", "stages": ["Intake", "Surgery"]}

    body = {"name": " Hip replacement", "stages": ["Intake  ", "\tSurgery"]}
    created = await write_and_read(admin_client, DEFINITIONS, body)
    body["name"] = "Another hip replacement "
    changed = await write_and_read(admin_client, DEFINITIONS, body, test_journey_definition.id)

    assert created.items() >= stored.items()
    assert (changed["name"], changed["stages"]) == ("Another hip replacement", stored["stages"])


@pytest.mark.usefixtures("no_handlers")
async def test_responses_contain_stages_with_actions(
    admin_client: AsyncClient,
    journey_definition_payload: Payload,
    journey_payload: Payload,
) -> None:
    @handles("journey.send_communication")
    async def ignore(events: EventBus, event: Event) -> None:
        """Do nothing."""

    send = {"action": "send_communication", "channel": "sms", "text": "Welcome."}
    stages = ["Intake", {"name": "Surgery", "actions": [send]}, {"name": "Rehabilitation", "actions": []}]
    stored = ["Intake", {"name": "Surgery", "actions": [send | {"subject": None}]}, "Rehabilitation"]

    created = await write_and_read(admin_client, DEFINITIONS, journey_definition_payload(stages=stages))
    started = await write_and_read(admin_client, URL, journey_payload(definition_id=created["id"]))

    assert (created["stages"], started["stages"]) == (stored, stored)


@pytest.mark.usefixtures("no_handlers")
async def test_an_action_whose_module_is_missing_is_refused(
    admin_client: AsyncClient,
    journey_definition_payload: Payload,
) -> None:
    offer = {"action": "offer_appointment", "practitioner_id": "00000000-0000-4000-8000-000000000001"}
    body = journey_definition_payload(stages=[{"name": "Surgery", "actions": [offer]}])

    response = await admin_client.post(DEFINITIONS, json=body)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    [error] = response.json()["errors"]
    assert (error["loc"], error["allowed"]) == (["body", "stages"], [])


async def test_list_definitions(member_client: AsyncClient, test_journey_definition: JourneyDefinition) -> None:
    response = await member_client.get(DEFINITIONS, params={"search": "KNEE"})
    nothing = await member_client.get(DEFINITIONS, params={"search": "diabetes"})

    assert [item["id"] for item in response.json()["items"]] == [str(test_journey_definition.id)]
    assert response.status_code == status.HTTP_200_OK
    assert nothing.json()["items"] == []


async def test_update_a_definition(admin_client: AsyncClient, test_journey_definition: JourneyDefinition) -> None:
    url = f"{DEFINITIONS}/{test_journey_definition.id}"

    response = await admin_client.patch(url, json={"stages": ["Intake", "Surgery"]})

    assert response.status_code == status.HTTP_200_OK
    updated = response.json()
    assert (updated["name"], updated["stages"]) == (test_journey_definition.name, ["Intake", "Surgery"])
    found = await admin_client.get(url)
    assert found.json() == updated


async def test_delete_a_definition(admin_client: AsyncClient, test_journey_definition: JourneyDefinition) -> None:
    url = f"{DEFINITIONS}/{test_journey_definition.id}"

    deleted = await admin_client.delete(url)

    assert deleted.status_code == status.HTTP_204_NO_CONTENT
    found = await admin_client.get(url)
    assert found.status_code == status.HTTP_404_NOT_FOUND


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_changing_definitions_requires_an_admin(
    member_client: AsyncClient,
    journey_definition_payload: Payload,
    test_journey_definition: JourneyDefinition,
    method: str,
) -> None:
    url = f"{DEFINITIONS}/{test_journey_definition.id}"
    before = await member_client.get(url)

    response = await member_client.request(
        method, DEFINITIONS if method == "POST" else url, json=journey_definition_payload()
    )

    assert response.status_code == status.HTTP_403_FORBIDDEN
    found = await member_client.get(url)
    assert found.json() == before.json()


async def test_start(member_client: AsyncClient, journey_payload: Payload) -> None:
    body = journey_payload()

    response = await member_client.post(URL, json=body)

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
    found = await member_client.get(f"{URL}/{started['id']}")
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, started)


async def test_list(member_client: AsyncClient, test_journey_id: UUID) -> None:
    response = await member_client.get(URL, params={"limit": 1})

    assert response.status_code == status.HTTP_200_OK
    page = response.json()
    assert [item["id"] for item in page["items"]] == [str(test_journey_id)]
    assert (page["next"], page["total"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "number"),
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
    member_client: AsyncClient,
    test_journey_id: UUID,
    query: dict[str, str],
    number: int,
) -> None:
    response = await member_client.get(URL, params=query)

    page = response.json()
    assert [item["id"] for item in page["items"]] == [str(test_journey_id)] * number


@pytest.mark.parametrize("query", [{"state": "lost"}, {"search": "x"}])
async def test_list_refuses_a_bad_query(member_client: AsyncClient, query: dict[str, Any]) -> None:
    response = await member_client.get(URL, params=query)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_advance_to_the_end(member_client: AsyncClient, test_journey_id: UUID) -> None:
    url = f"{URL}/{test_journey_id}"

    surgery = await member_client.post(f"{url}/advance", json={"stage": "Surgery"})
    last = await member_client.post(f"{url}/advance", json={"stage": "Rehabilitation"})
    completed = await member_client.post(f"{url}/complete")

    assert [response.status_code for response in (surgery, last, completed)] == [status.HTTP_200_OK] * 3
    assert (surgery.json()["stage"], surgery.json()["next_stage"]) == ("Surgery", "Rehabilitation")
    assert (last.json()["stage"], last.json()["next_stage"]) == ("Rehabilitation", None)
    assert (completed.json()["state"], completed.json()["stage"]) == ("completed", "Rehabilitation")


async def test_a_repeated_advance_does_not_skip_a_stage(member_client: AsyncClient, test_journey_id: UUID) -> None:
    url = f"{URL}/{test_journey_id}"
    advanced = await member_client.post(f"{url}/advance", json={"stage": "Surgery"})

    again = await member_client.post(f"{url}/advance", json={"stage": "Surgery"})

    assert again.status_code == status.HTTP_409_CONFLICT
    [error] = again.json()["errors"]
    assert (error["loc"], error["allowed"]) == (["body", "stage"], ["Rehabilitation"])
    found = await member_client.get(url)
    assert found.json() == advanced.json()


async def test_cancel(member_client: AsyncClient, test_journey_id: UUID) -> None:
    url = f"{URL}/{test_journey_id}/cancel"

    response = await member_client.post(url, json={"reason": "The patient moved away."})

    assert response.status_code == status.HTTP_200_OK
    assert (response.json()["state"], response.json()["stage"]) == ("cancelled", "Referral")
    assert response.json()["cancellation_reason"] == "The patient moved away."
