"""Tests of the API for intake sessions."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient

from your_service.core.users import User
from your_service.modules.intake.models import IntakeSession
from your_service.modules.intake.service import IntakeSessionService
from your_service.modules.patients.models import Patient

from tests.support.factories import Factory, Payload

URL = "/intake-sessions"
WEIGHT = {"link_id": "weight", "text": "Weight in kg", "type": "decimal", "value": "72.50"}
DETAILS = ("given_name", "family_name", "birth_date", "sex", "phone", "email", "address")


@pytest.fixture
async def completed(
    intake_session_service: IntakeSessionService,
    make_intake_session: Factory[IntakeSession],
) -> IntakeSession:
    """A session with a patient and an answer."""
    intake = await make_intake_session(answers=[WEIGHT])
    return await intake_session_service.submit(intake.id)


async def find_accesses(client: AsyncClient, patient_id: Any) -> list[tuple[str, str]]:
    response = await client.get(f"/patients/{patient_id}/accesses")
    return [(access["user_id"], access["kind"]) for access in response.json()["items"]]


async def test_open(member_client: AsyncClient) -> None:
    body = {"key": " call-1 ", "channel": "voice", "questionnaire": "https://example.com/Questionnaire/first"}

    response = await member_client.post(URL, json=body)

    assert response.status_code == status.HTTP_201_CREATED
    opened = response.json()
    assert opened == {
        **body,
        "id": opened["id"],
        "created_at": opened["created_at"],
        "updated_at": opened["updated_at"],
        "key": "call-1",
        "state": "open",
        "patient_id": None,
        "submitted_at": None,
        "person": dict.fromkeys(DETAILS),
        "answers": [],
    }
    found = await member_client.get(f"{URL}/{opened['id']}")
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, opened)


async def test_opening_again_returns_the_same_session(
    member_client: AsyncClient,
    intake_session_payload: Payload,
) -> None:
    body = intake_session_payload()
    first = await member_client.post(URL, json=body)

    again = await member_client.post(URL, json=body)

    assert (again.status_code, again.json()) == (status.HTTP_200_OK, first.json())


async def test_an_intake_becomes_a_patient(
    member_client: AsyncClient,
    intake_session_payload: Payload,
    patient_payload: Payload,
) -> None:
    opened = await member_client.post(URL, json=intake_session_payload())
    url, person = f"{URL}/{opened.json()['id']}", patient_payload()

    changed = await member_client.patch(url, json={"person": person, "answers": [WEIGHT]})
    submitted = await member_client.post(f"{url}/submit")

    assert (changed.status_code, changed.json()["answers"]) == (status.HTTP_200_OK, [WEIGHT])
    assert changed.json()["person"] == {**dict.fromkeys(DETAILS), **person}
    assert (submitted.status_code, submitted.json()["state"]) == (status.HTTP_200_OK, "completed")
    patient = await member_client.get(f"/patients/{submitted.json()['patient_id']}")
    assert patient.json().items() >= person.items()


async def test_an_invalid_intake_is_refused_with_the_fields(
    member_client: AsyncClient,
    test_intake_session_id: UUID,
) -> None:
    body = {"person": {"sex": "Female", "birth_date": "1990-02-30"}, "answers": [{**WEIGHT, "value": "heavy"}]}

    response = await member_client.patch(f"{URL}/{test_intake_session_id}", json=body)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["loc"] for error in response.json()["errors"]] == [
        ["body", "person", "birth_date"],
        ["body", "person", "sex"],
        ["body", "answers", 0, "decimal", "value"],
    ]


async def test_an_incomplete_intake_is_refused_with_the_fields(
    member_client: AsyncClient,
    intake_session_payload: Payload,
) -> None:
    opened = await member_client.post(URL, json=intake_session_payload())

    response = await member_client.post(f"{URL}/{opened.json()['id']}/submit")

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [
        ["body", "given_name"],
        ["body", "family_name"],
        ["body", "birth_date"],
    ]


async def test_somebody_decides_between_the_candidates(
    member_client: AsyncClient,
    admin_client: AsyncClient,
    acting_user: User,
    make_intake_session: Factory[IntakeSession],
    make_patient: Factory[Patient],
    patient_payload: Payload,
) -> None:
    person = patient_payload()
    one, other = [await make_patient(**person) for _ in range(2)]
    intake = await make_intake_session(person=person)
    url = f"{URL}/{intake.id}"

    submitted = await member_client.post(f"{url}/submit")
    candidates = await member_client.get(f"{url}/candidates", params={"limit": 1})
    linked = await member_client.post(f"{url}/link", json={"patient_id": str(other.id)})

    assert (submitted.json()["state"], submitted.json()["patient_id"]) == ("submitted", None)
    assert [candidate["id"] for candidate in candidates.json()["items"]] == [str(one.id)]
    assert (linked.json()["state"], linked.json()["patient_id"]) == ("completed", str(other.id))
    assert await find_accesses(admin_client, one.id) == [(str(acting_user.id), "list")]
    assert await find_accesses(admin_client, other.id) == []


async def test_abandon(member_client: AsyncClient, test_intake_session_id: UUID) -> None:
    response = await member_client.post(f"{URL}/{test_intake_session_id}/abandon")

    assert (response.status_code, response.json()["state"]) == (status.HTTP_200_OK, "abandoned")


async def test_list_leaves_out_what_the_persons_said(member_client: AsyncClient, completed: IntakeSession) -> None:
    response = await member_client.get(URL, params={"state": "completed", "with_total": True})

    [item] = response.json()["items"]
    assert (item["id"], item["patient_id"]) == (str(completed.id), str(completed.patient_id))
    assert item.keys().isdisjoint({"person", "answers"})


async def test_the_export_is_fhir(member_client: AsyncClient, completed: IntakeSession) -> None:
    response = await member_client.get(f"{URL}/{completed.id}/fhir")

    assert response.status_code == status.HTTP_200_OK
    assert response.headers["content-type"] == "application/fhir+json"
    assert [entry["resource"]["resourceType"] for entry in response.json()["entry"]] == [
        "Patient",
        "QuestionnaireResponse",
    ]
    assert '"answer":[{"valueDecimal":72.50}]' in response.text


def test_the_export_is_documented_as_fhir(app: FastAPI) -> None:
    operation = app.openapi()["paths"][URL + "/{intake_session_id}/fhir"]["get"]

    assert operation["responses"]["200"]["content"] == {"application/fhir+json": {"schema": {"type": "object"}}}


async def test_there_is_no_export_without_a_patient(member_client: AsyncClient, test_intake_session_id: UUID) -> None:
    response = await member_client.get(f"{URL}/{test_intake_session_id}/fhir")

    assert response.status_code == status.HTTP_409_CONFLICT
    assert response.headers["content-type"] == "application/problem+json"


async def test_reading_a_session_counts_as_reading_the_patient(
    member_client: AsyncClient,
    admin_client: AsyncClient,
    acting_user: User,
    completed: IntakeSession,
) -> None:
    await member_client.get(URL)
    await member_client.get(f"{URL}/{completed.id}")
    await member_client.get(f"{URL}/{completed.id}/fhir")

    accesses = await find_accesses(admin_client, completed.patient_id)
    assert accesses == [(str(acting_user.id), "record"), (str(acting_user.id), "export")]


async def test_delete_requires_an_admin(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    test_intake_session_id: UUID,
) -> None:
    url = f"{URL}/{test_intake_session_id}"

    refused = await member_client.delete(url)
    deleted = await admin_client.delete(url)

    assert (refused.status_code, deleted.status_code) == (status.HTTP_403_FORBIDDEN, status.HTTP_204_NO_CONTENT)
    found = await member_client.get(url)
    assert found.status_code == status.HTTP_404_NOT_FOUND
