"""Routes for practitioners and appointments."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from ...core.security import ADMIN_ONLY, PrincipalDep
from .models import Appointment, Practitioner
from .rules import Span
from .schemas import (
    AppointmentCancel,
    AppointmentCreate,
    AppointmentQuery,
    AppointmentRead,
    AppointmentReschedule,
    PractitionerCreate,
    PractitionerQuery,
    PractitionerRead,
    PractitionerUpdate,
    ReminderQuery,
    SlotQuery,
    SlotRead,
    WorkingHours,
)
from .service import AppointmentService, PractitionerService

practitioners = ServiceRouter(prefix="/practitioners", tags=["practitioners"])
appointments = ServiceRouter(prefix="/appointments", tags=["appointments"])

Practitioners = Annotated[PractitionerService, Depends(PractitionerService.of_request)]
Service = Annotated[AppointmentService, Depends(AppointmentService.of_request)]


@practitioners.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=PractitionerRead,
    dependencies=ADMIN_ONLY,
)
async def create_practitioner(data: PractitionerCreate, service: Practitioners) -> Practitioner:
    """Create a practitioner without working hours."""
    return await service.create(data)


@practitioners.get("", response_model=Page[PractitionerRead])
async def list_practitioners(
    query: Annotated[PractitionerQuery, Query()],
    service: Practitioners,
) -> Listing[Practitioner]:
    """List practitioners, oldest first."""
    return await service.list(query)


@practitioners.get("/{practitioner_id}", response_model=PractitionerRead)
async def get_practitioner(practitioner_id: UUID, service: Practitioners) -> Practitioner:
    """Return a practitioner."""
    return await service.get(practitioner_id)


@practitioners.patch("/{practitioner_id}", response_model=PractitionerRead, dependencies=ADMIN_ONLY)
async def update_practitioner(
    practitioner_id: UUID,
    changes: PractitionerUpdate,
    service: Practitioners,
) -> Practitioner:
    """Change a practitioner."""
    return await service.update(practitioner_id, changes)


@practitioners.put("/{practitioner_id}/working-hours", response_model=PractitionerRead, dependencies=ADMIN_ONLY)
async def replace_working_hours(practitioner_id: UUID, hours: WorkingHours, service: Practitioners) -> Practitioner:
    """Replace the working hours of the whole week."""
    return await service.replace_working_hours(practitioner_id, hours)


@practitioners.get("/{practitioner_id}/slots", response_model=list[SlotRead])
async def find_free_slots(
    practitioner_id: UUID,
    query: Annotated[SlotQuery, Query()],
    service: Practitioners,
) -> list[Span]:
    """List the free slots of a practitioner, by local day."""
    return await service.free_slots(practitioner_id, query)


@appointments.post("", status_code=status.HTTP_201_CREATED, response_model=AppointmentRead)
async def book_appointment(data: AppointmentCreate, service: Service) -> Appointment:
    """Book a slot of a practitioner for a patient."""
    return await service.book(data)


@appointments.get("", response_model=Page[AppointmentRead])
async def list_appointments(query: Annotated[AppointmentQuery, Query()], service: Service) -> Listing[Appointment]:
    """List appointments, earliest first."""
    return await service.list(query)


@appointments.get("/reminders-due", response_model=Page[AppointmentRead])
async def find_reminders_due(query: Annotated[ReminderQuery, Query()], service: Service) -> Listing[Appointment]:
    """List the appointments that start soon and need a reminder, earliest first."""
    return await service.list(query)


@appointments.get("/{appointment_id}", response_model=AppointmentRead)
async def get_appointment(appointment_id: UUID, service: Service) -> Appointment:
    """Return an appointment."""
    return await service.get(appointment_id)


@appointments.post("/{appointment_id}/accept", response_model=AppointmentRead)
async def accept_appointment(appointment_id: UUID, service: Service) -> Appointment:
    """Book an appointment that was offered."""
    return await service.accept(appointment_id)


@appointments.post("/{appointment_id}/reschedule", response_model=AppointmentRead)
async def reschedule_appointment(appointment_id: UUID, data: AppointmentReschedule, service: Service) -> Appointment:
    """Move an appointment to another slot of its practitioner."""
    return await service.reschedule(appointment_id, data)


@appointments.post("/{appointment_id}/cancel", response_model=AppointmentRead)
async def cancel_appointment(
    appointment_id: UUID,
    data: AppointmentCancel,
    service: Service,
    principal: PrincipalDep,
) -> Appointment:
    """Cancel an appointment; the event records the authenticated user."""
    return await service.cancel(appointment_id, data.reason, principal.user_id)


@appointments.post("/{appointment_id}/complete", response_model=AppointmentRead)
async def complete_appointment(appointment_id: UUID, service: Service) -> Appointment:
    """Mark an appointment as completed."""
    return await service.complete(appointment_id)


@appointments.post("/{appointment_id}/no-show", response_model=AppointmentRead)
async def mark_no_show(appointment_id: UUID, service: Service) -> Appointment:
    """Mark an appointment as missed by the patient."""
    return await service.mark_no_show(appointment_id)


@appointments.post("/{appointment_id}/reminded", response_model=AppointmentRead)
async def mark_reminded(appointment_id: UUID, service: Service) -> Appointment:
    """Mark the reminder of an appointment as sent."""
    return await service.mark_reminded(appointment_id)


router = ServiceRouter()
router.include_router(practitioners)
router.include_router(appointments)
