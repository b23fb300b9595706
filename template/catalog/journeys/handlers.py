"""What journeys do about events of other modules."""

from ...core.events import Event, EventBus, handles
from .service import JourneyService


@handles("patient.erased")
async def erase_journeys(events: EventBus, event: Event) -> None:
    """Erase what the journeys of a patient say about them."""
    await JourneyService(events.session, events).erase(event.record_id)
