"""Requests and responses about journeys."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Discriminator, Field, PlainSerializer, Tag, WithJsonSchema

from ...core.schemas import AsNumber, ListQuery, LongText, RecordRead, RequestModel, ShortText, unchanged
from .models import JourneyState

# Stages are stored as JSON, so their ids are texts.
JsonId = Annotated[UUID, PlainSerializer(str), WithJsonSchema({"type": "string", "format": "uuid"})]


class Channel(StrEnum):
    """The way of a communication to the patient."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"


class SendCommunication(RequestModel):
    """Send a text to the patient; the subject is for e-mail."""

    action: Literal["send_communication"]
    channel: Channel
    subject: ShortText | None = None
    text: LongText


class OfferAppointment(RequestModel):
    """Offer the patient the first free slot of a practitioner that is at least `after_days` days away."""

    action: Literal["offer_appointment"]
    practitioner_id: JsonId
    after_days: Annotated[int, Field(ge=0, le=365), AsNumber] = 1


Action = Annotated[SendCommunication | OfferAppointment, Field(discriminator="action")]


class StageWithActions(RequestModel):
    """A stage, and what happens when a journey enters it."""

    name: ShortText
    actions: Annotated[list[Action], Field(max_length=10)]


def _kind_of(stage: Any) -> str:
    return "name" if isinstance(stage, str) else "stage"


def _simplify(stage: str | StageWithActions) -> str | StageWithActions:
    return stage.name if isinstance(stage, StageWithActions) and not stage.actions else stage


def _check_unique(stages: list[str | StageWithActions]) -> list[str | StageWithActions]:
    names = {(stage if isinstance(stage, str) else stage.name).casefold() for stage in stages}
    if len(names) < len(stages):
        raise ValueError("stage names must be unique")
    return stages


Stage = Annotated[
    Annotated[ShortText, Tag("name")] | Annotated[StageWithActions, Tag("stage")],
    Discriminator(_kind_of),
    AfterValidator(_simplify),
]
Stages = Annotated[list[Stage], Field(min_length=1, max_length=50), AfterValidator(_check_unique)]


class JourneyDefinitionCreate(RequestModel):
    """Fields of a new journey definition."""

    name: ShortText
    stages: Stages


class JourneyDefinitionUpdate(RequestModel):
    """Fields of a definition to change; a field that is left out keeps its value."""

    name: ShortText = unchanged()
    stages: Stages = unchanged()


class JourneyDefinitionRead(RecordRead):
    """A journey definition in a response."""

    name: str
    stages: list[Stage]


class JourneyStart(RequestModel):
    """The patient and the definition of a new journey."""

    patient_id: UUID
    definition_id: UUID


class JourneyAdvance(RequestModel):
    """The name of the stage to advance to, so that a repeated request does not skip a stage."""

    stage: ShortText


class JourneyCancel(RequestModel):
    """The reason for cancelling a journey."""

    reason: ShortText


class JourneyQuery(ListQuery):
    """Filters of the list of journeys."""

    patient_id: UUID | None = None
    definition_id: UUID | None = None
    state: JourneyState | None = None
    stage: ShortText | None = None


class JourneyRead(RecordRead):
    """A journey in a response."""

    patient_id: UUID
    definition_id: UUID
    stages: list[Stage]
    stage: str
    next_stage: str | None
    state: JourneyState
    cancellation_reason: str | None
    ended_at: dt.datetime | None
