"""Load test tasks for appointments."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import choice, randrange

from tests.performance.visitor import Visitor

SEEDED = 5
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def seed(user: Visitor) -> None:
    """Create practitioners with office hours and their first appointments."""
    for number in range(SEEDED):
        practitioner = {"name": f"Practitioner {number}", "time_zone": "Europe/Berlin", "slot_minutes": 15}
        made = user.client.post("/practitioners", json=practitioner).json()
        hours = [{"weekday": weekday, "starts_at": "08:00", "ends_at": "18:00"} for weekday in WEEKDAYS]
        path = f"/practitioners/{made['id']}/working-hours"
        user.client.put(path, json={"working_hours": hours}, name="/practitioners/{id}/working-hours")
        book(user)


def book(user: Visitor) -> None:
    """Book a free slot of a random week within the next year; another user may book it first."""
    practitioner = user.pick("/practitioners")
    first = datetime.now(UTC).date() + timedelta(days=randrange(1, 365))
    week = {"from": str(first), "to": str(first + timedelta(days=6))}
    path = f"/practitioners/{practitioner['id']}/slots"
    slots = user.client.get(path, params=week, name="/practitioners/{id}/slots").json()
    booking = {
        "patient_id": user.pick("/patients")["id"],
        "practitioner_id": practitioner["id"],
        "starts_at": choice(slots)["starts_at"],
    }
    with user.client.post("/appointments", json=booking, catch_response=True) as response:
        if response.status_code == HTTPStatus.CONFLICT:
            response.success()


def read(user: Visitor) -> None:
    """Get an appointment."""
    user.read("/appointments")


def list_by_practitioner(user: Visitor) -> None:
    """List the appointments of a practitioner."""
    user.browse("/appointments", practitioner_id=user.pick("/practitioners")["id"])


TASKS = {list_by_practitioner: 4, read: 3, book: 2}
