"""What requests and responses about journeys hold."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from ...core.schemas import ListQuery, RequestModel, ResponseModel, SearchQuery, ShortText, unchanged
from .models import JourneyState


def _refuse_namesakes(stages: list[str]) -> list[str]:
    if len({stage.casefold() for stage in stages}) < len(stages):
        raise ValueError("each stage needs a name of its own")
    return stages


Stages = Annotated[list[ShortText], Field(min_length=1, max_length=50), AfterValidator(_refuse_namesakes)]


class JourneyDefinitionCreate(RequestModel):
    """What it takes to define a journey."""

    name: ShortText
    stages: Stages


class JourneyDefinitionUpdate(RequestModel):
    """The fields of a definition that change; what is left out stays as it is."""

    name: ShortText = unchanged()
    stages: Stages = unchanged()


class JourneyDefinitionQuery(SearchQuery):
    """Which definitions are wanted."""


class JourneyDefinitionRead(ResponseModel):
    """A definition, as it is told."""

    id: UUID
    name: str
    stages: list[str]
    created_at: dt.datetime
    updated_at: dt.datetime


class JourneyStart(RequestModel):
    """Who goes on which journey."""

    patient_id: UUID
    definition_id: UUID


class JourneyAdvance(RequestModel):
    """The stage to advance to, by name: a request that is sent twice skips nothing."""

    stage: ShortText


class JourneyCancel(RequestModel):
    """Why a journey ends early."""

    reason: ShortText


class JourneyQuery(ListQuery):
    """Which journeys are wanted."""

    patient_id: UUID | None = None
    definition_id: UUID | None = None
    state: JourneyState | None = None
    stage: ShortText | None = None


class JourneyRead(ResponseModel):
    """A journey, as it is told."""

    id: UUID
    patient_id: UUID
    definition_id: UUID
    stages: list[str]
    stage: str
    next_stage: str | None
    state: JourneyState
    cancellation_reason: str | None
    ended_at: dt.datetime | None
    created_at: dt.datetime
    updated_at: dt.datetime
