"""Tests of concurrent requests for journeys, on PostgreSQL."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import Event, EventBus
from your_service.modules.journeys.models import Journey
from your_service.modules.journeys.schemas import JourneyStart
from your_service.modules.journeys.service import JourneyService
from your_service.modules.patients.models import Patient
from your_service.modules.patients.service import PatientService

from tests.support.factories import Factory, Payload
from tests.support.races import Racer, RaceRunner


def advancing(journey: Journey, stage: str) -> Racer:
    async def advance(session: AsyncSession) -> Journey:
        return await JourneyService(session, EventBus(session)).advance(journey.id, stage)

    return advance


def merging(survivor: Patient, duplicate_id: UUID) -> Racer:
    async def merge(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).merge(survivor.id, duplicate_id)

    return merge


async def test_one_of_several_concurrent_advances_succeeds(
    race: RaceRunner,
    journey_service: JourneyService,
    test_journey: Journey,
    published_events: list[Event],
) -> None:
    await journey_service.session.commit()

    outcomes = await race(*[advancing(test_journey, "Surgery")] * 5)

    await journey_service.session.refresh(test_journey)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["InvalidTransition"] * 4, "Journey"]
    assert (test_journey.stage, [event.name for event in published_events].count("journey.advanced")) == ("Surgery", 1)


async def test_a_journey_is_locked_after_its_patient(
    race_in_order: RaceRunner,
    journey_service: JourneyService,
    test_journey: Journey,
) -> None:
    await journey_service.session.commit()

    async def hold_patient(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).get(test_journey.patient_id, lock=True)

    async def lock_at_once(session: AsyncSession) -> str | None:
        stage = select(Journey.stage).where(Journey.id == test_journey.id)
        return await session.scalar(stage.with_for_update(nowait=True))

    # Whoever holds the patient locks the journey next: a merge, or an erasure.
    patient, advanced, stage = await race_in_order(hold_patient, advancing(test_journey, "Surgery"), lock_at_once)

    assert (type(patient), type(advanced), stage) == (Patient, Journey, "Referral")


async def test_journeys_of_a_patient_start_one_after_the_other(
    race_in_order: RaceRunner,
    journey_service: JourneyService,
    journey_payload: Payload,
) -> None:
    data = JourneyStart(**journey_payload())
    await journey_service.session.commit()

    async def start(session: AsyncSession) -> Journey:
        return await JourneyService(session, EventBus(session)).start(data)

    async def count(session: AsyncSession) -> int | None:
        return await session.scalar(select(func.count(Journey.id)))

    # A lock that both share is not enough: an offer needs it alone, and both would wait for each other.
    first, second, number = await race_in_order(start, start, count)

    assert (type(first), type(second), number) == (Journey, Journey, 0)


async def test_a_journey_whose_patient_is_being_erased_cannot_advance(
    race_in_order: RaceRunner,
    journey_service: JourneyService,
    test_journey: Journey,
) -> None:
    await journey_service.session.commit()

    async def erase(session: AsyncSession) -> None:
        await PatientService(session, EventBus(session)).erase(test_journey.patient_id)

    outcomes = await race_in_order(erase, advancing(test_journey, "Surgery"))

    assert [type(outcome).__name__ for outcome in outcomes] == ["NoneType", "InvalidTransition"]


async def test_a_journey_whose_patient_is_being_merged_cannot_advance(
    race_in_order: RaceRunner,
    journey_service: JourneyService,
    make_patient: Factory[Patient],
    test_journey: Journey,
) -> None:
    survivor = await make_patient()
    await journey_service.session.commit()

    outcomes = await race_in_order(merging(survivor, test_journey.patient_id), advancing(test_journey, "Surgery"))

    assert [type(outcome).__name__ for outcome in outcomes] == ["Patient", "Conflict"]


async def test_a_journey_cannot_start_for_a_patient_who_is_being_merged(
    race_in_order: RaceRunner,
    journey_service: JourneyService,
    journey_payload: Payload,
    make_patient: Factory[Patient],
) -> None:
    survivor, duplicate = await make_patient(), await make_patient()
    data = JourneyStart(**journey_payload(patient_id=str(duplicate.id)))
    await journey_service.session.commit()

    async def start(session: AsyncSession) -> Journey:
        return await JourneyService(session, EventBus(session)).start(data)

    outcomes = await race_in_order(merging(survivor, duplicate.id), start)

    journeys = await journey_service.list()
    assert ([type(outcome).__name__ for outcome in outcomes], journeys.items) == (["Patient", "Unprocessable"], [])
