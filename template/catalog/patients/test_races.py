"""Tests of concurrent requests for patients, on PostgreSQL."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import Event, EventBus
from your_service.modules.patients.models import Patient
from your_service.modules.patients.schemas import PatientCreate, PatientUpdate
from your_service.modules.patients.service import PatientService

from tests.support.factories import Factory, Payload
from tests.support.races import Racer, RaceRunner


def merging(survivor: Patient, duplicate: Patient) -> Racer:
    async def merge(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).merge(survivor.id, duplicate.id)

    return merge


async def test_concurrent_merges_into_each_other_leave_one_patient(
    race: RaceRunner,
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


async def test_merges_that_touch_the_same_records_do_not_deadlock(
    race_in_order: RaceRunner,
    patient_service: PatientService,
    make_patient: Factory[Patient],
) -> None:
    merged, survivor, duplicate = sorted([await make_patient() for _ in range(3)], key=lambda patient: patient.id)
    await patient_service.merge(duplicate.id, merged.id)
    await patient_service.session.commit()

    async def hold(session: AsyncSession) -> None:
        await session.execute(select(Patient).where(Patient.id == merged.id).with_for_update())

    # The first merge is refused, but not before it has locked records. The second one moves `merged` too.
    _, *outcomes = await race_in_order(hold, merging(survivor, merged), merging(survivor, duplicate))

    assert [type(outcome).__name__ for outcome in outcomes] == ["Conflict", "Patient"]


async def test_a_patient_who_is_being_merged_cannot_be_changed(
    race_in_order: RaceRunner,
    patient_service: PatientService,
    make_patient: Factory[Patient],
) -> None:
    survivor, duplicate = await make_patient(), await make_patient()
    await patient_service.session.commit()

    async def change(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).update(duplicate.id, PatientUpdate(phone="+49 30 42"))

    outcomes = await race_in_order(merging(survivor, duplicate), change)

    assert [type(outcome).__name__ for outcome in outcomes] == ["Patient", "PatientMerged"]


async def test_a_patient_who_is_being_erased_cannot_be_changed(
    race_in_order: RaceRunner,
    patient_service: PatientService,
    test_patient: Patient,
) -> None:
    await patient_service.session.commit()

    async def erase(session: AsyncSession) -> None:
        await PatientService(session, EventBus(session)).erase(test_patient.id)

    async def change(session: AsyncSession) -> Patient:
        changes = PatientUpdate(address="Ockham Park")
        return await PatientService(session, EventBus(session)).update(test_patient.id, changes)

    erased, again, changed = await race_in_order(erase, erase, change)

    assert (erased, again, type(changed).__name__) == (None, None, "PatientErased")
    events = await patient_service.session.scalars(select(Event.name).order_by(Event.occurred_at))
    assert list(events) == ["patient.created", "patient.erased"]


async def test_one_of_two_concurrent_registrations_succeeds(
    race_in_order: RaceRunner,
    patient_service: PatientService,
    patient_payload: Payload,
) -> None:
    data = PatientCreate(**patient_payload())
    await patient_service.session.commit()

    async def register(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).create(data)

    outcomes = await race_in_order(register, register)

    assert [type(outcome).__name__ for outcome in outcomes] == ["Patient", "Conflict"]


async def test_a_search_that_locks_finds_a_patient_who_is_being_registered(
    race_in_order: RaceRunner,
    patient_service: PatientService,
    patient_payload: Payload,
) -> None:
    data = PatientCreate(**patient_payload())
    await patient_service.session.commit()

    async def register(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).create(data)

    async def search(session: AsyncSession) -> list[UUID]:
        found = await PatientService(session, EventBus(session)).find_similar(data, lock=True)
        return [duplicate.id for duplicate in found.items]

    registered, found = await race_in_order(register, search)

    assert isinstance(registered, Patient)
    assert found == [registered.id]
