"""Tests of concurrent requests for appointments, on PostgreSQL."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tasks import Worker
from your_service.modules.appointments.models import Appointment, AppointmentState, Practitioner
from your_service.modules.appointments.schemas import (
    AppointmentCreate,
    AppointmentQuery,
    AppointmentReschedule,
)
from your_service.modules.appointments.service import AppointmentService
from your_service.modules.appointments.tasks import send_reminders
from your_service.modules.patients.models import Patient
from your_service.modules.patients.service import PatientService

from tests.support.factories import Factory, Payload
from tests.support.gateways.email import RecordingEmailGateway
from tests.support.races import Racer, RaceRunner
from tests.support.worker import in_worker


def booking(data: AppointmentCreate) -> Racer:
    async def book(session: AsyncSession) -> Appointment:
        return await AppointmentService(session, EventBus(session)).book(data)

    return book


def rescheduling(appointment: Appointment, starts_at: datetime) -> Racer:
    async def reschedule(session: AsyncSession) -> Appointment:
        service = AppointmentService(session, EventBus(session))
        return await service.reschedule(appointment.id, AppointmentReschedule(starts_at=starts_at))

    return reschedule


async def test_one_of_several_concurrent_bookings_succeeds(
    race: RaceRunner,
    appointment_service: AppointmentService,
    appointment_payload: Payload,
    make_patient: Factory[Patient],
) -> None:
    patients = [await make_patient() for _ in range(5)]
    slot = appointment_payload()
    wishes = [AppointmentCreate(**{**slot, "patient_id": str(patient.id)}) for patient in patients]
    await appointment_service.session.commit()

    outcomes = await race(*map(booking, wishes))

    booked = await appointment_service.list(AppointmentQuery(state=AppointmentState.BOOKED))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Appointment", *["Conflict"] * 4]
    assert [appointment.id for appointment in booked.items] == [
        outcome.id for outcome in outcomes if isinstance(outcome, Appointment)
    ]


async def test_concurrent_offers_hold_different_slots(
    race: RaceRunner,
    appointment_service: AppointmentService,
    make_patient: Factory[Patient],
    test_practitioner: Practitioner,
) -> None:
    patients = [await make_patient() for _ in range(3)]
    await appointment_service.session.commit()

    def offering(patient: Patient) -> Racer:
        async def offer(session: AsyncSession) -> Appointment | None:
            service = AppointmentService(session, EventBus(session))
            return await service.offer(patient.id, test_practitioner.id, timedelta(days=1))

        return offer

    outcomes = await race(*map(offering, patients))

    offers = [outcome for outcome in outcomes if isinstance(outcome, Appointment)]
    assert len({offer.starts_at for offer in offers}) == len(patients)


async def test_a_patient_has_one_appointment_at_a_time(
    race: RaceRunner,
    appointment_service: AppointmentService,
    appointment_payload: Payload,
    make_practitioner: Factory[Practitioner],
) -> None:
    practitioners = [await make_practitioner() for _ in range(3)]
    slot = appointment_payload()
    wishes = [AppointmentCreate(**{**slot, "practitioner_id": str(each.id)}) for each in practitioners]
    await appointment_service.session.commit()

    outcomes = await race(*map(booking, wishes))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Appointment", "Conflict", "Conflict"]


async def test_concurrent_booking_and_rescheduling_use_a_slot_once(
    race: RaceRunner,
    appointment_service: AppointmentService,
    appointment_payload: Payload,
    make_patient: Factory[Patient],
    test_appointment: Appointment,
) -> None:
    other = await make_patient()
    data = AppointmentCreate(**appointment_payload(patient_id=str(other.id)))
    await appointment_service.session.commit()

    outcomes = await race(booking(data), rescheduling(test_appointment, data.starts_at))

    booked = await appointment_service.list(AppointmentQuery(starts_from=data.starts_at))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Appointment", "Conflict"]
    assert len(booked.items) == 1


async def test_an_appointment_whose_patient_is_being_merged_cannot_be_moved(
    race_in_order: RaceRunner,
    appointment_service: AppointmentService,
    make_patient: Factory[Patient],
    test_appointment: Appointment,
) -> None:
    survivor = await make_patient()
    await appointment_service.session.commit()

    async def merge(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).merge(survivor.id, test_appointment.patient_id)

    later = test_appointment.starts_at + timedelta(hours=1)
    outcomes = await race_in_order(merge, rescheduling(test_appointment, later))

    assert [type(outcome).__name__ for outcome in outcomes] == ["Patient", "Conflict"]


async def test_one_of_several_concurrent_workers_sends_the_reminder(
    race: RaceRunner,
    celery_app: Worker,
    mock_email: RecordingEmailGateway,
    appointment_service: AppointmentService,
    test_appointment: Appointment,
) -> None:
    await appointment_service.session.commit()

    async def remind(session: AsyncSession) -> int:
        return await in_worker(send_reminders.run, 24 * 14)

    outcomes = await race(*[remind] * 5)

    assert sorted(outcomes) == [0, 0, 0, 0, 1]
    assert len(mock_email.outbox) == 1
