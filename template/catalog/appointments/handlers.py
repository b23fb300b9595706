"""What appointments do about events of other modules."""

from datetime import timedelta
from uuid import UUID

from ...core.events import Event, EventBus, handles
from .service import AppointmentService


@handles("journey.offer_appointment")
async def offer_appointment(events: EventBus, event: Event) -> None:
    """Offer an appointment to the patient of a journey; publish `appointment.not_offered` if there is no free slot."""
    if event.about is None:
        return
    after = timedelta(days=event.data["after_days"])
    practitioner_id = UUID(event.data["practitioner_id"])
    offered = await AppointmentService(events.session, events).offer(event.about, practitioner_id, after)
    if offered is None:
        await events.publish("appointment.not_offered", event.record_id, about=event.about, **event.data)


@handles("patient.erased")
async def erase_appointments(events: EventBus, event: Event) -> None:
    """Erase what the appointments of a patient say about them."""
    await AppointmentService(events.session, events).erase(event.record_id)


@handles("slot.confirmed")
async def accept_appointment(events: EventBus, event: Event) -> None:
    """Book an offered appointment whose slot was confirmed elsewhere; raise what `accept` raises."""
    await AppointmentService(events.session, events).accept(UUID(event.data["appointment_id"]))
