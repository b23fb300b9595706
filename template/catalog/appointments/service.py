"""The services for practitioners and appointments."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, or_, select, update
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
"""The parties that must be free at the time of an appointment."""
MAX_REMINDERS = 2
"""The maximum number of e-mails with the same reminder, if the mail server does not confirm them."""
REMINDER_LEASE = timedelta(minutes=2)
"""How long a claimed reminder belongs to one worker; longer than a task may run (`TIME_LIMIT` in `worker.py`)."""
UNCONFIRMED = "reminder_unconfirmed"
"""The outcome of a reminder that may have been sent."""
BEFORE_THE_START = frozenset({AppointmentState.BOOKED, AppointmentState.CANCELLED})
"""The states that an appointment can enter before it starts; it can enter the others only afterwards."""

Key = UUID | ScalarSelect[UUID]


class PractitionerService(Resource[Practitioner]):
    """Practitioners of the current organisation, and their slots."""

    model = Practitioner
    name = "practitioner"
    searchable = ("name",)

    async def replace_working_hours(self, practitioner_id: UUID, hours: WorkingHours) -> Practitioner:
        """Replace the working hours of the week; existing appointments stay. Raises `NotFound`."""
        practitioner = await self._locked(practitioner_id)
        practitioner.working_hours = in_order(hours.working_hours)
        await self.session.flush()
        self._publish("updated", practitioner, fields=["working_hours"])
        return practitioner

    async def free_slots(self, practitioner_id: UUID, query: SlotQuery) -> list[Span]:
        """Return the free slots in order; an inactive practitioner has none. Raises `NotFound`."""
        practitioner = await self.get(practitioner_id)
        slots = slots_between(practitioner.schedule, *query.days)
        if not practitioner.active or not slots:
            return []
        whole = Span(slots[0].starts_at, slots[-1].ends_at)
        booked = select(Appointment).where(Appointment.practitioner_id == practitioner_id, *_booked_during(whole))
        appointments = await self.session.scalars(booked)
        return still_free(slots, [appointment.span for appointment in appointments], utcnow())

    async def bookable_slot(self, practitioner_id: UUID, starts_at: datetime) -> Span:
        """Return the slot that starts at `starts_at`, whether it is free or not.

        Raises `NotFound`, or `Unprocessable` if the practitioner is inactive, the time is past, or no slot starts then.
        """
        practitioner = await self.get(practitioner_id)
        if not practitioner.active:
            raise Unprocessable(f"{practitioner.name} is not active.", "practitioner_id")
        if starts_at <= utcnow():
            raise Unprocessable("An appointment must start in the future.", "starts_at")
        slot = slot_at(practitioner.schedule, starts_at)
        if slot is None:
            raise Unprocessable(f"{practitioner.name} has no slot that starts at this time.", "starts_at")
        return slot


class AppointmentService(Lifecycle[Appointment]):
    """Appointments of the current organisation; lists put the earliest first."""

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

        Raises `Unprocessable` if the practitioner, the patient or the slot does not exist, and `Conflict` if the
        practitioner or the patient has another appointment at that time.
        """
        await self.lock_parties(data.practitioner_id, data.patient_id)
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
        """Move an appointment to another slot of its practitioner, and make its reminder due again.

        Raises `NotFound`, `InvalidTransition` unless it is booked, `Conflict` if it has started, and whatever `book`
        raises.
        """
        own = [select(party).where(Appointment.id == appointment_id).scalar_subquery() for party in PARTIES]
        locked = await self.lock_parties(*own)
        appointment = await self._locked(appointment_id)
        if appointment.patient_id not in locked:
            raise Conflict("Another request has changed the patient of this appointment.")
        self._check_move(appointment, AppointmentState.BOOKED)
        slot = await self.practitioners.bookable_slot(appointment.practitioner_id, data.starts_at)
        before = appointment.span
        if slot == before:
            return appointment
        await self._require_free(slot, appointment)
        appointment.starts_at, appointment.ends_at = slot.starts_at, slot.ends_at
        appointment.reminded_at = appointment.reminder_claimed_until = None
        appointment.reminder_attempts = 0
        await self.session.flush()
        self._publish("rescheduled", appointment, **{"from": before, "to": slot})
        return appointment

    async def lock_parties(self, practitioner_id: Key, patient_id: Key) -> Sequence[UUID]:
        """Lock a patient and a practitioner until the transaction ends, and return the ids of those that exist."""
        # Write before reading: concurrent bookings wait for this row (in SQLite, the database), then see this booking.
        # The tables are in the order in which references are locked.
        locked: list[UUID] = []
        for model, key in ((Patient, patient_id), (Practitioner, practitioner_id)):
            unchanged = update(model).where(model.id == key).values(updated_at=model.updated_at).returning(model.id)
            locked += await self.session.scalars(unchanged, execution_options={"synchronize_session": False})
        return locked

    async def cancel(self, appointment_id: UUID, reason: str, by: UUID) -> Appointment:
        """Cancel an appointment on behalf of the user `by`.

        Raises `NotFound`, `InvalidTransition` unless it is booked, and `Conflict` if it has started.
        """
        appointment = await self._locked(appointment_id)
        self._check_move(appointment, AppointmentState.CANCELLED)
        appointment.cancellation_reason = reason
        return await self._enter(appointment, AppointmentState.CANCELLED, reason=reason, by=by)

    async def complete(self, appointment_id: UUID) -> Appointment:
        """Mark an appointment as completed.

        Raises `NotFound`, `InvalidTransition` unless it is booked, and `Conflict` if it has not started.
        """
        return await self._close(appointment_id, AppointmentState.COMPLETED)

    async def mark_no_show(self, appointment_id: UUID) -> Appointment:
        """Mark an appointment as missed by the patient; raise what `complete` raises."""
        return await self._close(appointment_id, AppointmentState.NO_SHOW)

    async def reminders_due(self, query: ReminderQuery | None = None) -> Listing[Appointment]:
        """Return the booked appointments that start within the lead time and need a reminder."""
        return await self.list(query or ReminderQuery())

    async def due_by_email(self, lead_hours: int) -> Sequence[UUID]:
        """Return the ids of the appointments whose reminder is due by e-mail, earliest first."""
        due = _to_email(utcnow(), lead_hours).with_only_columns(Appointment.id)
        found = await self.session.scalars(due.order_by(*self._order()))
        return found.all()

    async def claim_reminder(self, appointment_id: UUID, lead_hours: int) -> Appointment | None:
        """Return an appointment whose reminder is due by e-mail, and claim it for `REMINDER_LEASE`; otherwise return None.

        The claim counts as an e-mail that was perhaps sent, because the worker may be lost while it sends.
        """
        now = utcnow()
        statement = _to_email(now, lead_hours).where(Appointment.id == appointment_id)
        appointment: Appointment | None = await self.session.scalar(statement.with_for_update(of=Appointment))
        if appointment is not None:
            appointment.reminder_attempts += 1
            appointment.reminder_claimed_until = now + REMINDER_LEASE
            await self.session.flush()
        return appointment

    async def release_reminder(self, claimed: Appointment) -> None:
        """Make a claimed reminder due again that was not sent, unless its claim has ended."""
        appointment = await self._locked(claimed.id)
        if appointment.reminder_claimed_until == claimed.reminder_claimed_until:
            appointment.reminder_attempts -= 1
            appointment.reminder_claimed_until = None
            await self.session.flush()

    async def settle_reminder(self, claimed: Appointment, outcome: str, **data: Any) -> None:
        """Store the outcome of a claimed reminder, unless the appointment has moved or was reminded in the meantime.

        After `UNCONFIRMED` the reminder is due again when the claim ends; any other outcome closes it.
        """
        appointment = await self._locked(claimed.id)
        if appointment.reminded_at is not None or appointment.starts_at != claimed.starts_at:
            return
        if outcome != UNCONFIRMED:
            appointment.reminded_at = utcnow()
        await self.session.flush()
        self._publish(outcome, appointment, starts_at=appointment.starts_at, **data)

    async def mark_reminded(self, appointment_id: UUID) -> Appointment:
        """Mark the reminder as sent, unless it was marked before.

        Raises `NotFound`, `InvalidTransition` unless it is booked, and `Conflict` if it has started.
        """
        appointment = await self._locked(appointment_id)
        if appointment.reminded_at is None:
            self._check_move(appointment, AppointmentState.BOOKED)
            await self.settle_reminder(appointment, "reminded")
        return appointment

    async def _require_free(self, slot: Span, appointment: Appointment) -> None:
        same_party = or_(*(party == getattr(appointment, party.key) for party in PARTIES))
        others = select(*PARTIES).where(same_party, Appointment.id != appointment.id, *_booked_during(slot))
        found = await self.session.execute(others)
        booked = found.mappings().all()
        for party in PARTIES:
            if any(row[party.key] == getattr(appointment, party.key) for row in booked):
                name = party.key.removesuffix("_id")
                raise Conflict(f"The {name} has another appointment at this time.", party.key)

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


def _to_email(now: datetime, lead_hours: int) -> Select[Appointment]:
    claimed_until = Appointment.reminder_claimed_until
    return (
        select(Appointment)
        .join(Patient)
        .where(*_to_remind(now, timedelta(hours=lead_hours)), Patient.email.is_not(None))
        .where(Appointment.reminder_attempts < MAX_REMINDERS, or_(claimed_until.is_(None), claimed_until <= now))
    )


def _booked_during(span: Span) -> Conditions:
    return [
        Appointment.state == AppointmentState.BOOKED,
        Appointment.starts_at < span.ends_at,
        Appointment.ends_at > span.starts_at,
    ]
