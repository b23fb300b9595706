"""The rules of practitioners and appointments."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ScalarSelect, SQLColumnExpression, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.clock import utcnow
from ...core.errors import Conflict, Unprocessable
from ...core.events import EventBus
from ...core.lifecycle import Lifecycle, Transitions
from ...core.resource import Conditions, Listing, Resource
from ...core.schemas import ListQuery
from ..patients.models import Patient
from .models import Appointment, AppointmentState, Practitioner
from .rules import Span, in_order, slot_at, slots_between, still_free
from .schemas import (
    AppointmentCreate,
    AppointmentQuery,
    AppointmentReschedule,
    ReminderQuery,
    SlotQuery,
    WorkingHours,
)

PARTIES = (Appointment.practitioner_id, Appointment.patient_id)
"""Who must be free at the time of an appointment."""
BEFORE_THE_START = frozenset({AppointmentState.BOOKED, AppointmentState.CANCELLED})
"""The states that an appointment takes on before it starts; the others it takes on afterwards."""

Key = UUID | ScalarSelect[UUID]


class PractitionerService(Resource[Practitioner]):
    """Practitioners of the organisation in scope, and their slots."""

    model = Practitioner
    name = "practitioner"
    searchable = ("name",)

    async def replace_working_hours(self, practitioner_id: UUID, hours: WorkingHours) -> Practitioner:
        """Replace the hours of the whole week; what is booked stays. Raises NotFound."""
        practitioner = await self._locked(practitioner_id)
        practitioner.working_hours = in_order(hours.working_hours)
        await self.session.flush()
        self._publish("updated", practitioner, fields=["working_hours"])
        return practitioner

    async def free_slots(self, practitioner_id: UUID, query: SlotQuery) -> list[Span]:
        """Return the slots that can still be booked, in order: none of an inactive practitioner. Raises NotFound."""
        practitioner = await self.get(practitioner_id)
        slots = slots_between(practitioner.schedule, *query.days)
        if not practitioner.active or not slots:
            return []
        whole = Span(slots[0].starts_at, slots[-1].ends_at)
        booked = select(Appointment).where(Appointment.practitioner_id == practitioner_id, *_booked_during(whole))
        appointments = await self.session.scalars(booked)
        return still_free(slots, [appointment.span for appointment in appointments], utcnow())

    async def bookable_slot(self, practitioner_id: UUID, starts_at: datetime) -> Span:
        """Return the slot that starts then, taken or not; raise NotFound.

        Raises Unprocessable for an inactive practitioner, for the past and where no slot starts.
        """
        practitioner = await self.get(practitioner_id)
        if not practitioner.active:
            raise Unprocessable(f"{practitioner.name} is not active.", field="practitioner_id")
        if starts_at <= utcnow():
            raise Unprocessable("An appointment must start in the future.", field="starts_at")
        slot = slot_at(practitioner.schedule, starts_at)
        if slot is None:
            raise Unprocessable(f"{practitioner.name} has no slot that starts then.", field="starts_at")
        return slot


class AppointmentService(Lifecycle[Appointment]):
    """Appointments of the organisation in scope, the earliest first."""

    model = Appointment
    name = "appointment"
    about = "patient_id"
    transitions: ClassVar[Transitions] = {
        AppointmentState.BOOKED: frozenset(AppointmentState),
        AppointmentState.COMPLETED: frozenset(),
        AppointmentState.NO_SHOW: frozenset(),
        AppointmentState.CANCELLED: frozenset(),
    }

    def __init__(self, session: AsyncSession, events: EventBus) -> None:
        super().__init__(session, events)
        self.practitioners = PractitionerService(session, events)

    async def book(self, data: AppointmentCreate) -> Appointment:
        """Book a slot of a practitioner for a patient.

        Raises Unprocessable where there is no such practitioner, patient or slot, and Conflict where the
        practitioner or the patient has another appointment at that time.
        """
        await self._take_turns(data.practitioner_id, data.patient_id)
        await self._check(data.model_dump())
        slot = await self.practitioners.bookable_slot(data.practitioner_id, data.starts_at)
        appointment = Appointment(
            practitioner_id=data.practitioner_id,
            patient_id=data.patient_id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
        await self._require_free(slot, appointment)
        async with self._writing():
            self.session.add(appointment)
        self._publish(
            "booked",
            appointment,
            practitioner_id=appointment.practitioner_id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
        return appointment

    async def reschedule(self, appointment_id: UUID, data: AppointmentReschedule) -> Appointment:
        """Move an appointment to another slot of its practitioner, which may overlap its own; remind of it anew.

        Raises NotFound, InvalidTransition unless it is booked, Conflict once it has started, and what `book` raises.
        """
        own = [select(party).where(Appointment.id == appointment_id).scalar_subquery() for party in PARTIES]
        await self._take_turns(*own)
        appointment = await self._locked(appointment_id)
        self._check_move(appointment, AppointmentState.BOOKED)
        slot = await self.practitioners.bookable_slot(appointment.practitioner_id, data.starts_at)
        before = appointment.span
        if slot == before:
            return appointment
        await self._require_free(slot, appointment)
        appointment.starts_at, appointment.ends_at = slot.starts_at, slot.ends_at
        appointment.reminded_at = None
        await self.session.flush()
        self._publish("rescheduled", appointment, **{"from": before, "to": slot})
        return appointment

    async def cancel(self, appointment_id: UUID, reason: str, by: UUID) -> Appointment:
        """Cancel an appointment on behalf of a user.

        Raises NotFound, InvalidTransition unless it is booked, and Conflict once it has started.
        """
        appointment = await self._locked(appointment_id)
        self._check_move(appointment, AppointmentState.CANCELLED)
        appointment.cancellation_reason = reason
        return await self._enter(appointment, AppointmentState.CANCELLED, reason=reason, by=by)

    async def complete(self, appointment_id: UUID) -> Appointment:
        """Note that an appointment took place.

        Raises NotFound, InvalidTransition unless it is booked, and Conflict before it has started.
        """
        return await self._close(appointment_id, AppointmentState.COMPLETED)

    async def mark_no_show(self, appointment_id: UUID) -> Appointment:
        """Note that the patient did not come; raises what `complete` raises."""
        return await self._close(appointment_id, AppointmentState.NO_SHOW)

    async def reminders_due(self, query: ReminderQuery | None = None) -> Listing[Appointment]:
        """Return the booked appointments that start within the lead time, and of which nobody was reminded yet."""
        return await self.list(query or ReminderQuery())

    async def due_by_email(self, lead_hours: int) -> Sequence[UUID]:
        """Return those appointments, the earliest first, of which the patient can be reminded by e-mail."""
        due = _to_remind(utcnow(), timedelta(hours=lead_hours))
        reachable = select(Appointment.id).join(Patient).where(*due, Patient.email.is_not(None))
        return (await self.session.scalars(reachable.order_by(*self._order()))).all()

    async def locked_if_due(self, appointment_id: UUID, lead_hours: int) -> Appointment | None:
        """Return an appointment, locked, if the patient is still to be reminded of it."""
        due = _to_remind(utcnow(), timedelta(hours=lead_hours))
        statement = select(Appointment).where(Appointment.id == appointment_id, *due).with_for_update()
        found: Appointment | None = await self.session.scalar(statement)
        return found

    async def mark_reminded(self, appointment_id: UUID) -> Appointment:
        """Note that the patient was reminded; what was noted before stays.

        Raises NotFound, InvalidTransition unless it is booked, and Conflict once it has started.
        """
        return await self._close_reminder(appointment_id, "reminded")

    async def mark_unreachable(self, appointment_id: UUID, reason: str) -> Appointment:
        """Note that no reminder reaches the patient, so that none is tried again; otherwise as `mark_reminded`."""
        return await self._close_reminder(appointment_id, "unreachable", reason=reason)

    async def _close_reminder(self, appointment_id: UUID, what: str, **data: Any) -> Appointment:
        appointment = await self._locked(appointment_id)
        if appointment.reminded_at is not None:
            return appointment
        self._check_move(appointment, AppointmentState.BOOKED)
        appointment.reminded_at = utcnow()
        await self.session.flush()
        self._publish(what, appointment, starts_at=appointment.starts_at, **data)
        return appointment

    async def _take_turns(self, practitioner_id: Key, patient_id: Key) -> None:
        # Written before anything is read, a row (in SQLite, the database) makes rivals wait and then see this booking.
        for model, key in ((Practitioner, practitioner_id), (Patient, patient_id)):
            nothing = update(model).where(model.id == key).values(updated_at=model.updated_at)
            await self.session.execute(nothing, execution_options={"synchronize_session": False})

    async def _require_free(self, slot: Span, appointment: Appointment) -> None:
        same_party = or_(*(party == getattr(appointment, party.key) for party in PARTIES))
        others = select(*PARTIES).where(same_party, Appointment.id != appointment.id, *_booked_during(slot))
        found = await self.session.execute(others)
        booked = found.mappings().all()
        for party in PARTIES:
            if any(row[party.key] == getattr(appointment, party.key) for row in booked):
                name = party.key.removesuffix("_id")
                raise Conflict(f"The {name} has another appointment at this time.", field=party.key)

    async def _close(self, appointment_id: UUID, state: AppointmentState) -> Appointment:
        appointment = await self._locked(appointment_id)
        self._check_move(appointment, state)
        return await self._enter(appointment, state)

    async def _enter(self, appointment: Appointment, state: AppointmentState, **data: Any) -> Appointment:
        appointment.state = state
        await self.session.flush()
        self._publish(state, appointment, **data)
        return appointment

    def _check_move(self, record: Appointment, state: StrEnum) -> None:
        super()._check_move(record, state)
        has_started = record.starts_at <= utcnow()
        must_have_started = state not in BEFORE_THE_START
        if has_started != must_have_started:
            raise Conflict(f"This appointment has {'already' if has_started else 'not yet'} started.")

    def _order(self) -> Sequence[SQLColumnExpression[Any]]:
        return Appointment.starts_at, Appointment.id

    def _conditions(self, query: ListQuery) -> Conditions:
        conditions = super()._conditions(query)
        if isinstance(query, AppointmentQuery):
            conditions += _starting_within(query)
        if isinstance(query, ReminderQuery):
            conditions += _to_remind(utcnow(), timedelta(hours=query.lead_hours))
        return conditions


def _starting_within(query: AppointmentQuery) -> Conditions:
    conditions: Conditions = []
    if query.starts_from is not None:
        conditions.append(Appointment.starts_at >= query.starts_from)
    if query.starts_before is not None:
        conditions.append(Appointment.starts_at < query.starts_before)
    return conditions


def _to_remind(now: datetime, lead: timedelta) -> Conditions:
    return [
        Appointment.state == AppointmentState.BOOKED,
        Appointment.reminded_at.is_(None),
        Appointment.starts_at > now,
        Appointment.starts_at <= now + lead,
    ]


def _booked_during(span: Span) -> Conditions:
    return [
        Appointment.state == AppointmentState.BOOKED,
        Appointment.starts_at < span.ends_at,
        Appointment.ends_at > span.starts_at,
    ]
