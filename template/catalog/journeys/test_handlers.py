"""Tests of what journeys do when the data of a patient is erased."""

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import Event
from your_service.modules.journeys.models import Journey, JourneyState
from your_service.modules.journeys.service import JourneyService
from your_service.modules.patients.models import Patient
from your_service.modules.patients.service import PatientService

from tests.support.checks import find_texts
from tests.support.factories import Factory


async def test_active_journeys_are_cancelled_without_a_reason(
    db_session: AsyncSession,
    journey_service: JourneyService,
    make_journey: Factory[Journey],
    patient_service: PatientService,
    test_patient: Patient,
    published_events: list[Event],
) -> None:
    active, completed, cancelled = [await make_journey() for _ in range(3)]
    completed.state = JourneyState.COMPLETED
    await journey_service.cancel(cancelled.id, "Planted reason")
    published_events.clear()

    await patient_service.erase(test_patient.id)

    assert await find_texts(db_session, "planted") == set()
    assert [journey.state for journey in (active, completed, cancelled)] == [
        JourneyState.CANCELLED,
        JourneyState.COMPLETED,
        JourneyState.CANCELLED,
    ]
    assert active.ended_at is not None
    assert {(event.name, event.record_id) for event in published_events} == {
        ("patient.erased", test_patient.id),
        ("journey.cancelled", active.id),
    }


async def test_journeys_of_other_patients_stay(
    journey_service: JourneyService,
    make_journey: Factory[Journey],
    make_patient: Factory[Patient],
    patient_service: PatientService,
    test_patient: Patient,
) -> None:
    other = await make_patient()
    active, cancelled = [await make_journey(patient_id=str(other.id)) for _ in range(2)]
    await journey_service.cancel(cancelled.id, "Moved away")

    await patient_service.erase(test_patient.id)

    assert (active.state, cancelled.cancellation_reason) == (JourneyState.ACTIVE, "Moved away")
