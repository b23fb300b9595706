"""Fixtures of patients."""

import datetime as dt
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.patients.models import Patient
from your_service.modules.patients.schemas import PatientCreate
from your_service.modules.patients.service import PatientService

from tests.support.factories import Factory, Payload


@pytest.fixture
def patient_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> PatientService:
    """The service for patients of the test's organisation."""
    return PatientService(db_session, event_bus)


@pytest.fixture
def patient_payload() -> Payload:
    """Return a function that makes the request body of a new patient, for a different person each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        number = next(numbers)
        return {
            "given_name": f"Given {number}",
            "family_name": f"Family {number}",
            "birth_date": str(dt.date(1950, 1, 1) + dt.timedelta(days=number)),
            "phone": f"+49 30 {100_000 + number}",
            "email": f"patient.{number}@example.com",
            **overrides,
        }

    return make


@pytest.fixture
def make_patient(patient_service: PatientService, patient_payload: Payload) -> Factory[Patient]:
    """Return a function that creates a patient, duplicates included; arguments override the payload."""

    async def make(**overrides: Any) -> Patient:
        data = PatientCreate(**patient_payload(**overrides))
        return await patient_service.create(data, allow_duplicate=True)

    return make


@pytest.fixture
async def test_patient(make_patient: Factory[Patient]) -> Patient:
    """A patient of the test's organisation."""
    return await make_patient()


@pytest.fixture
def test_patient_id(test_patient: Patient) -> UUID:
    """The identifier of `test_patient`."""
    return test_patient.id
