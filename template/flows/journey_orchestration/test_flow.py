"""The stages of a journey send messages and offer an appointment."""

from typing import Any

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.core.tasks import Worker
from your_service.gateways.email import EmailSettings, SmtpEmailGateway
from your_service.gateways.twilio import TwilioClient, TwilioSettings
from your_service.modules.appointments.models import Practitioner
from your_service.modules.communications.tasks import send_due

from tests.support.factories import Factory, Payload
from tests.support.gateways.email_server import HOST, SmtpServer
from tests.support.gateways.twilio_server import ACCOUNT, TwilioServer
from tests.support.worker import in_worker

PHONE = "+12025550123"
WELCOME = {
    "action": "send_communication",
    "channel": "email",
    "subject": "Your knee",
    "text": "We look forward to seeing you.",
}
REMIND = {"action": "send_communication", "channel": "sms", "text": "Please answer our offer."}


@pytest.fixture(autouse=True)
def _real_clients(
    celery_app: Worker,
    smtp_server: SmtpServer,
    twilio_server: TwilioServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let the worker send to a mail server and a server of Twilio's API on this machine."""
    monkeypatch.setenv("NO_PROXY", HOST)
    email: dict[str, Any] = {"smtp_host": HOST, "smtp_port": smtp_server.port, "smtp_security": "none"}
    twilio: dict[str, Any] = {"twilio_api_url": twilio_server.url, "twilio_account_sid": ACCOUNT}
    celery_app.email = SmtpEmailGateway(EmailSettings(_env_file=None, email_sender="us@example.com", **email))
    celery_app.twilio = TwilioClient(TwilioSettings(_env_file=None, twilio_phone_number="+15005550006", **twilio))


@pytest.fixture
def start_journey(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    patient_payload: Payload,
    journey_definition_payload: Payload,
    test_practitioner: Practitioner,
) -> Factory[Any]:
    """Return a function that registers a patient and starts a journey; arguments override the patient."""
    offer = {"action": "offer_appointment", "practitioner_id": str(test_practitioner.id), "after_days": 2}
    stages = [
        {"name": "Referral", "actions": [WELCOME]},
        {"name": "Consultation", "actions": [offer, REMIND]},
        "Surgery",
    ]

    async def start(**patient: Any) -> Any:
        values = {"email": "ada@example.com", "phone": PHONE, **patient}
        registered = await post(member_client, "/patients", patient_payload(**values))
        definition = await post(admin_client, "/journey-definitions", journey_definition_payload(stages=stages))
        parties = {"patient_id": registered["id"], "definition_id": definition["id"]}
        return await post(member_client, "/journeys", parties)

    return start


async def post(client: AsyncClient, url: str, body: Any = None) -> Any:
    response = await client.post(url, json=body)
    assert response.status_code in {status.HTTP_200_OK, status.HTTP_201_CREATED}, response.text
    return response.json()


async def items(client: AsyncClient, url: str, **query: str) -> list[Any]:
    response = await client.get(url, params=query)
    found: list[Any] = response.json()["items"]
    return found


async def events_of(client: AsyncClient, patient_id: str) -> list[str]:
    return [event["name"] for event in await items(client, f"/patients/{patient_id}/timeline")]


async def test_stages_send_messages_and_an_offer_becomes_an_appointment(
    member_client: AsyncClient,
    start_journey: Factory[Any],
    smtp_server: SmtpServer,
    twilio_server: TwilioServer,
) -> None:
    journey = await start_journey()
    await in_worker(send_due.run)
    [email] = smtp_server.messages
    assert (email.message["To"], email.message["Subject"]) == ("ada@example.com", "Your knee")

    await post(member_client, f"/journeys/{journey['id']}/advance", {"stage": "Consultation"})
    await in_worker(send_due.run)
    [offer] = await items(member_client, "/appointments", state="offered")
    accepted = await post(member_client, f"/appointments/{offer['id']}/accept")

    assert [(sms["To"], sms["Body"]) for sms in twilio_server.messages] == [(PHONE, "Please answer our offer.")]
    assert (accepted["patient_id"], accepted["state"]) == (journey["patient_id"], "booked")
    sent = await items(member_client, "/communications", recipient_id=journey["patient_id"], state="sent")
    assert [(each["channel"], each["text"]) for each in sent] == [
        ("email", "We look forward to seeing you."),
        ("sms", "Please answer our offer."),
    ]
    assert await events_of(member_client, journey["patient_id"]) == [
        "patient.created",
        "journey.started",
        "journey.send_communication",
        "communication.scheduled",
        "communication.sent",
        "journey.advanced",
        "journey.offer_appointment",
        "appointment.offered",
        "journey.send_communication",
        "communication.scheduled",
        "communication.sent",
        "appointment.booked",
    ]


async def test_a_repeated_advance_sends_and_offers_nothing_again(
    member_client: AsyncClient,
    start_journey: Factory[Any],
    smtp_server: SmtpServer,
    twilio_server: TwilioServer,
) -> None:
    journey = await start_journey()
    url = f"/journeys/{journey['id']}/advance"
    await post(member_client, url, {"stage": "Consultation"})

    again = await member_client.post(url, json={"stage": "Consultation"})
    await in_worker(send_due.run)

    assert again.status_code == status.HTTP_409_CONFLICT
    assert (len(smtp_server.messages), len(twilio_server.messages)) == (1, 1)
    assert len(await items(member_client, "/appointments")) == 1


async def test_a_journey_goes_on_although_no_action_is_possible(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    start_journey: Factory[Any],
    test_practitioner: Practitioner,
    smtp_server: SmtpServer,
    twilio_server: TwilioServer,
) -> None:
    changed = await admin_client.patch(f"/practitioners/{test_practitioner.id}", json={"active": False})
    journey = await start_journey(email=None, phone="030 12345")

    advanced = await post(member_client, f"/journeys/{journey['id']}/advance", {"stage": "Consultation"})
    await in_worker(send_due.run)

    assert (changed.json()["active"], advanced["stage"]) == (False, "Consultation")
    assert (smtp_server.messages, twilio_server.messages) == ([], [])
    assert await items(member_client, "/appointments") == []
    assert await events_of(member_client, journey["patient_id"]) == [
        "patient.created",
        "journey.started",
        "journey.unreachable",
        "journey.advanced",
        "journey.offer_appointment",
        "appointment.not_offered",
        "journey.send_communication",
        "communication.failed",
    ]
