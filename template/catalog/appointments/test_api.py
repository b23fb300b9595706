"""Tests of the API for practitioners and appointments."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient
from time_machine import Traveller

from your_service.core.events import Event
from your_service.core.users import User
from your_service.modules.appointments.models import Appointment, Practitioner
from your_service.modules.appointments.service import AppointmentService
from your_service.modules.patients.models import Patient

from tests.support.checks import write_and_read
from tests.support.factories import Factory, Payload

pytestmark = pytest.mark.usefixtures("frozen_time")

PRACTITIONERS = "/practitioners"
APPOINTMENTS = "/appointments"
# `frozen_time` is noon of the day before; Berlin is one hour ahead of UTC.
TOMORROW = "2030-01-16"
NINE = "2030-01-16T08:00:00Z"
HALF_PAST_NINE = "2030-01-16T08:30:00Z"
TEN = "2030-01-16T09:00:00Z"
MONDAY_MORNING = {"weekday": "monday", "starts_at": "09:00", "ends_at": "12:00"}


async def test_create_practitioner(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    practitioner_payload: Payload,
) -> None:
    body = practitioner_payload()

    response = await admin_client.post(PRACTITIONERS, json=body)

    assert response.status_code == status.HTTP_201_CREATED
    created = response.json()
    assert created.items() >= (body | {"active": True, "working_hours": []}).items()
    found = await member_client.get(f"{PRACTITIONERS}/{created['id']}")
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, created)


async def test_responses_about_practitioners_contain_the_stored_values(
    admin_client: AsyncClient,
    test_practitioner: Practitioner,
) -> None:
    body = {"name": " Dr Snow ", "time_zone": "Asia/Kolkata", "slot_minutes": "20", "active": "false"}
    stored = {"name": "Dr Snow", "time_zone": "Asia/Kolkata", "slot_minutes": 20, "active": False}

    created = await write_and_read(admin_client, PRACTITIONERS, body)
    changed = await write_and_read(admin_client, PRACTITIONERS, body, test_practitioner.id)

    assert created.items() >= stored.items()
    assert changed.items() >= stored.items()


async def test_an_offer_is_listed_and_accepted(
    member_client: AsyncClient,
    appointment_service: AppointmentService,
    test_patient: Patient,
    test_practitioner: Practitioner,
) -> None:
    await appointment_service.offer(test_patient.id, test_practitioner.id, timedelta(days=1))

    listed = await member_client.get(APPOINTMENTS, params={"state": "offered"})
    [offer] = listed.json()["items"]
    accepted = await member_client.post(f"{APPOINTMENTS}/{offer['id']}/accept")

    assert (offer["starts_at"], offer["held_until"]) == ("2030-01-16T12:00:00Z", "2030-01-16T12:00:00Z")
    assert accepted.status_code == status.HTTP_200_OK
    assert accepted.json() == offer | {"state": "booked"}


async def test_times_of_appointments_are_returned_in_utc(
    member_client: AsyncClient,
    appointment_payload: Payload,
) -> None:
    booked = await write_and_read(member_client, APPOINTMENTS, appointment_payload(starts_at=f"{TOMORROW}T09:00+01:00"))
    assert (booked["starts_at"], booked["ends_at"]) == (NINE, HALF_PAST_NINE)

    url = f"{APPOINTMENTS}/{booked['id']}"
    moved = await member_client.post(f"{url}/reschedule", json={"starts_at": f"{TOMORROW}T14:30+05:30"})
    found = await member_client.get(url)
    assert moved.json()["starts_at"] == TEN
    assert found.json() == moved.json()


async def test_list_practitioners(member_client: AsyncClient, make_practitioner: Factory[Practitioner]) -> None:
    await make_practitioner()
    snow = await make_practitioner(name="Dr Snow")

    response = await member_client.get(PRACTITIONERS, params={"search": "snow", "active": True})

    assert response.status_code == status.HTTP_200_OK
    page = response.json()
    assert [item["id"] for item in page["items"]] == [str(snow.id)]


async def test_update_practitioner(admin_client: AsyncClient, test_practitioner: Practitioner) -> None:
    url = f"{PRACTITIONERS}/{test_practitioner.id}"

    response = await admin_client.patch(url, json={"slot_minutes": 20})

    assert response.status_code == status.HTTP_200_OK
    updated = response.json()
    assert (updated["slot_minutes"], updated["name"]) == (20, test_practitioner.name)
    found = await admin_client.get(url)
    assert found.json() == updated


async def test_replace_working_hours(admin_client: AsyncClient, test_practitioner: Practitioner) -> None:
    url = f"{PRACTITIONERS}/{test_practitioner.id}"
    body = {"working_hours": [MONDAY_MORNING]}

    response = await admin_client.put(f"{url}/working-hours", json=body)

    assert response.status_code == status.HTTP_200_OK
    assert response.json()["working_hours"] == [{"weekday": "monday", "starts_at": "09:00:00", "ends_at": "12:00:00"}]
    found = await admin_client.get(url)
    assert found.json() == response.json()


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, ["working_hours"]),
        ({"working_hours": [{**MONDAY_MORNING, "ends_at": "09:00"}]}, ["working_hours", 0]),
        ({"working_hours": [{**MONDAY_MORNING, "starts_at": "09:00Z"}]}, ["working_hours", 0, "starts_at"]),
        ({"working_hours": [MONDAY_MORNING, MONDAY_MORNING]}, ["working_hours"]),
        ({"working_hours": [MONDAY_MORNING] * 101}, ["working_hours"]),
    ],
)
async def test_replace_working_hours_refuses(
    admin_client: AsyncClient,
    test_practitioner: Practitioner,
    body: dict[str, Any],
    loc: list[str | int],
) -> None:
    url = f"{PRACTITIONERS}/{test_practitioner.id}/working-hours"

    response = await admin_client.put(url, json=body)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [["body", *loc]]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ""), ("PATCH", "/{practitioner_id}"), ("PUT", "/{practitioner_id}/working-hours")],
)
async def test_changing_practitioners_requires_an_admin(
    member_client: AsyncClient,
    test_practitioner: Practitioner,
    method: str,
    path: str,
) -> None:
    url = PRACTITIONERS + path.format(practitioner_id=test_practitioner.id)

    response = await member_client.request(method, url, json={})

    assert response.status_code == status.HTTP_403_FORBIDDEN


async def test_free_slots(
    member_client: AsyncClient,
    make_practitioner: Factory[Practitioner],
    make_appointment: Factory[Appointment],
) -> None:
    practitioner = await make_practitioner(slot_minutes=120)
    await make_appointment(practitioner_id=practitioner.id, starts_at=NINE)
    url = f"{PRACTITIONERS}/{practitioner.id}/slots"

    one_day = await member_client.get(url, params={"from": TOMORROW})
    two_days = await member_client.get(url, params={"from": TOMORROW, "to": "2030-01-17"})

    assert one_day.status_code == status.HTTP_200_OK
    assert one_day.json() == [
        {"starts_at": "2030-01-16T12:00:00Z", "ends_at": "2030-01-16T14:00:00Z"},
        {"starts_at": "2030-01-16T14:00:00Z", "ends_at": "2030-01-16T16:00:00Z"},
    ]
    assert [slot["starts_at"] for slot in two_days.json()] == [
        "2030-01-16T12:00:00Z",
        "2030-01-16T14:00:00Z",
        "2030-01-17T08:00:00Z",
        "2030-01-17T12:00:00Z",
        "2030-01-17T14:00:00Z",
    ]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"to": TOMORROW},
        {"from": "2030-02-30"},
        {"from": TOMORROW, "to": "2030-01-15"},
        {"from": TOMORROW, "to": "2030-02-16"},
        {"from": "9999-12-31"},
        {"from": "1899936000"},
        {"from": TOMORROW, "no_such_filter": "1"},
    ],
)
async def test_free_slots_refuse_a_bad_query(
    member_client: AsyncClient,
    test_practitioner: Practitioner,
    query: dict[str, str],
) -> None:
    response = await member_client.get(f"{PRACTITIONERS}/{test_practitioner.id}/slots", params=query)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_book(member_client: AsyncClient, appointment_payload: Payload) -> None:
    body = appointment_payload(starts_at=NINE)

    response = await member_client.post(APPOINTMENTS, json=body)

    assert response.status_code == status.HTTP_201_CREATED
    booked = response.json()
    assert booked.items() >= (body | {"ends_at": HALF_PAST_NINE, "state": "booked", "reminded_at": None}).items()
    found = await member_client.get(f"{APPOINTMENTS}/{booked['id']}")
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, booked)


async def test_book_refuses_a_booked_slot(member_client: AsyncClient, appointment_payload: Payload) -> None:
    body = appointment_payload()
    await member_client.post(APPOINTMENTS, json=body)

    response = await member_client.post(APPOINTMENTS, json=body)

    assert response.status_code == status.HTTP_409_CONFLICT
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "practitioner_id"]]
    listed = await member_client.get(APPOINTMENTS)
    assert len(listed.json()["items"]) == 1


async def test_list_appointments(member_client: AsyncClient, make_appointment: Factory[Appointment]) -> None:
    ten, nine = await make_appointment(starts_at=TEN), await make_appointment(starts_at=NINE)

    both = await member_client.get(APPOINTMENTS)
    some = await member_client.get(
        APPOINTMENTS,
        params={
            "patient_id": str(nine.patient_id),
            "practitioner_id": str(nine.practitioner_id),
            "state": "booked",
            "from": NINE,
            "to": TEN,
        },
    )

    assert [item["id"] for item in both.json()["items"]] == [str(nine.id), str(ten.id)]
    assert [item["id"] for item in some.json()["items"]] == [str(nine.id)]


@pytest.mark.parametrize(
    "query",
    [
        {"state": "no such state"},
        {"from": "2030-01-16T08:00:00"},
        {"from": 1900000000},
        {"to": "9999-12-31T23:59:59-12:00"},
    ],
)
async def test_list_appointments_refuses_a_bad_query(member_client: AsyncClient, query: dict[str, str | int]) -> None:
    response = await member_client.get(APPOINTMENTS, params=query)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_reschedule(member_client: AsyncClient, test_appointment_id: UUID) -> None:
    url = f"{APPOINTMENTS}/{test_appointment_id}"

    response = await member_client.post(f"{url}/reschedule", json={"starts_at": TEN})

    assert response.status_code == status.HTTP_200_OK
    assert (response.json()["starts_at"], response.json()["ends_at"]) == (TEN, "2030-01-16T09:30:00Z")
    found = await member_client.get(url)
    assert found.json() == response.json()


async def test_cancel(
    member_client: AsyncClient,
    acting_user: User,
    test_appointment_id: UUID,
    published_events: list[Event],
) -> None:
    url = f"{APPOINTMENTS}/{test_appointment_id}"

    response = await member_client.post(f"{url}/cancel", json={"reason": "Feels better"})

    assert response.status_code == status.HTTP_200_OK
    cancelled = response.json()
    assert (cancelled["state"], cancelled["cancellation_reason"]) == ("cancelled", "Feels better")
    found = await member_client.get(url)
    assert found.json() == cancelled
    assert published_events[-1].data == {"reason": "Feels better", "by": str(acting_user.id)}


@pytest.mark.parametrize(("step", "state"), [("complete", "completed"), ("no-show", "no_show")])
async def test_close(
    member_client: AsyncClient,
    test_appointment_id: UUID,
    frozen_time: Traveller,
    step: str,
    state: str,
) -> None:
    url = f"{APPOINTMENTS}/{test_appointment_id}"
    too_early = await member_client.post(f"{url}/{step}")
    frozen_time.shift(24 * 60 * 60)

    response = await member_client.post(f"{url}/{step}")

    assert too_early.status_code == status.HTTP_409_CONFLICT
    assert (response.status_code, response.json()["state"]) == (status.HTTP_200_OK, state)
    found = await member_client.get(url)
    assert found.json() == response.json()


async def test_reminders(member_client: AsyncClient, test_appointment_id: UUID) -> None:
    url = f"{APPOINTMENTS}/reminders-due"
    too_soon = await member_client.get(url, params={"lead_hours": 19})
    before = await member_client.get(url)

    marked = await member_client.post(f"{APPOINTMENTS}/{test_appointment_id}/reminded")

    after = await member_client.get(url)
    assert [item["id"] for item in before.json()["items"]] == [str(test_appointment_id)]
    assert (too_soon.json()["items"], after.json()["items"]) == ([], [])
    assert (marked.status_code, marked.json()["reminded_at"]) == (status.HTTP_200_OK, "2030-01-15T12:00:00Z")
