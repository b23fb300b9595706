"""One event reaches a recipient on several channels, as far as the recipient wants."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient
from time_machine import Traveller

from your_service.core.events import EventBus
from your_service.core.tasks import Worker
from your_service.gateways.email import EmailSettings, SmtpEmailGateway
from your_service.gateways.twilio import TwilioClient, TwilioSettings
from your_service.modules.communications.tasks import send_due

from tests.support.gateways.email_server import HOST, SmtpServer
from tests.support.gateways.twilio_server import ACCOUNT, TwilioServer
from tests.support.worker import in_worker

pytestmark = pytest.mark.usefixtures("frozen_time")

PHONE = "+12025550123"
RESULT = UUID(int=1)
ADA = "00000000-0000-4000-8000-000000000002"
TEMPLATE = {
    "name": "results",
    "channels": ["email", "sms", "whatsapp"],
    "variables": ["name"],
    "subject": "Your results",
    "text": "Dear $name,\n\nyour results are here.",
    "short_text": "$name, your results are here.",
}
EVENT = {
    "template": "results",
    "values": {"name": "Ada"},
    "recipient_kind": "patient",
    "recipient_id": ADA,
    "addresses": {"email": "ada@example.com", "sms": PHONE, "whatsapp": PHONE},
}


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


@pytest.fixture(autouse=True)
async def _template(admin_client: AsyncClient) -> None:
    """Create the template."""
    response = await admin_client.post("/notification-templates", json=TEMPLATE)
    assert response.status_code == status.HTTP_201_CREATED


async def prefer(client: AsyncClient, **preference: Any) -> None:
    """Store how Ada wants to be notified."""
    body = {"recipient_kind": "patient", "recipient_id": ADA, **preference}
    response = await client.post("/notification-preferences", json=body)
    assert response.status_code == status.HTTP_201_CREATED


async def publish(events: EventBus) -> None:
    """Publish the event, as a module does that has results for Ada."""
    await events.publish("notification.requested", RESULT, about=UUID(ADA), **EVENT)
    await events.session.commit()


async def states(client: AsyncClient) -> dict[str, str]:
    """Return the states of Ada's communications by channel."""
    response = await client.get("/communications", params={"recipient_id": ADA})
    return {each["channel"]: each["state"] for each in response.json()["items"]}


async def test_an_event_reaches_the_channels_that_the_recipient_wants(
    member_client: AsyncClient,
    event_bus: EventBus,
    smtp_server: SmtpServer,
    twilio_server: TwilioServer,
) -> None:
    await prefer(member_client, channels=["sms", "email"])

    await publish(event_bus)
    await in_worker(send_due.run)

    [email] = smtp_server.messages
    assert (email.message["To"], email.message["Subject"]) == ("ada@example.com", "Your results")
    assert [(sms["To"], sms["Body"]) for sms in twilio_server.messages] == [(PHONE, "Ada, your results are here.")]
    response = await member_client.get("/notifications", params={"recipient_id": ADA})
    [notification] = response.json()["items"]
    assert [(each["channel"], each["not_sent"]) for each in notification["deliveries"]] == [
        ("email", None),
        ("sms", None),
        ("whatsapp", "not_wanted"),
    ]
    assert await states(member_client) == {"email": "sent", "sms": "sent"}


async def test_a_channel_that_fails_does_no_harm_to_the_others(
    member_client: AsyncClient,
    event_bus: EventBus,
    smtp_server: SmtpServer,
    twilio_server: TwilioServer,
) -> None:
    twilio_server.refuse(21211)

    await publish(event_bus)
    await in_worker(send_due.run)

    # WhatsApp accepts free text only after a message of the recipient.
    response = await member_client.get("/notifications", params={"recipient_id": ADA})
    [notification] = response.json()["items"]
    assert [(each["channel"], each["not_sent"]) for each in notification["deliveries"]] == [
        ("email", None),
        ("sms", None),
        ("whatsapp", "refused"),
    ]
    assert await states(member_client) == {"email": "sent", "sms": "failed"}
    assert (len(smtp_server.messages), twilio_server.messages) == (1, [])


async def test_a_channel_that_is_down_is_tried_again_while_the_others_go_on(
    member_client: AsyncClient,
    event_bus: EventBus,
    smtp_server: SmtpServer,
    twilio_server: TwilioServer,
    frozen_time: Traveller,
) -> None:
    await prefer(member_client, channels=["sms", "email"])
    twilio_server.refuse(20503, 503)
    await publish(event_bus)

    await in_worker(send_due.run)
    first = await states(member_client)
    frozen_time.shift(timedelta(hours=1))
    await in_worker(send_due.run)

    assert first == {"email": "sent", "sms": "queued"}
    assert await states(member_client) == {"email": "sent", "sms": "sent"}
    assert len(smtp_server.messages) == len(twilio_server.messages) == 1


async def test_events_in_quiet_hours_become_one_message_at_their_end(
    member_client: AsyncClient,
    event_bus: EventBus,
    smtp_server: SmtpServer,
    frozen_time: Traveller,
) -> None:
    # It is noon in London, and 21:00 in Tokyo.
    quiet = {"time_zone": "Asia/Tokyo", "quiet_from": "21:00", "quiet_until": "07:00"}
    await prefer(member_client, channels=["email"], **quiet)
    for _ in range(2):
        await publish(event_bus)

    frozen_time.shift(timedelta(hours=9, minutes=59))
    await in_worker(send_due.run)
    received = len(smtp_server.messages)
    frozen_time.shift(timedelta(minutes=1))
    await in_worker(send_due.run)

    [email] = smtp_server.messages
    assert (received, email.message["Subject"]) == (0, "2 notifications")
    assert str(email.message.get_payload()).count("Dear Ada,") == 2
