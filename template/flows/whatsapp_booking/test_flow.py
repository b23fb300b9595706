"""A patient books an appointment by WhatsApp: signed webhooks, a conversation, free slots, and a journey that advances."""

from typing import Any

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.appointments.models import Practitioner
from your_service.modules.journeys.models import Journey
from your_service.modules.patients.models import Patient

from tests.fixtures.webhooks import Signed
from tests.support.factories import Payload

PHONE = "+12025550143"
CLINIC = "whatsapp:+15005550006"

pytestmark = pytest.mark.usefixtures("webhook_app")


async def write(
    client: AsyncClient,
    method: str,
    url: str,
    body: Any,
    expected: int = status.HTTP_200_OK,
) -> Any:
    """Send a request, and return its response."""
    response = await client.request(method, url, json=body)
    assert response.status_code == expected, response.text
    return response.json()


async def read(client: AsyncClient, url: str, **query: Any) -> Any:
    """Return the body of a page or a record."""
    response = await client.get(url, params=query)
    assert response.status_code == status.HTTP_200_OK, response.text
    return response.json()


async def current(client: AsyncClient) -> Any:
    """Return the only conversation with the patient that is not closed."""
    page = await read(client, "/conversations", participant=PHONE)
    (conversation,) = [each for each in page["items"] if each["state"] != "closed"]
    return conversation


async def offer(client: AsyncClient, practitioner: Practitioner, booked: str) -> list[str]:
    """Reply with the first two free slots of the day of a booked time, and store them in the context."""
    conversation = await current(client)
    slots = await read(client, f"/practitioners/{practitioner.id}/slots", **{"from": booked[:10]})
    offered = [slot["starts_at"] for slot in slots[:2]]
    url = f"/conversations/{conversation['id']}"
    await write(client, "PATCH", url, {"context": {"slots": offered}})
    text = "\n".join(f"{number}: {starts_at}" for number, starts_at in enumerate(offered, 1))
    await write(client, "POST", f"{url}/messages", {"text": text}, status.HTTP_201_CREATED)
    return offered


async def choice(client: AsyncClient) -> str:
    """Return the slot that the patient has chosen with the last message."""
    conversation = await current(client)
    page = await read(client, f"/conversations/{conversation['id']}/messages", direction="inbound")
    chosen: str = conversation["context"]["slots"][int(page["items"][-1]["text"]) - 1]
    return chosen


async def test_a_patient_chooses_a_slot_and_the_journey_advances(
    client: AsyncClient,
    member_client: AsyncClient,
    signed_form: Signed,
    inbound_message_payload: Payload,
    appointment_payload: Payload,
    test_practitioner: Practitioner,
    test_journey: Journey,
) -> None:
    appointment = appointment_payload()
    question, answer, thanks = (
        signed_form("messages", inbound_message_payload(From=f"whatsapp:{PHONE}", To=CLINIC, Body=text))
        for text in ("Is there a slot?", "2", "Thanks!")
    )

    await client.post(**question)
    begun = await current(member_client)
    assert begun["state"] == "open"
    conversation_url = f"/conversations/{begun['id']}"
    offered = await offer(member_client, test_practitioner, appointment["starts_at"])
    waiting = await read(member_client, conversation_url)
    assert waiting["state"] == "waiting"

    # Twilio repeats a request whose response it has not received.
    responses = [await client.post(**request) for request in (answer, answer, question)]
    assert [response.status_code for response in responses] == [status.HTTP_204_NO_CONTENT] * 3
    answered = await read(member_client, conversation_url)
    assert (answered["state"], answered["last_sequence"]) == ("open", 3)

    starts_at = await choice(member_client)
    assert starts_at == offered[1]
    body = appointment | {"starts_at": starts_at}
    booked = await write(member_client, "POST", "/appointments", body, status.HTTP_201_CREATED)
    advanced = await write(member_client, "POST", f"/journeys/{test_journey.id}/advance", {"stage": "Surgery"})
    confirmation = {"text": f"Booked: {booked['starts_at']}"}
    await write(member_client, "POST", f"{conversation_url}/messages", confirmation, status.HTTP_201_CREATED)
    await write(member_client, "POST", f"{conversation_url}/move", {"state": "closed"})

    assert (booked["state"], booked["starts_at"], advanced["stage"]) == ("booked", offered[1], "Surgery")
    messages = await read(member_client, f"{conversation_url}/messages")
    assert [(each["sequence"], each["direction"]) for each in messages["items"]] == [
        (1, "inbound"),
        (2, "outbound"),
        (3, "inbound"),
        (4, "outbound"),
    ]
    queued = await read(member_client, "/communications", channel="whatsapp", state="queued")
    assert [each["address"] for each in queued["items"]] == [PHONE, PHONE]
    assert confirmation["text"] in [each["text"] for each in queued["items"]]

    await client.post(**thanks)
    following = await current(member_client)
    assert (following["id"] != waiting["id"], following["last_sequence"]) == (True, 1)


async def test_a_slot_that_was_taken_meanwhile_is_offered_no_more(
    client: AsyncClient,
    member_client: AsyncClient,
    signed_form: Signed,
    inbound_message_payload: Payload,
    appointment_payload: Payload,
    patient_payload: Payload,
    test_practitioner: Practitioner,
    test_patient: Patient,
) -> None:
    appointment = appointment_payload()
    for text in ("Is there a slot?", "1"):
        request = signed_form("messages", inbound_message_payload(From=f"whatsapp:{PHONE}", To=CLINIC, Body=text))
        await client.post(**request)
        if text != "1":
            offered = await offer(member_client, test_practitioner, appointment["starts_at"])
    other = await write(member_client, "POST", "/patients", patient_payload(), status.HTTP_201_CREATED)
    taken = appointment | {"patient_id": other["id"], "starts_at": offered[0]}
    await write(member_client, "POST", "/appointments", taken, status.HTTP_201_CREATED)

    body = appointment | {"starts_at": await choice(member_client)}
    await write(member_client, "POST", "/appointments", body, status.HTTP_409_CONFLICT)
    again = await offer(member_client, test_practitioner, appointment["starts_at"])

    assert offered[0] not in again
    conversation = await current(member_client)
    assert (conversation["state"], conversation["context"]["slots"]) == ("waiting", again)
