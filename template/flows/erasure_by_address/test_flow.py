"""The erasure of a patient's data reaches messages, calls and workflow runs that know only a number or an address."""

import json
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient
from pydantic import HttpUrl, SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.clock import utcnow
from your_service.core.tenancy import Organisation
from your_service.gateways.n8n import HttpN8nGateway, N8nSettings, sign

from tests.fixtures.webhooks import Signed
from tests.support.checks import find_texts
from tests.support.factories import Payload

SECRET = "a key for the tests of callbacks"
SETTINGS = N8nSettings(
    _env_file=None,
    n8n_webhook_url=HttpUrl("http://localhost:5678/webhook"),
    n8n_callback_secret=SecretStr(SECRET),
)
PERSON = {
    "given_name": "Planted-given-name",
    "family_name": "Planted-family-name",
    "birth_date": "1915-12-10",
    "phone": "+1 202 555 0142",
    "email": "planted@example.com",
}
NUMBER = "+12025550142"
TRACES = ("planted", "5550142", "555 0142")
COLUMNS = {
    "communication_contacts.address",
    "communications.address",
    "communications.text",
    "conversation_messages.media",
    "conversation_messages.text",
    "conversations.context",
    "conversations.participant",
    "core_events.data",
    "core_stored_responses.body",
    "inbound_messages.media",
    "inbound_messages.sender",
    "inbound_messages.text",
    "workflow_runs.data",
    "workflow_runs.result",
}

pytestmark = pytest.mark.usefixtures("webhook_app")


async def send(client: AsyncClient, method: str, url: str, **body: Any) -> Any:
    """Send a request that can be repeated, and return the body of its response."""
    response = await client.request(method, url, json=body, headers={"Idempotency-Key": uuid4().hex})
    assert response.is_success, response.text
    return response.json()


@pytest.fixture
async def traces(
    app: FastAPI,
    client: AsyncClient,
    member_client: AsyncClient,
    organisation: Organisation,
    signed_form: Signed,
    signed_call: Signed,
    inbound_message_payload: Payload,
) -> dict[str, str]:
    """Let a person write and call, reply to them, and let a workflow end; return the ids by table."""
    app.state.n8n = HttpN8nGateway(SETTINGS)
    photo = {"MediaUrl0": "https://api.twilio.com/planted", "MediaContentType0": "image/jpeg"}
    form = inbound_message_payload(From=f"whatsapp:{NUMBER}", Body="Planted question", **photo)
    call = {"call_id": "c1", "caller": "+1 (202) 555-0142", "collected": {"name": "Planted"}}
    for request in (signed_form("messages", form), signed_call({"type": "call.ended", "data": call})):
        received = await client.post(**request)
        assert received.status_code == status.HTTP_204_NO_CONTENT
    conversations = await member_client.get("/conversations", params={"participant": NUMBER})
    (conversation,) = conversations.json()["items"]
    url = f"/conversations/{conversation['id']}"
    await send(member_client, "PATCH", url, context={"name": "Planted"})
    reply = await send(member_client, "POST", f"{url}/messages", text="Planted answer")
    data = {"workflow": "call-patient", "data": {"to": f"tel:{NUMBER}", "name": "Planted"}}
    run = await send(member_client, "POST", "/workflow-runs", **data)
    report = {"run_id": run["id"], "execution": 1, "state": "succeeded", "result": {"said": "Planted"}}
    content, now = json.dumps(report).encode(), str(int(utcnow().timestamp()))
    headers = {"X-Signature-Timestamp": now, "X-Signature": sign(SECRET, content, now)}
    ended = await client.post(f"/n8n/{organisation.id}/callbacks", content=content, headers=headers)
    assert ended.status_code == status.HTTP_204_NO_CONTENT
    return {"conversations": conversation["id"], "conversation_messages": reply["id"], "workflow_runs": run["id"]}


async def test_no_table_contains_a_trace_of_the_person(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    db_session: AsyncSession,
    traces: dict[str, str],
) -> None:
    patient = await send(member_client, "POST", "/patients", **PERSON)
    assert await find_texts(db_session, *TRACES) >= COLUMNS

    erased = await admin_client.post(f"/patients/{patient['id']}/erase")

    assert erased.status_code == status.HTTP_204_NO_CONTENT
    assert await find_texts(db_session, *TRACES) == set()
    conversation = await member_client.get(f"/conversations/{traces['conversations']}")
    assert (conversation.json()["participant"], conversation.json()["state"]) == ("", "closed")


async def test_an_export_contains_these_records_and_their_events(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    traces: dict[str, str],
) -> None:
    patient = await send(member_client, "POST", "/patients", **PERSON)

    response = await admin_client.get(f"/patients/{patient['id']}/export")

    export = response.json()
    found = {(table, row["id"]) for table, rows in export["records"].items() for row in rows}
    assert found >= {*traces.items(), ("patients", patient["id"])}
    assert {"communications", "inbound_messages", "webhook_receipts"} <= {table for table, _ in found}
    assert {"inbound_message.received", "conversation.replied", "voice_call.ended", "workflow_run.succeeded"} <= {
        event["name"] for event in export["events"]
    }


async def test_records_with_a_number_that_another_patient_has_stay(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    db_session: AsyncSession,
    traces: dict[str, str],
) -> None:
    patient = await send(member_client, "POST", "/patients", **PERSON)
    child = {"given_name": "Byron", "family_name": "King", "birth_date": "2020-05-12", "phone": NUMBER}
    await send(member_client, "POST", "/patients?allow_duplicate=true", **child)

    await admin_client.post(f"/patients/{patient['id']}/erase")

    assert await find_texts(db_session, *TRACES) >= COLUMNS
    conversation = await member_client.get(f"/conversations/{traces['conversations']}")
    assert conversation.json()["participant"] == NUMBER
