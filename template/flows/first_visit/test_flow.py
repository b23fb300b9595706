"""A new patient registers, books, is reminded by e-mail and completes a journey; another finds no free slot."""

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import status
from httpx2 import Client
from sqlalchemy import URL, NullPool, create_engine, text

from your_service.core.clock import utcnow
from your_service.modules.appointments.rules import WEEKDAYS

from tests.suite.waiting import wait_for
from tests.support.gateways.email_server import SmtpServer

OPEN_TRANSACTIONS = """
SELECT query FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%'
"""


@pytest.fixture
def practitioner(staff: Client) -> Any:
    """A practitioner with slots of four hours from 0:00 to 20:00 every day."""
    made = post(staff, "/practitioners", name="Dr Snow", time_zone="UTC", slot_minutes=240)
    day = {"starts_at": "00:00", "ends_at": "20:00"}
    hours = {"working_hours": [{"weekday": weekday, **day} for weekday in WEEKDAYS]}
    return staff.put(f"/practitioners/{made['id']}/working-hours", json=hours).json()


@pytest.fixture
def days() -> tuple[date, date]:
    """Today and tomorrow at the start of the test."""
    today = utcnow().date()
    return today, today + timedelta(days=1)


def post(staff: Client, url: str, **body: Any) -> Any:
    response = staff.post(url, json=body)
    assert response.is_success, response.text
    return response.json()


def register(staff: Client, given_name: str) -> Any:
    return post(
        staff,
        "/patients",
        given_name=given_name,
        family_name="Lovelace",
        birth_date="1990-12-10",
        email=f"{given_name.lower()}@example.com",
    )


def free_slots(staff: Client, practitioner: Any, days: tuple[date, date]) -> Any:
    first, last = days
    url = f"/practitioners/{practitioner['id']}/slots"
    return staff.get(url, params={"from": str(first), "to": str(last)}).json()


def booking(patient: Any, practitioner: Any, slot: Any) -> dict[str, Any]:
    return {"patient_id": patient["id"], "practitioner_id": practitioner["id"], "starts_at": slot["starts_at"]}


def find_reminded(staff: Client, appointment: Any) -> Any:
    """Return the appointment once the worker has stored that the patient was reminded."""
    found = staff.get(f"/appointments/{appointment['id']}").json()
    return found if found["reminded_at"] else None


def open_transactions(url: URL) -> list[str]:
    """Return the last statements of the transactions that other programs have open in the database."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return list(connection.scalars(text(OPEN_TRANSACTIONS)))


@pytest.mark.usefixtures("running_worker")
def test_a_new_patient_is_reminded_and_completes_a_journey(
    staff: Client,
    practitioner: Any,
    days: tuple[date, date],
    smtp_server: SmtpServer,
) -> None:
    patient = register(staff, "Ada")
    pathway = post(staff, "/journey-definitions", name="First visit", stages=["Registered", "Booked", "Reminded"])
    journey = post(staff, "/journeys", patient_id=patient["id"], definition_id=pathway["id"])
    # Not the first slot, which may start during the test.
    slot = free_slots(staff, practitioner, days)[1]

    appointment = post(staff, "/appointments", **booking(patient, practitioner, slot))
    post(staff, f"/journeys/{journey['id']}/advance", stage="Booked")
    wait_for(lambda: find_reminded(staff, appointment), "the reminder to be stored")
    post(staff, f"/journeys/{journey['id']}/advance", stage="Reminded")
    completed = post(staff, f"/journeys/{journey['id']}/complete")

    (reminder,) = smtp_server.messages
    assert reminder.recipients == ["ada@example.com"]
    assert "Dr Snow" in reminder.message.get_content()
    assert completed["state"] == "completed"


@pytest.mark.usefixtures("running_worker")
def test_nothing_is_locked_while_the_mail_server_receives_a_reminder(
    staff: Client,
    practitioner: Any,
    days: tuple[date, date],
    smtp_server: SmtpServer,
    postgres_url: URL,
) -> None:
    smtp_server.confirms = False
    slot = free_slots(staff, practitioner, days)[1]

    appointment = post(staff, "/appointments", **booking(register(staff, "Ada"), practitioner, slot))
    wait_for(lambda: smtp_server.messages, "the reminder to arrive")
    transactions = open_transactions(postgres_url)
    smtp_server.confirms = True

    assert transactions == []
    wait_for(lambda: find_reminded(staff, appointment), "the reminder to be stored")


def test_a_patient_cannot_book_when_no_slot_is_free(staff: Client, practitioner: Any, days: tuple[date, date]) -> None:
    pathway = post(staff, "/journey-definitions", name="First visit", stages=["Registered", "Booked"])
    next_week = days[0] + timedelta(days=7), days[0] + timedelta(days=8)
    slots = free_slots(staff, practitioner, next_week)
    for number, slot in enumerate(slots):
        patient = register(staff, f"Patient{number}")
        post(staff, "/appointments", **booking(patient, practitioner, slot))
    patient = register(staff, "Charles")
    journey = post(staff, "/journeys", patient_id=patient["id"], definition_id=pathway["id"])

    refused = staff.post("/appointments", json=booking(patient, practitioner, slots[0]))

    theirs = staff.get("/appointments", params={"patient_id": patient["id"]}).json()
    assert free_slots(staff, practitioner, next_week) == []
    assert refused.status_code == status.HTTP_409_CONFLICT
    assert refused.json()["errors"][0]["loc"] == ["body", "practitioner_id"]
    assert theirs["items"] == []
    assert staff.get(f"/journeys/{journey['id']}").json()["stage"] == "Registered"
