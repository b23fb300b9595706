"""Fixtures of webhooks: requests that Twilio and a voice agent have signed, and inbound messages."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from fastapi import FastAPI
from pydantic import HttpUrl, SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from your_service.core.clock import utcnow
from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.webhooks.models import InboundMessage
from your_service.modules.webhooks.schemas import TwilioMessage
from your_service.modules.webhooks.service import InboundMessageService

from tests.support.factories import Factory, Payload
from tests.support.gateways.twilio_server import TOKEN

PUBLIC_URL = "https://clinic.example.com"
VOICE_SECRET, OTHER_SECRET = (
    f"whsec_{b64encode(key).decode()}" for key in (b"first secret of the test", b"other secret of the test")
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}

Signed = Callable[..., dict[str, Any]]
"""A function that makes the arguments of a POST request with a valid signature."""


@pytest.fixture
def webhook_app(app: FastAPI) -> Iterator[FastAPI]:
    """The application with a public URL, the token of Twilio, and two secrets of a voice agent."""
    changed = {
        "webhooks_public_url": HttpUrl(PUBLIC_URL),
        "twilio_auth_token": SecretStr(TOKEN),
        "voice_agent_secrets": SecretStr(f"{VOICE_SECRET}, {OTHER_SECRET}"),
    }
    before = app.state.settings
    app.state.settings = before.model_copy(update=changed)
    yield app
    app.state.settings = before


@pytest.fixture
def signed_form(test_org_id: UUID) -> Signed:
    """Return a function that signs a form: `client.post(**signed_form("messages", fields))`."""

    def sign(path: str, fields: dict[str, str], organisation_id: UUID = test_org_id) -> dict[str, Any]:
        url = f"/webhooks/{organisation_id}/twilio/{path}"
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + url, FormData(fields))
        return {"url": url, "content": urlencode(fields), "headers": FORM | {"X-Twilio-Signature": signature}}

    return sign


@pytest.fixture
def signed_events(test_org_id: UUID) -> Signed:
    """Return a function that signs events of Twilio: `client.post(**signed_events([event]))`."""

    def sign(events: Any) -> dict[str, Any]:
        content = events if isinstance(events, bytes) else json.dumps(events).encode()
        url = f"/webhooks/{test_org_id}/twilio/events?bodySHA256={sha256(content).hexdigest()}"
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + url, {})
        return {"url": url, "content": content, "headers": JSON | {"X-Twilio-Signature": signature}}

    return sign


@pytest.fixture
def signed_call(test_org_id: UUID) -> Signed:
    """Return a function that signs an event of the voice agent: `client.post(**signed_call(event))`."""

    def sign(event: Any, webhook_id: str = "msg_1", secret: str = VOICE_SECRET, at: Any = None) -> dict[str, Any]:
        content = event if isinstance(event, bytes) else json.dumps(event).encode()
        moment = at or utcnow()
        signature = Webhook(secret).sign(webhook_id, moment, content.decode(errors="replace"))
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signature,
        }
        return {"url": f"/webhooks/{test_org_id}/voice-agent", "content": content, "headers": JSON | headers}

    return sign


@pytest.fixture
def inbound_message_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> InboundMessageService:
    """The service for inbound messages of the test's organisation."""
    return InboundMessageService(db_session, event_bus)


@pytest.fixture
def inbound_message_payload() -> Payload:
    """Return a function that makes the form of a message from Twilio, with another id each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        return {
            "MessageSid": f"SM{next(numbers):032x}",
            "From": "+12025550143",
            "To": "+15005550006",
            "Body": "Is there a slot on Monday?",
            "NumMedia": "0",
            **overrides,
        }

    return make


@pytest.fixture
def make_inbound_message(
    inbound_message_service: InboundMessageService,
    inbound_message_payload: Payload,
) -> Factory[InboundMessage]:
    """Return a function that receives a message; arguments override the payload."""

    async def make(**overrides: Any) -> InboundMessage:
        message = TwilioMessage.model_validate(inbound_message_payload(**overrides))
        await inbound_message_service.receive_message(message)
        statement = select(InboundMessage).where(InboundMessage.provider_id == message.provider_id)
        found = await inbound_message_service.session.scalars(statement)
        return found.one()

    return make


@pytest.fixture
async def test_inbound_message(make_inbound_message: Factory[InboundMessage]) -> InboundMessage:
    """An SMS."""
    return await make_inbound_message()


@pytest.fixture
def test_inbound_message_id(test_inbound_message: InboundMessage) -> UUID:
    """The identifier of `test_inbound_message`."""
    return test_inbound_message.id
