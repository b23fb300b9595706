"""The services for practitioners and appointments."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from operator import ge, lt
from typing import Any, ClassVar
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.clock import utcnow
from ...core.errors import Conflict, InvalidTransition, NotFound, Unprocessable
from ...core.queues import LEASE, lock_first
from ...core.resource import Conditions, Lifecycle, Resource, Transitions
from ...core.schemas import ListQuery
from ..patients.models import Patient
from .models import Appointment, AppointmentState, Practitioner
from .rules import Span, in_order, slot_at, slots_between, still_free
from .schemas import (
    MAX_DAYS,
    AppointmentCreate,
    AppointmentQuery,
    AppointmentReschedule,
    ReminderQuery,
    SlotQuery,
    WorkingHours,
)

HOLD = timedelta(days=3)
"""How long an offered slot is kept for its patient."""
MAX_REMINDERS = 2
"""The maximum number of e-mails with the same reminder, if the mail server does not confirm them."""
UNCONFIRMED = "reminder_unconfirmed"
"""The outcome of a reminder that may have been sent."""
BEFORE_THE_START = frozenset({AppointmentState.BOOKED, AppointmentState.CANCELLED})
"""The states that an appointment can enter before it starts; it can enter the others only afterwards."""


class PractitionerService(Resource[Practitioner]):
    """Practitioners of the current organisation, and their slots."""

    model = Practitioner
    name = "practitioner"
    searchable = ("name",)

    async def replace_working_hours(self, practitioner_id: UUID, hours: WorkingHours) -> Practitioner:
        """Replace the working hours of the week; existing appointments stay. Raises `NotFound`."""
        practitioner = await self.get(practitioner_id, lock=True)
        practitioner.working_hours = to_jsonable_python(in_order(hours.working_hours))
        return await self._publish("updated", practitioner, fields=["working_hours"])

    async def free_slots(self, practitioner_id: UUID, query: SlotQuery) -> list[Span]:
        """Return the free slots in order; an inactive practitioner has none. Raises `NotFound`."""
        practitioner = await self.get(practitioner_id)
        slots = slots_between(practitioner.schedule, *query.days) if practitioner.active else []
        return await _without_taken(self.session, slots, Appointment.practitioner_id == practitioner_id)


class AppointmentService(Lifecycle[Appointment]):
    """Appointments of the current organisation; lists put the earliest first."""

    model = Appointment
    name = "appointment"
    about = "patient_id"
    transitions: ClassVar[Transitions] = {
        AppointmentState.OFFERED: frozenset(
            {AppointmentState.BOOKED, AppointmentState.CANCELLED, AppointmentState.EXPIRED}
        ),
        AppointmentState.BOOKED: frozenset(
            {AppointmentState.BOOKED, AppointmentState.COMPLETED, AppointmentState.NO_SHOW, AppointmentState.CANCELLED}
        ),
        AppointmentState.COMPLETED: frozenset(),
        AppointmentState.NO_SHOW: frozenset(),
        AppointmentState.CANCELLED: frozenset(),
        AppointmentState.EXPIRED: frozenset(),
    }

    async def book(self, data: AppointmentCreate) -> Appointment:
        """Book a slot of a practitioner for a patient.

        Raises `Unprocessable` if the practitioner, the patient or the slot does not exist, and `Conflict` if the
        practitioner or the patient has another appointment at that time.
        """
        values = data.model_dump()
        await self._lock_parties(data)
        await self._check(values)
        slot = await self._bookable_slot(data.practitioner_id, data.starts_at)
        appointment = Appointment(**values, ends_at=slot.ends_at)
        await self._require_free(slot, appointment)
        return await self._add(appointment, "booked", practitioner_id=data.practitioner_id, **asdict(slot))

    async def offer(self, patient_id: UUID, practitioner_id: UUID, after: timedelta) -> Appointment | None:
        """Offer a patient the first free slot of a practitioner after some time, and keep it until they had time to accept.

        Returns None if there is no free slot within `MAX_DAYS`.
        """
        offered = Appointment(patient_id=patient_id, practitioner_id=practitioner_id, state=AppointmentState.OFFERED)
        await self._lock_parties(offered)
        now = utcnow()
        # In the west, the day of the practitioner begins later.
        first = (now + after).date() - timedelta(days=1)
        query = SlotQuery(first=first, last=first + timedelta(days=MAX_DAYS - 1))
        try:
            slots = await PractitionerService(self.session, self.events).free_slots(practitioner_id, query)
        except NotFound:
            return None
        slots = await _without_taken(self.session, slots, Appointment.patient_id == patient_id)
        slot = next((slot for slot in slots if slot.starts_at >= now + after), None)
        if slot is None:
            return None
        offered.starts_at, offered.ends_at = slot.starts_at, slot.ends_at
        offered.held_until = min(now + HOLD, slot.starts_at)
        return await self._add(offered, "offered", practitioner_id=practitioner_id, **asdict(slot))

    async def accept(self, appointment_id: UUID) -> Appointment:
        """Book an offered appointment.

        Raises `NotFound`, `InvalidTransition` unless it is offered, and `Conflict` if it has started, if the practitioner
        is not active any more, or if its slot was given to somebody else after `held_until`.
        """
        appointment = await self._locked_with_parties(appointment_id)
        if appointment.state is not AppointmentState.OFFERED:
            raise InvalidTransition(f"This appointment is {appointment.state} and cannot be accepted.", "state")
        self._check_move(appointment, AppointmentState.BOOKED)
        practitioner = await PractitionerService(self.session, self.events).get(appointment.practitioner_id)
        if not practitioner.active:
            raise Conflict(f"{practitioner.name} is not active any more.", "practitioner_id")
        await self._require_free(appointment.span, appointment)
        appointment.state = AppointmentState.BOOKED
        data = {"practitioner_id": appointment.practitioner_id, **asdict(appointment.span)}
        return await self._publish("booked", appointment, **data)

    async def reschedule(self, appointment_id: UUID, data: AppointmentReschedule) -> Appointment:
        """Move an appointment to another slot of its practitioner, and make its reminder due again.

        Raises `NotFound`, `InvalidTransition` unless it is booked, `Conflict` if it has started, and whatever `book`
        raises.
        """
        appointment = await self._locked_with_parties(appointment_id)
        self._check_booked(appointment)
        slot = await self._bookable_slot(appointment.practitioner_id, data.starts_at)
        before = appointment.span
        if slot == before:
            return appointment
        await self._require_free(slot, appointment)
        appointment.starts_at, appointment.ends_at = slot.starts_at, slot.ends_at
        appointment.reminded_at = appointment.reminder_claimed_until = None
        appointment.reminder_attempts = 0
        return await self._publish("rescheduled", appointment, **{"from": before, "to": slot})

    async def cancel(self, appointment_id: UUID, reason: str, by: UUID) -> Appointment:
        """Cancel an appointment on behalf of the user `by`.

        Raises `NotFound`, `InvalidTransition` unless it is booked or offered, and `Conflict` if it has started.
        """
        return await self._close(appointment_id, AppointmentState.CANCELLED, reason=reason, by=by)

    async def complete(self, appointment_id: UUID) -> Appointment:
        """Mark an appointment as completed.

        Raises `NotFound`, `InvalidTransition` unless it is booked, and `Conflict` if it has not started.
        """
        return await self._close(appointment_id, AppointmentState.COMPLETED)

    async def mark_no_show(self, appointment_id: UUID) -> Appointment:
        """Mark an appointment as missed by the patient; raise what `complete` raises."""
        return await self._close(appointment_id, AppointmentState.NO_SHOW)

    async def erase(self, patient_id: UUID) -> None:
        """Erase why appointments of a patient were cancelled, and cancel those that have not started."""
        of_patient = select(Appointment).where(Appointment.patient_id == patient_id).order_by(Appointment.id)
        appointments = await self.session.scalars(of_patient.with_for_update())
        for appointment in appointments.all():
            appointment.cancellation_reason = None
            if self.transitions[appointment.state] and appointment.starts_at > utcnow():
                await self._close(appointment.id, AppointmentState.CANCELLED)

    async def expire_next(self) -> Appointment | None:
        """Expire the next offer that nobody has accepted before its start, and return it; return None if there is none."""
        offer = await lock_first(self.session, to_expire())
        if offer is not None:
            offer.state = AppointmentState.EXPIRED
            await self._publish(AppointmentState.EXPIRED, offer)
        return offer

    async def claim_reminder(self, lead_hours: int) -> Appointment | None:
        """Claim the reminder for `LEASE` that is due first by e-mail; return its appointment, or None if none is due.

        The claim counts as an e-mail that was perhaps sent, because the worker may be lost while it sends.
        """
        appointment = await lock_first(self.session, to_email(lead_hours))
        if appointment is not None:
            appointment.reminder_attempts += 1
            appointment.reminder_claimed_until = utcnow() + LEASE
            await self.session.flush()
        return appointment

    async def release_reminder(self, claimed: Appointment) -> None:
        """Store that the e-mail of a claimed reminder was not sent; it is due again when its claim ends."""
        appointment = await self.get(claimed.id, lock=True)
        if appointment.reminder_claimed_until == claimed.reminder_claimed_until:
            appointment.reminder_attempts -= 1
            await self.session.flush()

    async def settle_reminder(self, claimed: Appointment, outcome: str, **data: Any) -> None:
        """Store the outcome of a claimed reminder, unless the appointment has moved or was reminded in the meantime.

        After `UNCONFIRMED` the reminder is due again when the claim ends; any other outcome closes it.
        """
        appointment = await self.get(claimed.id, lock=True)
        if appointment.reminded_at is not None or appointment.starts_at != claimed.starts_at:
            return
        if outcome != UNCONFIRMED:
            appointment.reminded_at = utcnow()
        await self._publish(outcome, appointment, starts_at=appointment.starts_at, **data)

    async def mark_reminded(self, appointment_id: UUID) -> Appointment:
        """Mark the reminder as sent, unless it was marked before.

        Raises `NotFound`, `InvalidTransition` unless it is booked, and `Conflict` if it has started.
        """
        appointment = await self.get(appointment_id, lock=True)
        if appointment.reminded_at is None:
            self._check_booked(appointment)
            await self.settle_reminder(appointment, "reminded")
        return appointment

    async def _locked_with_parties(self, appointment_id: UUID) -> Appointment:
        appointment = await self.get(appointment_id)
        patient_id = appointment.patient_id
        await self._lock_parties(appointment)
        appointment = await self.get(appointment_id, lock=True)
        if appointment.patient_id != patient_id:
            raise Conflict("Another request has changed the patient of this appointment.")
        return appointment

    async def _lock_parties(self, parties: Appointment | AppointmentCreate) -> None:
        # Concurrent bookings wait, then see this one. The tables are in the order in which references are locked.
        for model, key in ((Patient, parties.patient_id), (Practitioner, parties.practitioner_id)):
            await self.session.execute(select(model.id).where(model.id == key).with_for_update())

    async def _bookable_slot(self, practitioner_id: UUID, starts_at: datetime) -> Span:
        practitioner = await PractitionerService(self.session, self.events).get(practitioner_id)
        if not practitioner.active:
            raise Unprocessable(f"{practitioner.name} is not active.", "practitioner_id")
        if starts_at <= utcnow():
            raise Unprocessable("An appointment must start in the future.", "starts_at")
        slot = slot_at(practitioner.schedule, starts_at)
        if slot is None:
            raise Unprocessable(f"{practitioner.name} has no slot that starts at this time.", "starts_at")
        return slot

    async def _require_free(self, slot: Span, appointment: Appointment) -> None:
        for party in (Appointment.practitioner_id, Appointment.patient_id):
            is_same = party == getattr(appointment, party.key)
            others = select(Appointment.id).where(is_same, Appointment.id != appointment.id, *_taken_during(slot))
            if await self.session.scalar(others.limit(1)) is not None:
                name = party.key.removesuffix("_id")
                raise Conflict(f"The {name} has another appointment at this time.", party.key)

    async def _close(self, appointment_id: UUID, state: AppointmentState, **data: Any) -> Appointment:
        appointment = await self.get(appointment_id, lock=True)
        self._check_move(appointment, state)
        appointment.state = state
        appointment.cancellation_reason = data.get("reason")
        return await self._publish(state, appointment, **data)

    def _check_booked(self, appointment: Appointment) -> None:
        if appointment.state is AppointmentState.OFFERED:
            raise InvalidTransition("This appointment is only offered: accept it first.", "state")
        self._check_move(appointment, AppointmentState.BOOKED)

    def _check_move(self, record: Appointment, state: StrEnum) -> None:
        super()._check_move(record, state)
        has_started = record.starts_at <= utcnow()
        must_have_started = state not in BEFORE_THE_START
        if has_started != must_have_started:
            raise Conflict(f"This appointment has {'already' if has_started else 'not yet'} started.")

    def _conditions(self, query: ListQuery) -> Conditions:
        conditions = super()._conditions(query)
        if isinstance(query, AppointmentQuery):
            bounds = ((ge, query.starts_from), (lt, query.starts_before))
            conditions += [compare(Appointment.starts_at, bound) for compare, bound in bounds if bound is not None]
        if isinstance(query, ReminderQuery):
            conditions += _to_remind(utcnow(), timedelta(hours=query.lead_hours))
        return conditions


def _to_remind(now: datetime, lead: timedelta) -> Conditions:
    return [
        Appointment.state == AppointmentState.BOOKED,
        Appointment.reminded_at.is_(None),
        Appointment.starts_at > now,
        Appointment.starts_at <= now + lead,
    ]


def to_expire() -> Select[Appointment]:
    """Select the offers that nobody has accepted before their start, earliest first."""
    offered = select(Appointment).where(Appointment.state == AppointmentState.OFFERED)
    return offered.where(Appointment.starts_at <= utcnow()).order_by(Appointment.starts_at, Appointment.id)


def to_email(lead_hours: int) -> Select[Appointment]:
    """Select the appointments whose reminder is due by e-mail, and that no worker has claimed, earliest first."""
    now, claimed_until = utcnow(), Appointment.reminder_claimed_until
    due = select(Appointment).where(
        *_to_remind(now, timedelta(hours=lead_hours)),
        Appointment.patient_id.in_(select(Patient.id).where(Patient.email.is_not(None))),
        Appointment.reminder_attempts < MAX_REMINDERS,
        or_(claimed_until.is_(None), claimed_until <= now),
    )
    return due.order_by(Appointment.starts_at, Appointment.id)


async def _without_taken(session: AsyncSession, slots: Sequence[Span], of: ColumnElement[bool]) -> list[Span]:
    # The slots in the future that overlap no appointment of a party.
    if not slots:
        return []
    whole = Span(slots[0].starts_at, slots[-1].ends_at)
    taken = await session.scalars(select(Appointment).where(of, *_taken_during(whole)))
    return still_free(slots, [appointment.span for appointment in taken], utcnow())


def _taken_during(span: Span) -> Conditions:
    is_held = and_(Appointment.state == AppointmentState.OFFERED, Appointment.held_until > utcnow())
    return [
        or_(Appointment.state == AppointmentState.BOOKED, is_held),
        Appointment.starts_at < span.ends_at,
        Appointment.ends_at > span.starts_at,
    ]
