"""The services for journeys and their definitions."""

from uuid import UUID

from ...core.clock import utcnow
from ...core.errors import InvalidTransition
from ...core.resource import Resource
from .models import Journey, JourneyDefinition, JourneyState
from .schemas import JourneyStart


class JourneyDefinitionService(Resource[JourneyDefinition]):
    """Journey definitions of the current organisation."""

    model = JourneyDefinition
    name = "journey_definition"
    searchable = ("name",)


class JourneyService(Resource[Journey]):
    """Journeys of the current organisation. A journey goes through its stages in order and skips none."""

    model = Journey
    name = "journey"
    about = "patient_id"

    async def start(self, data: JourneyStart) -> Journey:
        """Start a journey at its first stage; raise `Unprocessable` if the patient or the definition does not exist."""
        values = data.model_dump()
        await self._check(values)
        definition = await JourneyDefinitionService(self.session, self.events).get(data.definition_id)
        journey = Journey(**values, stages=definition.stages, stage=definition.stages[0])
        return await self._add(journey, "started", definition_id=definition.id, stage=journey.stage)

    async def advance(self, journey_id: UUID, stage: str) -> Journey:
        """Advance a journey to `stage`; raise `NotFound`, or `InvalidTransition` unless it is the next stage."""
        journey = await self._active(journey_id)
        if stage != journey.next_stage:
            raise _wrong_stage(journey, f"advance to {stage}", "stage")
        before = journey.stage
        journey.stage = stage
        return await self._publish("advanced", journey, before=before, after=stage)

    async def complete(self, journey_id: UUID) -> Journey:
        """Complete a journey; raise `NotFound`, or `InvalidTransition` unless it is active at its last stage."""
        journey = await self._active(journey_id)
        if journey.next_stage is not None:
            raise _wrong_stage(journey, "be completed")
        return await self._end(journey, JourneyState.COMPLETED)

    async def cancel(self, journey_id: UUID, reason: str) -> Journey:
        """Cancel a journey; raise `NotFound`, or `InvalidTransition` unless it is active."""
        journey = await self._active(journey_id)
        journey.cancellation_reason = reason
        return await self._end(journey, JourneyState.CANCELLED, reason=reason)

    async def _active(self, journey_id: UUID) -> Journey:
        journey = await self.get(journey_id, lock=True)
        if journey.state is not JourneyState.ACTIVE:
            raise InvalidTransition(f"This journey is {journey.state} and cannot change.")
        return journey

    async def _end(self, journey: Journey, state: JourneyState, **data: str) -> Journey:
        journey.state = state
        journey.ended_at = utcnow()
        return await self._publish(state, journey, stage=journey.stage, **data)


def _wrong_stage(journey: Journey, step: str, *fields: str) -> InvalidTransition:
    allowed = [journey.next_stage] if journey.next_stage else []
    return InvalidTransition(f"This journey is at {journey.stage} and cannot {step}.", *fields, allowed=allowed)
