"""Fixtures of practitioners and appointments."""

from collections.abc import AsyncIterator
from datetime import time, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic_core import to_jsonable_python
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.clock import utcnow
from your_service.core.database import Base, SessionFactory, open_engine, open_sessions
from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.appointments.models import Appointment, Practitioner
from your_service.modules.appointments.rules import (
    WEEKDAYS,
    Span,
    Week,
    WorkingInterval,
    in_order,
    slots_between,
)
from your_service.modules.appointments.schemas import (
    AppointmentCreate,
    PractitionerCreate,
    WorkingHours,
)
from your_service.modules.appointments.service import AppointmentService
from your_service.modules.patients.models import Patient

from tests.support.factories import Factory, Payload

OFFICE_HOURS: Week = tuple(
    WorkingInterval(weekday=weekday, starts_at=starts_at, ends_at=ends_at)
    for weekday in WEEKDAYS[:5]
    for starts_at, ends_at in ((time(9), time(12)), (time(13), time(17)))
)


@pytest.fixture
def practitioner_payload() -> Payload:
    """Return a function that makes the request body of a practitioner in Berlin, with a different name each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        number = next(numbers)
        return {"name": f"Practitioner {number}", "time_zone": "Europe/Berlin", "slot_minutes": 30, **overrides}

    return make


@pytest.fixture
def make_practitioner(
    db_session: AsyncSession,
    organisation: Organisation,
    practitioner_payload: Payload,
) -> Factory[Practitioner]:
    """Return a function that creates a practitioner with office hours; arguments override the payload."""

    async def make(*, working_hours: Week = OFFICE_HOURS, **overrides: Any) -> Practitioner:
        values = PractitionerCreate(**practitioner_payload(**overrides)).model_dump()
        hours = WorkingHours(working_hours=working_hours).working_hours
        practitioner = Practitioner(**values, working_hours=to_jsonable_python(in_order(hours)))
        db_session.add(practitioner)
        await db_session.flush()
        return practitioner

    return make


@pytest.fixture
async def test_practitioner(make_practitioner: Factory[Practitioner]) -> Practitioner:
    """A practitioner in Berlin: Monday to Friday, 9:00 to 12:00 and 13:00 to 17:00, with slots of 30 minutes."""
    return await make_practitioner()


@pytest.fixture
def appointment_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> AppointmentService:
    """The service for appointments of the test's organisation."""
    return AppointmentService(db_session, event_bus)


@pytest.fixture
def appointment_payload(test_patient: Patient, test_practitioner: Practitioner) -> Payload:
    """Return a function that makes the request body of an appointment, each time for the next slot from tomorrow on."""
    numbers = count()

    def make(**overrides: Any) -> dict[str, Any]:
        slot = _slot_from_tomorrow(test_practitioner, next(numbers))
        return {
            "patient_id": str(test_patient.id),
            "practitioner_id": str(test_practitioner.id),
            "starts_at": slot.starts_at.isoformat(),
            **overrides,
        }

    return make


@pytest.fixture
def make_appointment(
    appointment_service: AppointmentService,
    appointment_payload: Payload,
) -> Factory[Appointment]:
    """Return a function that books an appointment; arguments override the payload."""

    async def make(**overrides: Any) -> Appointment:
        data = AppointmentCreate(**appointment_payload(**overrides))
        return await appointment_service.book(data)

    return make


@pytest.fixture
async def test_appointment(make_appointment: Factory[Appointment]) -> Appointment:
    """An appointment of `test_patient` with `test_practitioner`, in the first slot from tomorrow on."""
    return await make_appointment()


@pytest.fixture
def test_appointment_id(test_appointment: Appointment) -> UUID:
    """The identifier of `test_appointment`."""
    return test_appointment.id


@pytest.fixture
async def concurrent_sessions(
    db_session: AsyncSession,
    test_org: Organisation,
    test_patient: Patient,
    test_practitioner: Practitioner,
    tmp_path: Path,
) -> AsyncIterator[SessionFactory]:
    """Sessions with separate connections to a SQLite file, where a locked database is an error immediately.

    The file contains `test_org`, `test_patient` and `test_practitioner`.
    """
    url = db_session.get_bind().engine.url.set(database=str(tmp_path / "appointments.db"))
    tables = create_engine(url.set(drivername="sqlite"))
    with tables.begin() as connection:
        # One transaction: otherwise the driver commits after each table and waits for the disk.
        connection.exec_driver_sql("BEGIN")
        Base.metadata.create_all(connection)
    tables.dispose()
    engine = open_engine(str(url), connect_args={"timeout": 0})
    sessions = open_sessions(engine)
    async with sessions.begin() as session:
        for record in (test_org, test_patient, test_practitioner):
            await session.merge(record)
    yield sessions
    await engine.dispose()


def _slot_from_tomorrow(practitioner: Practitioner, number: int) -> Span:
    days = (utcnow().date() + timedelta(days=distance) for distance in range(1, 15))
    slots = (slot for day in days for slot in slots_between(practitioner.schedule, day, day))
    return list(islice(slots, number + 1))[number]
