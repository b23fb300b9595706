"""Routes for the requests of Twilio and of a voice agent, and for the messages that arrived.

Providers have no token. They sign their requests, and each request names its organisation in its path. The signature is
checked first: a request without a valid one does not reach the database.
"""

import logging
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Request, status
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData

from ...core.callbacks import RawBody, parse_body
from ...core.errors import Forbidden
from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from ...core.security import OrganisationDep
from .models import CALL_EVENTS, InboundMessage
from .rules import is_signed_by_agent, is_signed_by_twilio, read_form, split_secrets
from .schemas import (
    AgentEvent,
    Call,
    InboundMessageQuery,
    InboundMessageRead,
    TwilioEvent,
    TwilioMessage,
    TwilioStatus,
)
from .service import InboundMessageService

MESSAGE_EVENTS = "com.twilio.messaging."
RECEIVED = f"{MESSAGE_EVENTS}inbound-message.received"

logger = logging.getLogger(__name__)

callbacks = ServiceRouter(prefix="/webhooks", tags=["webhooks"])
messages = ServiceRouter(prefix="/inbound-messages", tags=["webhooks"])

Service = Annotated[InboundMessageService, Depends(InboundMessageService.of_request)]
Signature = Annotated[str, Header(alias="X-Twilio-Signature")]


async def signed_form(request: Request, body: RawBody, signature: Signature = "") -> dict[str, Any]:
    """Return the fields of a form that Twilio has signed, or raise `Forbidden`."""
    form = read_form(body)
    _require_twilio(request, form, signature)
    return dict(form)


async def signed_json(request: Request, body: RawBody, signature: Signature = "") -> bytes:
    """Return a JSON body that Twilio has signed, or raise `Forbidden`."""
    _require_twilio(request, body, signature)
    return body


async def signed_event(request: Request, body: RawBody) -> bytes:
    """Return the body of a request that the voice agent has signed, or raise `Forbidden`."""
    secrets = split_secrets(request.app.state.settings.voice_agent_secrets.get_secret_value())
    if not is_signed_by_agent(secrets, body, request.headers):
        raise _not_signed("the voice agent")
    return body


def _require_twilio(request: Request, content: FormData | bytes, signature: str) -> None:
    settings = request.app.state.settings
    # Behind a proxy, the URL of the request is another one than that which Twilio has signed.
    url = str(settings.webhooks_public_url).rstrip("/") + request.url.path
    if request.url.query:
        url += f"?{request.url.query}"
    token = settings.twilio_auth_token
    if token is None or not is_signed_by_twilio(token.get_secret_value(), url, content, signature):
        raise _not_signed("Twilio")


def _not_signed(sender: str) -> Forbidden:
    logger.warning("A request with a signature that is not valid was refused; it says that it comes from %s.", sender)
    return Forbidden("The signature is not valid.")


@callbacks.public.post("/{organisation_id}/twilio/messages", status_code=status.HTTP_204_NO_CONTENT)
async def receive_message(
    form: Annotated[dict[str, Any], Depends(signed_form)],
    organisation: OrganisationDep,
    service: Service,
) -> None:
    """Receive an SMS or a WhatsApp message of Twilio."""
    await service.receive_message(parse_body(TwilioMessage, form))


@callbacks.public.post("/{organisation_id}/twilio/statuses", status_code=status.HTTP_204_NO_CONTENT)
async def receive_status(
    form: Annotated[dict[str, Any], Depends(signed_form)],
    organisation: OrganisationDep,
    service: Service,
) -> None:
    """Receive the delivery status of a message that was sent with Twilio."""
    await service.receive_status(parse_body(TwilioStatus, form))


@callbacks.public.post("/{organisation_id}/twilio/events", status_code=status.HTTP_204_NO_CONTENT)
async def receive_events(
    body: Annotated[bytes, Depends(signed_json)],
    organisation: OrganisationDep,
    service: Service,
) -> None:
    """Receive messages and statuses of Twilio's Event Streams; other events are ignored."""
    for event in parse_body(list[TwilioEvent], body):
        try:
            if event.type == RECEIVED:
                await service.receive_message(parse_body(TwilioMessage, event.fields))
            elif event.type.startswith(f"{MESSAGE_EVENTS}message."):
                await service.receive_status(parse_body(TwilioStatus, event.fields))
        except RequestValidationError:
            # Such as a message of another channel. Twilio would repeat the whole request, and drop all its events in the end.
            logger.warning("An event of Twilio was ignored, because its data are not valid: %s", event.type)


@callbacks.public.post("/{organisation_id}/voice-agent", status_code=status.HTTP_204_NO_CONTENT)
async def receive_call(
    body: Annotated[bytes, Depends(signed_event)],
    webhook_id: Annotated[str, Header(max_length=200)],
    organisation: OrganisationDep,
    service: Service,
) -> None:
    """Receive the start or the end of a call of the voice agent; other events are ignored."""
    event = parse_body(AgentEvent, body)
    if event.type in CALL_EVENTS:
        await service.receive_call(webhook_id, CALL_EVENTS[event.type], parse_body(Call, event.data))


@messages.get("", response_model=Page[InboundMessageRead])
async def list_inbound_messages(
    query: Annotated[InboundMessageQuery, Query()],
    service: Service,
) -> Listing[InboundMessage]:
    """List inbound messages, oldest first."""
    return await service.list(query)


@messages.get("/{inbound_message_id}", response_model=InboundMessageRead)
async def get_inbound_message(inbound_message_id: UUID, service: Service) -> InboundMessage:
    """Return an inbound message."""
    return await service.get(inbound_message_id)


router = ServiceRouter()
router.include_router(callbacks)
router.include_router(messages)
