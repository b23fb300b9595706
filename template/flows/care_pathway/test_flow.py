"""A patient books, reschedules and cancels while a journey advances."""

from typing import Any

from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.appointments.models import Practitioner
from your_service.modules.journeys.models import Journey
from your_service.modules.patients.models import Patient

from tests.support.factories import Payload


async def post(client: AsyncClient, url: str, **body: Any) -> Any:
    response = await client.post(url, json=body)
    assert response.status_code in {status.HTTP_200_OK, status.HTTP_201_CREATED}, response.text
    return response.json()


async def test_the_timeline_lists_appointments_and_journey_in_order(
    member_client: AsyncClient,
    appointment_payload: Payload,
    journey_payload: Payload,
    test_patient: Patient,
) -> None:
    first, second = appointment_payload(), appointment_payload()
    journey = await post(member_client, "/journeys", **journey_payload())
    journey_url = f"/journeys/{journey['id']}"

    booked = await post(member_client, "/appointments", **first)
    await post(member_client, f"{journey_url}/advance", stage="Surgery")
    appointment_url = f"/appointments/{booked['id']}"
    await post(member_client, f"{appointment_url}/reschedule", starts_at=second["starts_at"])
    await post(member_client, f"{journey_url}/advance", stage="Rehabilitation")
    await post(member_client, f"{appointment_url}/cancel", reason="Feels better")
    await post(member_client, f"{journey_url}/complete")

    response = await member_client.get(f"/patients/{test_patient.id}/timeline")

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
    member_client: AsyncClient,
    appointment_payload: Payload,
    patient_payload: Payload,
    test_practitioner: Practitioner,
) -> None:
    slot = appointment_payload()
    booked = await post(member_client, "/appointments", **slot)
    next_patient = await post(member_client, "/patients", **patient_payload())
    booking = {**slot, "patient_id": next_patient["id"]}

    refused = await member_client.post("/appointments", json=booking)
    await post(member_client, f"/appointments/{booked['id']}/cancel", reason="Feels better")
    accepted = await member_client.post("/appointments", json=booking)

    assert (refused.status_code, accepted.status_code) == (status.HTTP_409_CONFLICT, status.HTTP_201_CREATED)
    listed = await member_client.get(
        "/appointments",
        params={"practitioner_id": str(test_practitioner.id), "state": "booked"},
    )
    assert [item["patient_id"] for item in listed.json()["items"]] == [next_patient["id"]]


async def test_a_patient_with_journey_and_appointment_cannot_be_deleted(
    member_client: AsyncClient,
    admin_client: AsyncClient,
    appointment_payload: Payload,
    test_patient: Patient,
    test_journey: Journey,
) -> None:
    await post(member_client, "/appointments", **appointment_payload())

    refused = await admin_client.delete(f"/patients/{test_patient.id}")

    journey = await member_client.get(f"/journeys/{test_journey.id}")
    assert refused.status_code == status.HTTP_409_CONFLICT
    assert journey.json()["patient_id"] == str(test_patient.id)
