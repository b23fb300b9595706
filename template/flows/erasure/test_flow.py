"""The erasure of a patient's data leaves nothing of the person in any table."""

from typing import Any
from uuid import uuid4

from fastapi import status
from httpx2 import AsyncClient
from sqlalchemy import JSON, Enum, String
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.database import Base
from your_service.core.tenancy import Organisation

from tests.support.checks import find_texts
from tests.support.factories import Payload

PERSON = {
    "given_name": "Planted-given-name",
    "family_name": "Planted-family-name",
    "birth_date": "1915-12-10",
    "phone": "+1 202 555 0142",
    "email": "planted@example.com",
    "address": "Planted Street 1",
}
TRACES = ("planted", "5550142", "555 0142", "1915-12-10")
TABLES = ("appointments", "intake_sessions", "journeys", "patients")
ABOUT_NOBODY = {"intake_sessions.questionnaire", "journeys.stage", "journeys.stages"}


async def post(client: AsyncClient, url: str, **body: Any) -> Any:
    response = await client.post(url, json=body, headers={"Idempotency-Key": uuid4().hex})
    assert response.is_success, response.text
    return response.json()


def text_columns() -> set[str]:
    """Return the columns that can contain what somebody says or writes about a patient."""
    columns = [column for name in TABLES for column in Base.metadata.tables[name].columns]
    kinds = [(str(column), getattr(column.type, "impl", column.type)) for column in columns]
    return {name for name, kind in kinds if isinstance(kind, String | JSON) and not isinstance(kind, Enum)}


async def test_no_table_contains_a_trace_of_the_person(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    db_session: AsyncSession,
    organisation: Organisation,
    appointment_payload: Payload,
    journey_payload: Payload,
) -> None:
    intake = await post(member_client, "/intake-sessions", key="planted-key")
    answer = {"link_id": "reason", "type": "text", "value": "Planted answer"}
    said = {"person": PERSON, "answers": [answer]}
    changed = await member_client.patch(f"/intake-sessions/{intake['id']}", json=said)
    assert changed.status_code == status.HTTP_200_OK
    submitted = await post(member_client, f"/intake-sessions/{intake['id']}/submit")
    patient_id = submitted["patient_id"]
    duplicate = await post(member_client, "/patients?allow_duplicate=true", **PERSON)
    await post(admin_client, f"/patients/{patient_id}/merge", duplicate_id=duplicate["id"])
    booked = await post(member_client, "/appointments", **appointment_payload(patient_id=patient_id))
    await post(member_client, f"/appointments/{booked['id']}/cancel", reason="Planted diagnosis")
    journey = await post(member_client, "/journeys", **journey_payload(patient_id=patient_id))
    await post(member_client, f"/journeys/{journey['id']}/cancel", reason="Planted reason")
    planted = await find_texts(db_session, *TRACES)
    assert planted >= text_columns() - ABOUT_NOBODY | {"core_events.data", "core_stored_responses.body"}

    erased = await admin_client.post(f"/patients/{patient_id}/erase")

    assert erased.status_code == status.HTTP_204_NO_CONTENT
    assert await find_texts(db_session, *TRACES) == set()
    for url in (f"/patients/{patient_id}", f"/patients/{duplicate['id']}", f"/intake-sessions/{intake['id']}/fhir"):
        gone = await member_client.get(url)
        assert gone.status_code == status.HTTP_410_GONE


async def test_an_export_contains_the_records_of_all_modules(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    appointment_payload: Payload,
    journey_payload: Payload,
) -> None:
    patient = await post(member_client, "/patients", **PERSON)
    booked = await post(member_client, "/appointments", **appointment_payload(patient_id=patient["id"]))
    journey = await post(member_client, "/journeys", **journey_payload(patient_id=patient["id"]))
    intake = await post(member_client, "/intake-sessions", key="planted-key")
    await post(member_client, f"/intake-sessions/{intake['id']}/link", patient_id=patient["id"])

    response = await admin_client.get(f"/patients/{patient['id']}/export")

    export = response.json()
    records = {table: [row["id"] for row in export["records"][table]] for table in TABLES}
    assert records == {
        "appointments": [booked["id"]],
        "intake_sessions": [intake["id"]],
        "journeys": [journey["id"]],
        "patients": [patient["id"]],
    }
    assert {"patient.created", "appointment.booked", "journey.started", "intake_session.completed"} <= {
        event["name"] for event in export["events"]
    }
