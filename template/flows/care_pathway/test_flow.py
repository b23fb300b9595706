"""A patient books, reschedules and cancels while a journey advances."""

from typing import Any

from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.appointments.models import Practitioner
from your_service.modules.journeys.models import Journey
from your_service.modules.patients.models import Patient

from tests.fixtures.core.identity import Headers
from tests.support.factories import Payload


async def post(client: AsyncClient, headers: Headers, url: str, **body: Any) -> Any:
    response = await client.post(url, headers=headers, json=body)
    assert response.status_code in {status.HTTP_200_OK, status.HTTP_201_CREATED}, response.text
    return response.json()


async def test_the_timeline_lists_appointments_and_journey_in_order(
    client: AsyncClient,
    auth_headers: Headers,
    appointment_payload: Payload,
    journey_payload: Payload,
    test_patient: Patient,
) -> None:
    first, second = appointment_payload(), appointment_payload()
    journey = await post(client, auth_headers, "/journeys", **journey_payload())
    journey_url = f"/journeys/{journey['id']}"

    booked = await post(client, auth_headers, "/appointments", **first)
    await post(client, auth_headers, f"{journey_url}/advance", stage="Surgery")
    appointment_url = f"/appointments/{booked['id']}"
    await post(client, auth_headers, f"{appointment_url}/reschedule", starts_at=second["starts_at"])
    await post(client, auth_headers, f"{journey_url}/advance", stage="Rehabilitation")
    await post(client, auth_headers, f"{appointment_url}/cancel", reason="Feels better")
    await post(client, auth_headers, f"{journey_url}/complete")

    response = await client.get(f"/patients/{test_patient.id}/timeline", headers=auth_headers)

    timeline = response.json()
    assert [event["name"] for event in timeline["items"]] == [
        "patient.created",
        "journey.started",
        "appointment.booked",
        "journey.advanced",
        "appointment.rescheduled",
        "journey.advanced",
        "appointment.cancelled",
        "journey.completed",
    ]


async def test_a_cancelled_slot_can_be_booked_by_another_patient(
    client: AsyncClient,
    auth_headers: Headers,
    appointment_payload: Payload,
    patient_payload: Payload,
    test_practitioner: Practitioner,
) -> None:
    slot = appointment_payload()
    booked = await post(client, auth_headers, "/appointments", **slot)
    next_patient = await post(client, auth_headers, "/patients", **patient_payload())
    booking = {**slot, "patient_id": next_patient["id"]}

    refused = await client.post("/appointments", headers=auth_headers, json=booking)
    await post(client, auth_headers, f"/appointments/{booked['id']}/cancel", reason="Feels better")
    accepted = await client.post("/appointments", headers=auth_headers, json=booking)

    assert (refused.status_code, accepted.status_code) == (status.HTTP_409_CONFLICT, status.HTTP_201_CREATED)
    listed = await client.get(
        "/appointments",
        headers=auth_headers,
        params={"practitioner_id": str(test_practitioner.id), "state": "booked"},
    )
    assert [item["patient_id"] for item in listed.json()["items"]] == [next_patient["id"]]


async def test_a_patient_with_journey_and_appointment_cannot_be_deleted(
    client: AsyncClient,
    auth_headers: Headers,
    superuser_token_headers: Headers,
    appointment_payload: Payload,
    test_patient: Patient,
    test_journey: Journey,
) -> None:
    await post(client, auth_headers, "/appointments", **appointment_payload())

    refused = await client.delete(f"/patients/{test_patient.id}", headers=superuser_token_headers)

    journey = await client.get(f"/journeys/{test_journey.id}", headers=auth_headers)
    assert refused.status_code == status.HTTP_409_CONFLICT
    assert journey.json()["patient_id"] == str(test_patient.id)
