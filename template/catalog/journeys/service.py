"""The services for journeys and their definitions."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from ...core.clock import utcnow
from ...core.errors import Conflict, InvalidTransition, Unprocessable
from ...core.events import is_handled
from ...core.resource import Resource
from ..patients.models import Patient
from .models import Journey, JourneyDefinition, JourneyState, actions_of, name_of
from .schemas import Channel, JourneyStart

ACTIONS = ("offer_appointment", "send_communication")
"""What can happen in a stage: each is an event that another module handles."""
ADDRESSES = {Channel.EMAIL: Patient.email, Channel.SMS: Patient.phone, Channel.WHATSAPP: Patient.phone}
"""The column with the patient's address, by channel."""


class JourneyDefinitionService(Resource[JourneyDefinition]):
    """Journey definitions of the current organisation."""

    model = JourneyDefinition
    name = "journey_definition"
    searchable = ("name",)

    async def _check_rules(self, record: JourneyDefinition) -> None:
        available = [action for action in ACTIONS if is_handled(f"{JourneyService.name}.{action}")]
        wanted = {action["action"] for stage in record.stages for action in actions_of(stage)}
        if missing := sorted(wanted.difference(available)):
            detail = f"No module of this service carries out {' and '.join(missing)}."
            raise Unprocessable(detail, "stages", allowed=available)


class JourneyService(Resource[Journey]):
    """Journeys of the current organisation. A journey goes through its stages in order and skips none.

    When it enters a stage, it publishes an event for each action of the stage. Other modules carry them out.
    """

    model = Journey
    name = "journey"
    about = "patient_id"

    async def start(self, data: JourneyStart) -> Journey:
        """Start a journey at its first stage; raise `Unprocessable` if the patient or the definition does not exist."""
        values = data.model_dump()
        await self._lock_patient(data.patient_id)
        await self._check(values)
        definition = await JourneyDefinitionService(self.session, self.events).get(data.definition_id)
        journey = Journey(**values, stages=definition.stages, stage=name_of(definition.stages[0]))
        await self._add(journey, "started", definition_id=definition.id, stage=journey.stage)
        return await self._act(journey)

    async def advance(self, journey_id: UUID, stage: str) -> Journey:
        """Advance a journey to `stage`; raise `NotFound`, or `InvalidTransition` unless it is the next stage.

        Raises `Conflict` if the patient is merged at the same time.
        """
        journey = await self._active(journey_id)
        if stage != journey.next_stage:
            raise _wrong_stage(journey, f"advance to {stage}", "stage")
        before = journey.stage
        journey.stage = stage
        await self._publish("advanced", journey, before=before, after=stage)
        return await self._act(journey)

    async def complete(self, journey_id: UUID) -> Journey:
        """Complete a journey; raise what `advance` raises, `InvalidTransition` unless it is active at its last stage."""
        journey = await self._active(journey_id)
        if journey.next_stage is not None:
            raise _wrong_stage(journey, "be completed")
        return await self._end(journey, JourneyState.COMPLETED)

    async def cancel(self, journey_id: UUID, reason: str) -> Journey:
        """Cancel a journey; raise what `advance` raises, `InvalidTransition` unless it is active."""
        journey = await self._active(journey_id)
        journey.cancellation_reason = reason
        return await self._end(journey, JourneyState.CANCELLED, reason=reason)

    async def erase(self, patient_id: UUID) -> None:
        """Erase why journeys of a patient were cancelled, and cancel those that are active."""
        of_patient = select(Journey).where(Journey.patient_id == patient_id).order_by(Journey.id)
        journeys = await self.session.scalars(of_patient.with_for_update())
        for journey in journeys.all():
            journey.cancellation_reason = None
            if journey.state is JourneyState.ACTIVE:
                await self._end(journey, JourneyState.CANCELLED)

    async def _act(self, journey: Journey) -> Journey:
        for action in journey.actions:
            name, parameters = action["action"], {key: value for key, value in action.items() if key != "action"}
            if name == "send_communication":
                name, parameters = await self._addressed(journey, parameters)
            await self._publish(name, journey, stage=journey.stage, **parameters)
        return journey

    async def _addressed(self, journey: Journey, message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        address = ADDRESSES[Channel(message["channel"])]
        recipient = await self.session.scalar(select(address).where(Patient.id == journey.patient_id))
        if recipient is None:
            return "unreachable", {"channel": message["channel"]}
        return "send_communication", {"recipient": recipient, **message}

    async def _active(self, journey_id: UUID) -> Journey:
        journey = await self.get(journey_id)
        patient_id = journey.patient_id
        await self._lock_patient(patient_id)
        journey = await self.get(journey_id, lock=True)
        if journey.patient_id != patient_id:
            raise Conflict("Another request has changed the patient of this journey.")
        if journey.state is not JourneyState.ACTIVE:
            raise InvalidTransition(f"This journey is {journey.state} and cannot change.")
        return journey

    async def _lock_patient(self, patient_id: UUID) -> None:
        # Before the journey, as in a merge or an erasure. An action, such as an offer, locks the patient, too.
        await self.session.execute(select(Patient.id).where(Patient.id == patient_id).with_for_update())

    async def _end(self, journey: Journey, state: JourneyState, **data: str) -> Journey:
        journey.state = state
        journey.ended_at = utcnow()
        return await self._publish(state, journey, stage=journey.stage, **data)


def _wrong_stage(journey: Journey, step: str, *fields: str) -> InvalidTransition:
    allowed = [journey.next_stage] if journey.next_stage else []
    return InvalidTransition(f"This journey is at {journey.stage} and cannot {step}.", *fields, allowed=allowed)
