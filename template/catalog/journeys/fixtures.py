"""Fixtures of journeys."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.journeys.models import Journey, JourneyDefinition
from your_service.modules.journeys.schemas import JourneyDefinitionCreate, JourneyStart
from your_service.modules.journeys.service import JourneyDefinitionService, JourneyService
from your_service.modules.patients.models import Patient

from tests.support.factories import Factory, Payload


@pytest.fixture
def journey_definition_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> JourneyDefinitionService:
    """The service for journey definitions of the test's organisation."""
    return JourneyDefinitionService(db_session, event_bus)


@pytest.fixture
def journey_definition_payload() -> Payload:
    """Return a function that makes the request body of a definition with three stages, with a different name each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        return {
            "name": f"Knee replacement {next(numbers)}",
            "stages": ["Referral", "Surgery", "Rehabilitation"],
            **overrides,
        }

    return make


@pytest.fixture
def make_journey_definition(
    journey_definition_service: JourneyDefinitionService,
    journey_definition_payload: Payload,
) -> Factory[JourneyDefinition]:
    """Return a function that creates a definition; arguments override the payload."""

    async def make(**overrides: Any) -> JourneyDefinition:
        data = JourneyDefinitionCreate(**journey_definition_payload(**overrides))
        return await journey_definition_service.create(data)

    return make


@pytest.fixture
async def test_journey_definition(make_journey_definition: Factory[JourneyDefinition]) -> JourneyDefinition:
    """A definition with the stages Referral, Surgery and Rehabilitation."""
    return await make_journey_definition()


@pytest.fixture
def journey_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> JourneyService:
    """The service for journeys of the test's organisation."""
    return JourneyService(db_session, event_bus)


@pytest.fixture
def journey_payload(test_patient: Patient, test_journey_definition: JourneyDefinition) -> Payload:
    """Return a function that makes the request body of a journey of `test_patient`."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {
            "patient_id": str(test_patient.id),
            "definition_id": str(test_journey_definition.id),
            **overrides,
        }

    return make


@pytest.fixture
def make_journey(journey_service: JourneyService, journey_payload: Payload) -> Factory[Journey]:
    """Return a function that starts a journey; arguments override the payload."""

    async def make(**overrides: Any) -> Journey:
        data = JourneyStart(**journey_payload(**overrides))
        return await journey_service.start(data)

    return make


@pytest.fixture
async def test_journey(make_journey: Factory[Journey]) -> Journey:
    """A journey of `test_patient` at its first stage."""
    return await make_journey()


@pytest.fixture
def test_journey_id(test_journey: Journey) -> UUID:
    """The identifier of `test_journey`."""
    return test_journey.id
