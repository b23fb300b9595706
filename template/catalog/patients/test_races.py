"""Tests of concurrent requests for patients, on PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.patients.models import Patient
from your_service.modules.patients.service import PatientService

from tests.support.factories import Factory
from tests.support.races import Race, Racer


def merging(survivor: Patient, duplicate: Patient) -> Racer:
    async def merge(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).merge(survivor.id, duplicate.id)

    return merge


async def test_concurrent_merges_into_each_other_leave_one_patient(
    race: Race,
    patient_service: PatientService,
    make_patient: Factory[Patient],
) -> None:
    one, other = await make_patient(), await make_patient()
    await patient_service.session.commit()

    outcomes = await race(merging(one, other), merging(other, one))

    for patient in (one, other):
        await patient_service.session.refresh(patient)
    survivors = [patient.id for patient in (one, other) if patient.merged_into_id is None]
    assert survivors == [outcome.id for outcome in outcomes if isinstance(outcome, Patient)]
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Patient", "PatientMerged"]
