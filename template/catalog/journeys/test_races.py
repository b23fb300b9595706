"""Tests of concurrent requests for journeys, on PostgreSQL."""

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


async def test_a_journey_cannot_start_for_a_patient_who_is_being_merged(
    race_in_order: RaceRunner,
    journey_service: JourneyService,
    journey_payload: Payload,
    make_patient: Factory[Patient],
) -> None:
    survivor, duplicate = await make_patient(), await make_patient()
    data = JourneyStart(**journey_payload(patient_id=str(duplicate.id)))
    await journey_service.session.commit()

    async def merge(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).merge(survivor.id, duplicate.id)

    async def start(session: AsyncSession) -> Journey:
        return await JourneyService(session, EventBus(session)).start(data)

    outcomes = await race_in_order(merge, start)

    journeys = await journey_service.list()
    assert ([type(outcome).__name__ for outcome in outcomes], journeys.items) == (["Patient", "Unprocessable"], [])
