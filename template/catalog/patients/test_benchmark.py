"""Benchmarks of the service for patients."""

import pytest

from your_service.core.schemas import ListQuery
from your_service.modules.patients.models import Patient
from your_service.modules.patients.schemas import PatientCreate, PatientQuery
from your_service.modules.patients.service import PatientService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_patients(make_patient: Factory[Patient]) -> list[Patient]:
    """Three hundred patients."""
    return [await make_patient() for _ in range(300)]


def test_register(
    measure: Measure,
    patient_service: PatientService,
    patient_payload: Payload,
    many_patients: list[Patient],
) -> None:
    strangers = [PatientCreate(**patient_payload()) for _ in range(ROUNDS)]

    registered = measure(lambda: patient_service.create(strangers.pop()))

    assert registered not in many_patients


def test_search(measure: Measure, patient_service: PatientService, many_patients: list[Patient]) -> None:
    query = PatientQuery(search="family 271")

    found = measure(lambda: patient_service.list(query))

    assert len(found.items) == 1


def test_list(measure: Measure, patient_service: PatientService, many_patients: list[Patient]) -> None:
    query = ListQuery(limit=50, offset=100)

    found = measure(lambda: patient_service.list(query))

    assert found.items == many_patients[100:150]


def test_duplicates(measure: Measure, patient_service: PatientService, many_patients: list[Patient]) -> None:
    found = measure(lambda: patient_service.duplicates(many_patients[7].id))

    assert found.items == []
