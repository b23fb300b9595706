"""What communications do about events of other modules."""

from typing import Any

from pydantic import ValidationError

from ...core.events import Event, EventBus, handles
from .rules import Channel
from .schemas import CommunicationCreate
from .service import CommunicationService, Refusal

CONVERSED = (Channel.SMS, Channel.WHATSAPP)
"""The channels of conversations; others have no text alone."""


@handles("inbound_message.received")
async def note_inbound_message(events: EventBus, event: Event) -> None:
    """Store when a person wrote, which opens WhatsApp's window, and whether they opted out or in."""
    channel, sender, text = (event.data[name] for name in ("channel", "sender", "text"))
    service = CommunicationService(events.session, events)
    await service.receive(Channel(channel), sender, text or "", event.occurred_at)


@handles("delivery_status.received")
async def note_delivery_status(events: EventBus, event: Event) -> None:
    """Store what became of a message."""
    service = CommunicationService(events.session, events)
    await service.report(event.data["provider_id"], event.data["status"], event.data.get("error_code"))


@handles("journey.send_communication")
async def send_communication(events: EventBus, event: Event) -> None:
    """Queue the message of a stage; what cannot be sent is stored as failed, because the journey goes on."""
    channel = Channel(event.data["channel"])
    values = {
        "channel": channel,
        "address": event.data["recipient"],
        "recipient_kind": "patient",
        "recipient_id": event.about,
        "text": event.data["text"],
    }
    if channel is Channel.EMAIL:
        values["subject"] = event.data.get("subject") or event.data["stage"]
    await _queue(events, values)


@handles("invoice.message")
async def send_invoice_message(events: EventBus, event: Event) -> None:
    """Queue a message about an invoice; what cannot be sent is stored as failed, because the invoice goes on."""
    values = {
        "channel": Channel.EMAIL,
        "address": event.data["recipient"],
        "recipient_kind": "invoice",
        "recipient_id": event.record_id,
        "subject": event.data["subject"],
        "text": event.data["text"],
    }
    await _queue(events, values)


@handles("conversation.replied")
async def send_reply(events: EventBus, event: Event) -> None:
    """Queue the answer to the participant of a conversation; what cannot be sent is stored as failed."""
    if event.data["channel"] not in CONVERSED:
        return
    values = {
        "channel": Channel(event.data["channel"]),
        "address": event.data["participant"],
        "recipient_kind": "conversation_message",
        "recipient_id": event.data["message_id"],
        "text": event.data["text"],
    }
    await _queue(events, values)


async def _queue(events: EventBus, values: dict[str, Any]) -> None:
    try:
        data, refusal = CommunicationCreate.model_validate(values), None
    except ValidationError:
        data, refusal = CommunicationCreate.model_construct(**values), Refusal.INVALID
    await CommunicationService(events.session, events).schedule_or_fail(data, refusal)


@handles("patient.erased")
async def erase_messages(events: EventBus, event: Event) -> None:
    """Erase the messages to a patient, also those to their numbers and addresses."""
    await CommunicationService(events.session, events).erase("patient", event.record_id, event.data["known_as"])
