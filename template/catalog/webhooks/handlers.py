"""What webhooks do when the data of a patient is erased."""

from ...core.events import Event, EventBus, handles
from .service import InboundMessageService


@handles("patient.erased")
async def erase_inbound_messages(events: EventBus, event: Event) -> None:
    """Erase the messages from a patient."""
    await InboundMessageService(events.session, events).erase(event.data["known_as"])
