"""What notifications do about events of other modules."""

from pydantic import ValidationError

from ...core.errors import ServiceError
from ...core.events import Event, EventBus, handles
from .schemas import NotificationCreate
from .service import NotificationPreferenceService, NotificationService


@handles("notification.requested")
async def notify(events: EventBus, event: Event) -> None:
    """Send a notification for another module; the data of the event is the body of a request.

    Publishes `notification.refused` if that is not possible, so that the other module need not know the templates.
    """
    try:
        async with events.session.begin_nested():
            data = NotificationCreate.model_validate(event.data)
            await NotificationService(events.session, events).notify(data)
    except (ServiceError, ValidationError) as error:
        await events.publish("notification.refused", event.record_id, about=event.about, detail=str(error))


@handles("patient.erased")
async def erase_preference(events: EventBus, event: Event) -> None:
    """Erase how a patient wants to be notified."""
    await NotificationPreferenceService(events.session, events).erase("patient", event.record_id)
