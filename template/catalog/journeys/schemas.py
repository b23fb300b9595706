"""Requests and responses about journeys."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from ...core.schemas import ListQuery, RecordRead, RequestModel, ShortText, unchanged
from .models import JourneyState


def _check_unique(stages: list[str]) -> list[str]:
    if len({stage.casefold() for stage in stages}) < len(stages):
        raise ValueError("stage names must be unique")
    return stages


Stages = Annotated[list[ShortText], Field(min_length=1, max_length=50), AfterValidator(_check_unique)]


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
    stages: list[str]


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
    stages: list[str]
    stage: str
    next_stage: str | None
    state: JourneyState
    cancellation_reason: str | None
    ended_at: dt.datetime | None
