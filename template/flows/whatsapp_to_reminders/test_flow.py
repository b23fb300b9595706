"""A new patient books by WhatsApp and is reminded; another finds that the last slot was taken meanwhile."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import Client

from your_service.core.clock import utcnow
from your_service.modules.appointments.rules import WEEKDAYS

from tests.fixtures.webhooks import PUBLIC_URL, Signed
from tests.suite.waiting import wait_for
from tests.support.factories import Payload
from tests.support.gateways.email_server import SmtpServer
from tests.support.gateways.twilio_server import TwilioServer

PHONE = "+12025550143"
CLINIC = "whatsapp:+15005550006"
ADA = {"given_name": "Ada", "family_name": "Lovelace", "birth_date": "1990-12-10", "email": "ada@example.com"}
GRACE = {"given_name": "Grace", "family_name": "Hopper", "birth_date": "1986-12-09", "email": "grace@example.com"}
EVENTS = [
    "appointment.booked",
    "appointment.reminded",
    "communication.delivered",
    "communication.scheduled",
    "communication.sent",
    "patient.created",
]

Say = Callable[[str], None]


@pytest.fixture
def say(client: Client, signed_form: Signed, inbound_message_payload: Payload) -> Say:
    """Return a function that sends a message of the patient; Twilio repeats its request, as after a lost response."""

    def send(text: str) -> None:
        message = inbound_message_payload(From=f"whatsapp:{PHONE}", To=CLINIC, Body=text)
        for _ in range(2):
            client.post(**signed_form("messages", message)).raise_for_status()

    return send


@pytest.fixture
def practitioner(staff: Client) -> Any:
    """A practitioner with slots of four hours from 0:00 to 20:00 every day."""
    made = create(staff, "/practitioners", {"name": "Dr Snow", "time_zone": "UTC", "slot_minutes": 240})
    hours = [{"weekday": weekday, "starts_at": "00:00", "ends_at": "20:00"} for weekday in WEEKDAYS]
    url = f"/practitioners/{made['id']}/working-hours"
    return staff.put(url, json={"working_hours": hours}).raise_for_status().json()


def create(staff: Client, url: str, body: dict[str, Any]) -> Any:
    """Send a request that must succeed, and return the body of its response."""
    response = staff.post(url, json=body)
    assert response.is_success, response.text
    return response.json()


def find(staff: Client, url: str, **query: Any) -> Any:
    """Return the items of a list."""
    return staff.get(url, params=query).raise_for_status().json()["items"]


def free_slots(staff: Client, practitioner: Any, first: date, last: date) -> list[str]:
    """Return the starts of the free slots from the first day to the last."""
    days = {"from": str(first), "to": str(last)}
    slots = staff.get(f"/practitioners/{practitioner['id']}/slots", params=days).raise_for_status().json()
    return [slot["starts_at"] for slot in slots]


def offer(staff: Client, conversation: Any, slots: list[str]) -> None:
    """Send the patient numbered slots, and keep them in the context of the conversation."""
    url = f"/conversations/{conversation['id']}"
    staff.patch(url, json={"context": {"slots": slots}}).raise_for_status()
    reply(staff, conversation, "\n".join(f"{number}: {slot}" for number, slot in enumerate(slots, 1)))


def reply(staff: Client, conversation: Any, text: str) -> None:
    create(staff, f"/conversations/{conversation['id']}/messages", {"text": text})


def choice(staff: Client, conversation: Any) -> str:
    """Return the slot whose number the patient has sent last."""
    url = f"/conversations/{conversation['id']}"
    answer = find(staff, f"{url}/messages", direction="inbound")[-1]["text"]
    chosen: str = staff.get(url).json()["context"]["slots"][int(answer) - 1]
    return chosen


def booking(patient: Any, practitioner: Any, starts_at: str) -> dict[str, Any]:
    return {"patient_id": patient["id"], "practitioner_id": practitioner["id"], "starts_at": starts_at}


def find_sent(staff: Client, number: int) -> Any:
    """Return the messages to the patient once the worker has stored that it sent so many."""
    sent = find(staff, "/communications", address=PHONE, state="sent")
    return sent if len(sent) == number else None


def find_reminded(staff: Client, appointment: Any) -> Any:
    """Return the appointment once the worker has stored that the patient was reminded."""
    found = staff.get(f"/appointments/{appointment['id']}").json()
    return found if found["reminded_at"] else None


@pytest.mark.usefixtures("running_worker")
def test_a_new_patient_books_and_is_reminded(
    staff: Client,
    client: Client,
    say: Say,
    signed_form: Signed,
    practitioner: Any,
    smtp_server: SmtpServer,
    twilio_server: TwilioServer,
    test_org_id: UUID,
) -> None:
    today = utcnow().date()
    say("Hello, I am Ada Lovelace. When can I see Dr Snow?")
    (conversation,) = find(staff, "/conversations", participant=PHONE)
    patient = create(staff, "/patients", ADA | {"phone": conversation["participant"]})
    # Not the first slot, which may start during the test.
    offered = free_slots(staff, practitioner, today, today + timedelta(days=1))[1:3]
    offer(staff, conversation, offered)
    wait_for(lambda: find_sent(staff, 1), "the offer to be sent")

    say("2")
    appointment = create(staff, "/appointments", booking(patient, practitioner, choice(staff, conversation)))
    reply(staff, conversation, f"Booked: {appointment['starts_at']}")
    text_reminder = {
        "channel": "whatsapp",
        "address": patient["phone"],
        "recipient_kind": "patient",
        "recipient_id": patient["id"],
        "text": "See you soon!",
        "send_at": (utcnow() + timedelta(seconds=2)).isoformat(),
    }
    scheduled = create(staff, "/communications", text_reminder)
    wait_for(lambda: find_reminded(staff, appointment), "the reminder by e-mail to be stored")
    *_, sent = wait_for(lambda: find_sent(staff, 3), "the reminder by WhatsApp to be sent")
    report = {"MessageSid": sent["provider_id"], "MessageStatus": "delivered"}
    client.post(**signed_form("statuses", report)).raise_for_status()

    offer_text = f"1: {offered[0]}\n2: {offered[1]}"
    assert appointment["starts_at"] == offered[1]
    assert [message["Body"] for message in twilio_server.messages] == [
        offer_text,
        f"Booked: {offered[1]}",
        "See you soon!",
    ]
    assert {(message["From"], message["To"]) for message in twilio_server.messages} == {(CLINIC, f"whatsapp:{PHONE}")}
    callback = f"{PUBLIC_URL}/webhooks/{test_org_id}/twilio/statuses"
    assert {message["StatusCallback"] for message in twilio_server.messages} == {callback}
    assert (sent["id"], sent["provider_id"]) == (scheduled["id"], f"SM{3:032x}")
    assert datetime.fromisoformat(sent["sent_at"]) >= datetime.fromisoformat(scheduled["send_at"])
    (reminder,) = smtp_server.messages
    assert reminder.recipients == [ADA["email"]]
    assert f"at {datetime.fromisoformat(offered[1]):%H:%M} (UTC time)" in reminder.message.get_content()
    # Nothing has happened twice, although each message of the patient arrived twice.
    turns = find(staff, f"/conversations/{conversation['id']}/messages")
    assert [turn["direction"] for turn in turns] == ["inbound", "outbound"] * 2
    assert sorted(event["name"] for event in find(staff, f"/patients/{patient['id']}/timeline")) == EVENTS


@pytest.mark.usefixtures("running_worker")
def test_a_patient_is_told_that_no_slot_is_left(
    staff: Client,
    say: Say,
    practitioner: Any,
    twilio_server: TwilioServer,
) -> None:
    day = utcnow().date() + timedelta(days=2)
    say("Hello, I am Ada Lovelace. Can I see Dr Snow the day after tomorrow?")
    (conversation,) = find(staff, "/conversations", participant=PHONE)
    ada, grace = (create(staff, "/patients", patient) for patient in (ADA, GRACE))
    *taken, last = free_slots(staff, practitioner, day, day)
    offer(staff, conversation, [last])
    say("1")
    for starts_at in [*taken, last]:
        create(staff, "/appointments", booking(grace, practitioner, starts_at))

    refused = staff.post("/appointments", json=booking(ada, practitioner, choice(staff, conversation)))
    left = free_slots(staff, practitioner, day, day)
    reply(staff, conversation, "I am sorry: no slot is left on that day.")
    wait_for(lambda: find_sent(staff, 2), "the answers to be sent")

    assert refused.status_code == status.HTTP_409_CONFLICT
    assert refused.json()["errors"][0]["loc"] == ["body", "practitioner_id"]
    assert left == []
    assert [message["Body"] for message in twilio_server.messages] == [
        f"1: {last}",
        "I am sorry: no slot is left on that day.",
    ]
    due = find(staff, "/appointments/reminders-due", lead_hours=24 * 14)
    assert [each["patient_id"] for each in due] == [grace["id"]] * 5
