"""Tests of concurrent requests for journeys, on PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import Event, EventBus
from your_service.modules.journeys.models import Journey
from your_service.modules.journeys.service import JourneyService

from tests.support.races import Race, Racer


def advancing(journey: Journey, stage: str) -> Racer:
    async def advance(session: AsyncSession) -> Journey:
        return await JourneyService(session, EventBus(session)).advance(journey.id, stage)

    return advance


async def test_one_of_several_concurrent_advances_succeeds(
    race: Race,
    journey_service: JourneyService,
    test_journey: Journey,
    published_events: list[Event],
) -> None:
    await journey_service.session.commit()

    outcomes = await race(*[advancing(test_journey, "Surgery")] * 5)

    await journey_service.session.refresh(test_journey)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["InvalidTransition"] * 4, "Journey"]
    assert (test_journey.stage, [event.name for event in published_events].count("journey.advanced")) == ("Surgery", 1)
