"""A telephone call becomes an appointment that is confirmed on several channels; an unknown caller gets none."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from fastapi import status
from httpx2 import Client

from your_service.core.clock import utcnow
from your_service.modules.appointments.rules import WEEKDAYS

from tests.fixtures.webhooks import Signed
from tests.suite.waiting import wait_for
from tests.support.gateways.email_server import SmtpServer
from tests.support.gateways.twilio_server import TwilioServer

CALLER = "+12025550143"
ADA = {"given_name": "Ada", "family_name": "Lovelace", "birth_date": "1990-12-10", "email": "ada@example.com"}
REASON = {"reason": "Headache since Monday"}
TEMPLATE = {
    "name": "booked",
    "channels": ["email", "sms", "whatsapp"],
    "variables": ["name", "when"],
    "subject": "Your appointment",
    "text": "Dear $name,\n\nwe expect you at $when.",
    "short_text": "$name, we expect you at $when.",
    "whatsapp_template": f"HX{1:032x}",
}

Call = Callable[..., None]


@pytest.fixture
def call(client: Client, signed_call: Signed) -> Call:
    """Return a function that sends an event of a call; the voice agent repeats it, as after a lost response."""
    numbers = count(1)

    def send(kind: str, **data: Any) -> None:
        event = {"type": f"call.{kind}", "data": {"call_id": "call-1", "caller": CALLER, **data}}
        webhook_id = f"msg_{next(numbers)}"
        for _ in range(2):
            client.post(**signed_call(event, webhook_id)).raise_for_status()

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


def session_of_call(staff: Client) -> Any:
    """Return the only intake session."""
    (found,) = find(staff, "/intake-sessions", channel="voice")
    return staff.get(f"/intake-sessions/{found['id']}").raise_for_status().json()


def booking(practitioner: Any, patient_id: str | None) -> dict[str, Any]:
    """Return the request for a slot of the next week, when no reminder is due yet."""
    starts_at = datetime.combine(utcnow().date() + timedelta(days=7), datetime.min.time())
    return {"patient_id": patient_id, "practitioner_id": practitioner["id"], "starts_at": f"{starts_at.isoformat()}Z"}


def find_concluded(staff: Client, patient: Any, number: int) -> Any:
    """Return the messages to a patient by channel, once the worker has stored what became of so many."""
    messages = find(staff, "/communications", recipient_kind="patient", recipient_id=patient["id"])
    concluded = {each["channel"]: each for each in messages if each["state"] != "queued"}
    return concluded if len(concluded) == number else None


@pytest.mark.usefixtures("running_worker")
def test_a_new_caller_is_booked_and_gets_a_confirmation_on_each_channel(
    staff: Client,
    call: Call,
    practitioner: Any,
    smtp_server: SmtpServer,
    twilio_server: TwilioServer,
) -> None:
    create(staff, "/notification-templates", TEMPLATE)
    call("started")
    opened = session_of_call(staff)
    call("ended", collected=ADA | REASON)
    completed = session_of_call(staff)
    patient = staff.get(f"/patients/{completed['patient_id']}").raise_for_status().json()

    appointment = create(staff, "/appointments", booking(practitioner, patient["id"]))
    confirmation = {
        "template": "booked",
        "values": {"name": patient["given_name"], "when": appointment["starts_at"]},
        "recipient_kind": "patient",
        "recipient_id": patient["id"],
        "addresses": {"email": patient["email"], "sms": patient["phone"], "whatsapp": patient["phone"]},
    }
    notification = create(staff, "/notifications", confirmation)
    messages = wait_for(lambda: find_concluded(staff, patient, 3), "the confirmations to be sent")

    assert (opened["key"], opened["state"], opened["person"]["phone"]) == ("call-1", "open", CALLER)
    assert (completed["id"], completed["state"]) == (opened["id"], "completed")
    assert [(answer["link_id"], answer["value"]) for answer in completed["answers"]] == [*REASON.items()]
    assert patient.items() >= (ADA | {"phone": CALLER}).items()
    assert (appointment["patient_id"], appointment["state"]) == (patient["id"], "booked")
    assert {delivery["channel"]: delivery["communication_id"] for delivery in notification["deliveries"]} == {
        channel: message["id"] for channel, message in messages.items()
    }
    assert {channel: message["state"] for channel, message in messages.items()} == {
        "email": "sent",
        "sms": "sent",
        "whatsapp": "sent",
    }
    (email,) = smtp_server.messages
    assert (email.recipients, email.message["Subject"]) == ([ADA["email"]], "Your appointment")
    assert email.message.get_content().split() == f"Dear Ada, we expect you at {appointment['starts_at']}.".split()
    by_receiver = {message["To"]: message for message in twilio_server.messages}
    assert len(twilio_server.messages) == 2
    assert by_receiver[CALLER]["Body"] == f"Ada, we expect you at {appointment['starts_at']}."
    whatsapp = by_receiver[f"whatsapp:{CALLER}"]
    assert whatsapp["ContentSid"] == TEMPLATE["whatsapp_template"]
    assert json.loads(whatsapp["ContentVariables"]) == confirmation["values"]


def test_an_unknown_caller_gets_no_appointment_until_somebody_recognises_them(
    staff: Client,
    call: Call,
    practitioner: Any,
) -> None:
    ada = create(staff, "/patients", ADA | {"phone": CALLER})
    said = {name: value for name, value in ADA.items() if name != "email"}
    call("ended", caller=None, collected=said)
    session = session_of_call(staff)
    url = f"/intake-sessions/{session['id']}"

    refused = staff.post("/appointments", json=booking(practitioner, session["patient_id"]))
    exported = staff.get(f"{url}/fhir")
    candidates = find(staff, f"{url}/candidates")
    linked = create(staff, f"{url}/link", {"patient_id": ada["id"]})
    appointment = create(staff, "/appointments", booking(practitioner, linked["patient_id"]))

    assert (session["state"], session["patient_id"]) == ("submitted", None)
    assert refused.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert exported.status_code == status.HTTP_409_CONFLICT
    assert [candidate["id"] for candidate in candidates] == [ada["id"]]
    assert (linked["state"], appointment["patient_id"]) == ("completed", ada["id"])
    assert [patient["id"] for patient in find(staff, "/patients")] == [ada["id"]]
    assert find(staff, "/communications") == []


def test_a_call_that_the_voice_agent_has_not_signed_changes_nothing(
    staff: Client,
    client: Client,
    signed_call: Signed,
) -> None:
    event = {"type": "call.ended", "data": {"call_id": "call-1", "caller": CALLER, "collected": ADA}}
    request = signed_call(event)
    forged = request["content"].replace(b"Ada", b"Eve")

    refused = client.post(**request | {"content": forged})

    assert refused.status_code == status.HTTP_403_FORBIDDEN
    assert (find(staff, "/intake-sessions"), find(staff, "/patients")) == ([], [])
