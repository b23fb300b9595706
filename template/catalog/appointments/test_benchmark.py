"""Benchmarks of the services for practitioners and appointments."""

from datetime import timedelta

import pytest

from your_service.core.clock import utcnow
from your_service.modules.appointments.models import Appointment, Practitioner
from your_service.modules.appointments.schemas import AppointmentCreate, AppointmentQuery, SlotQuery
from your_service.modules.appointments.service import AppointmentService, PractitionerService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_appointments(make_appointment: Factory[Appointment]) -> list[Appointment]:
    """Fifty appointments of one practitioner."""
    return [await make_appointment() for _ in range(50)]


def test_free_slots_of_a_month(
    measure: Measure,
    appointment_service: AppointmentService,
    test_practitioner: Practitioner,
    many_appointments: list[Appointment],
) -> None:
    tomorrow = utcnow().date() + timedelta(days=1)
    practitioners = PractitionerService(appointment_service.session, appointment_service.events)
    query = SlotQuery.model_validate({"from": tomorrow, "to": tomorrow + timedelta(days=27)})

    slots = measure(lambda: practitioners.free_slots(test_practitioner.id, query))

    # Twenty days with fourteen slots each.
    assert len(slots) == 20 * 14 - len(many_appointments)


def test_book(
    measure: Measure,
    appointment_service: AppointmentService,
    appointment_payload: Payload,
    many_appointments: list[Appointment],
) -> None:
    requests = [AppointmentCreate(**appointment_payload()) for _ in range(ROUNDS)]

    last = measure(lambda: appointment_service.book(requests.pop()))

    assert last.starts_at > many_appointments[-1].starts_at


def test_list_by_practitioner(
    measure: Measure,
    appointment_service: AppointmentService,
    test_practitioner: Practitioner,
    many_appointments: list[Appointment],
) -> None:
    query = AppointmentQuery(practitioner_id=test_practitioner.id)

    found = measure(lambda: appointment_service.list(query))

    assert found.items == many_appointments
