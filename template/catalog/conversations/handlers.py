"""What conversations do about events of other modules."""

from ...core.events import Event, EventBus, handles
from .models import Delivery
from .service import ConversationService

DELIVERIES = {f"communication.{delivery}": delivery for delivery in Delivery}
DELIVERIES["communication.scheduled"] = DELIVERIES.pop("communication.queued")
"""What each event of the module that sends messages says about a message."""


@handles("inbound_message.received")
async def continue_conversation(events: EventBus, event: Event) -> None:
    """Add an inbound message to the conversation of its sender, or start one."""
    data = event.data
    await ConversationService(events.session, events).receive(
        data["channel"],
        data["sender"],
        text=data["text"] or "",
        media=data["media"],
        provider_id=data["provider_id"],
    )


@handles(*DELIVERIES)
async def note_delivery(events: EventBus, event: Event) -> None:
    """Store what became of a message to a participant; do nothing about messages to others."""
    if event.about is not None:
        service = ConversationService(events.session, events)
        await service.note_delivery(event.about, DELIVERIES[event.name], event.data.get("failure"))


@handles("patient.erased")
async def erase_conversations(events: EventBus, event: Event) -> None:
    """Erase the conversations with a patient."""
    await ConversationService(events.session, events).erase(event.data["known_as"])
