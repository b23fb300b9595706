"""The logs of the running service contain no personal data, even if a statement or an e-mail fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from fastapi import status
from httpx2 import Client
from sqlalchemy import URL, NullPool, create_engine, text

from your_service.core.clock import utcnow
from your_service.modules.appointments.rules import WEEKDAYS

from tests.fixtures.core.identity import Headers
from tests.suite.waiting import wait_for
from tests.support.gateways.email_server import SmtpServer

PERSON = {
    "given_name": "Planted-given-name",
    "family_name": "Planted-family-name",
    "birth_date": "1990-12-10",
    "phone": "+1 202 555 0142",
    "email": "planted@example.com",
    "address": "Planted Street 1",
}
DIAGNOSIS = "Planted diagnosis"
TOKEN = "planted-token"


@contextmanager
def renamed(url: URL, table: str, column: str) -> Iterator[None]:
    """Rename a column within a `with` block, so that statements fail."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME COLUMN {column} TO renamed"))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE {table} RENAME COLUMN renamed TO {column}"))


def book(staff: Client) -> Any:
    """Book an appointment of the person whose reminder is due."""
    patient = staff.post("/patients", json=PERSON).json()
    doctor = {"name": "Dr Snow", "time_zone": "UTC", "slot_minutes": 240}
    practitioner = staff.post("/practitioners", json=doctor).json()
    hours = [{"weekday": weekday, "starts_at": "00:00", "ends_at": "20:00"} for weekday in WEEKDAYS]
    staff.put(f"/practitioners/{practitioner['id']}/working-hours", json={"working_hours": hours})
    today = utcnow().date()
    days = {"from": str(today), "to": str(today + timedelta(days=1))}
    slots = staff.get(f"/practitioners/{practitioner['id']}/slots", params=days).json()
    wish = {"patient_id": patient["id"], "practitioner_id": practitioner["id"], "starts_at": slots[1]["starts_at"]}
    return staff.post("/appointments", json=wish).json()


@pytest.mark.usefixtures("running_worker")
def test_nothing_about_a_person_is_logged(
    client: Client,
    superuser_token_headers: Headers,
    postgres_url: URL,
    smtp_server: SmtpServer,
    read_logs: Callable[[], str],
) -> None:
    refused = client.get("/patients", headers={"Authorization": f"Bearer {TOKEN}"})
    client.headers.update(superuser_token_headers)
    smtp_server.replies = {"RCPT": [f"550 5.7.1 <{PERSON['email']}>: {PERSON['given_name']} is unknown"]}

    appointment = book(client)
    wait_for(lambda: "was not sent: 550 5.7.1" in read_logs(), "the refusal in the log of the worker")
    found = client.get("/patients", params={"search": PERSON["family_name"]})
    cancelled = client.post(f"/appointments/{appointment['id']}/cancel", json={"reason": DIAGNOSIS})
    with renamed(postgres_url, "patients", "phone"):
        failed = client.post("/patients", json=PERSON)

    logs = read_logs()
    token = superuser_token_headers["Authorization"].removeprefix("Bearer ")
    assert (refused.status_code, found.json()["items"][0]["address"], cancelled.status_code, failed.status_code) == (
        status.HTTP_401_UNAUTHORIZED,
        PERSON["address"],
        status.HTTP_200_OK,
        status.HTTP_500_INTERNAL_SERVER_ERROR,
    )
    assert '"GET /patients HTTP/1.1" 200' in logs
    assert "UndefinedColumn" in logs
    assert [planted for planted in (*PERSON.values(), DIAGNOSIS, TOKEN, token) if planted in logs] == []
