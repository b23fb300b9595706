"""A call of a voice agent opens an intake session, which is linked to a patient."""

from typing import Any

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.patients.models import Patient

from tests.fixtures.webhooks import Signed
from tests.support.factories import Factory

CALLER = "+12025550143"
ADA = {"given_name": "Ada", "family_name": "Lovelace", "birth_date": "1990-05-17"}

pytestmark = pytest.mark.usefixtures("webhook_app")


def call_event(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": f"call.{kind}", "data": {"call_id": "call-1", "caller": CALLER, **data}}


async def find_session(client: AsyncClient) -> dict[str, Any]:
    """Return the only intake session."""
    page = await client.get("/intake-sessions")
    [item] = page.json()["items"]
    found = await client.get(f"/intake-sessions/{item['id']}")
    session: dict[str, Any] = found.json()
    return session


async def test_a_new_caller_becomes_a_patient(
    client: AsyncClient,
    member_client: AsyncClient,
    signed_call: Signed,
) -> None:
    started = await client.post(**signed_call(call_event("started"), "msg_1"))
    opened = await find_session(member_client)
    collected = {**ADA, "reason": "Headache since Monday"}
    ended = await client.post(**signed_call(call_event("ended", collected=collected), "msg_2"))

    assert (started.status_code, ended.status_code) == (status.HTTP_204_NO_CONTENT, status.HTTP_204_NO_CONTENT)
    assert (opened["key"], opened["channel"], opened["state"]) == ("call-1", "voice", "open")
    completed = await find_session(member_client)
    assert (completed["id"], completed["state"]) == (opened["id"], "completed")
    patient = await member_client.get(f"/patients/{completed['patient_id']}")
    assert patient.json().items() >= {**ADA, "phone": CALLER}.items()
    exported = await member_client.get(f"/intake-sessions/{completed['id']}/fhir")
    subject, response = [entry["resource"] for entry in exported.json()["entry"]]
    assert (subject["id"], response["status"]) == (completed["patient_id"], "completed")
    assert response["item"] == [{"linkId": "reason", "answer": [{"valueString": "Headache since Monday"}]}]
    timeline = await member_client.get(f"/patients/{completed['patient_id']}/timeline")
    assert [event["name"] for event in timeline.json()["items"]] == ["patient.created", "intake_session.completed"]


async def test_a_known_caller_is_found(
    client: AsyncClient,
    member_client: AsyncClient,
    signed_call: Signed,
    make_patient: Factory[Patient],
) -> None:
    ada = await make_patient(**ADA, phone="+1 (202) 555-0143")

    await client.post(**signed_call(call_event("ended", collected=ADA)))

    session = await find_session(member_client)
    assert (session["state"], session["patient_id"]) == ("completed", str(ada.id))


async def test_somebody_decides_about_an_unknown_caller(
    client: AsyncClient,
    member_client: AsyncClient,
    signed_call: Signed,
    make_patient: Factory[Patient],
) -> None:
    ada = await make_patient(**ADA)
    await client.post(**signed_call(call_event("ended", caller=None, collected=ADA)))
    session = await find_session(member_client)
    url = f"/intake-sessions/{session['id']}"

    candidates = await member_client.get(f"{url}/candidates")
    linked = await member_client.post(f"{url}/link", json={"patient_id": str(ada.id)})

    assert (session["state"], session["patient_id"]) == ("submitted", None)
    assert [candidate["id"] for candidate in candidates.json()["items"]] == [str(ada.id)]
    assert (linked.json()["state"], linked.json()["patient_id"]) == ("completed", str(ada.id))


async def test_replayed_and_forged_events_change_nothing(
    client: AsyncClient,
    member_client: AsyncClient,
    signed_call: Signed,
) -> None:
    ended = signed_call(call_event("ended", collected=ADA), "msg_1")
    await client.post(**ended)
    before = await find_session(member_client)

    replayed = await client.post(**ended)
    repeated = await client.post(**signed_call(call_event("ended", collected={"given_name": "Grace"}), "msg_2"))
    forged = await client.post(**(signed_call(call_event("ended", call_id="call-2"), "msg_3") | {"content": b"{}"}))

    assert (replayed.status_code, repeated.status_code) == (status.HTTP_204_NO_CONTENT, status.HTTP_204_NO_CONTENT)
    assert forged.status_code == status.HTTP_403_FORBIDDEN
    assert await find_session(member_client) == before
