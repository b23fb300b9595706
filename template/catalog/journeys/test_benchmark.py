"""Benchmarks of the service for journeys."""

import pytest

from your_service.modules.journeys.models import Journey
from your_service.modules.journeys.schemas import JourneyQuery, JourneyStart
from your_service.modules.journeys.service import JourneyService
from your_service.modules.patients.models import Patient

from tests.performance.measure import Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_journeys(make_journey: Factory[Journey]) -> list[Journey]:
    """A hundred journeys of one patient."""
    return [await make_journey() for _ in range(100)]


def test_start(
    measure: Measure,
    journey_service: JourneyService,
    journey_payload: Payload,
    many_journeys: list[Journey],
) -> None:
    data = JourneyStart(**journey_payload())

    started = measure(lambda: journey_service.start(data))

    assert started not in many_journeys


def test_list_by_patient(
    measure: Measure,
    journey_service: JourneyService,
    test_patient: Patient,
    many_journeys: list[Journey],
) -> None:
    query = JourneyQuery(patient_id=test_patient.id)

    found = measure(lambda: journey_service.list(query))

    assert found.items == many_journeys[:50]
