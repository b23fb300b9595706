"""What conversations do when other modules publish events."""

from ...core.events import Event, EventBus, handles
from .service import ConversationService


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
