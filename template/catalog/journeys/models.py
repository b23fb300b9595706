"""The tables of journeys."""

import datetime as dt
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.tenancy import Record, StatefulRecord


class JourneyState(StrEnum):
    """The state of a journey."""

    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


StoredStage = str | dict[str, Any]
"""The name of a stage, or an object with `name` and `actions`."""


class JourneyDefinition(Record):
    """A care pathway: the ordered stages that a patient goes through."""

    __tablename__ = "journey_definitions"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(String(200))
    stages: Mapped[list[StoredStage]] = mapped_column(JSON)


class Journey(StatefulRecord):
    """A patient's way through the stages of a definition.

    It copies the stages of the definition at the start, so that later changes to the definition do not affect it.
    """

    __tablename__ = "journeys"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), index=True)
    definition_id: Mapped[UUID] = mapped_column(ForeignKey("journey_definitions.id"), index=True)
    stages: Mapped[list[StoredStage]] = mapped_column(JSON)
    stage: Mapped[str] = mapped_column(String(200), index=True)
    state: Mapped[JourneyState] = mapped_column(default=JourneyState.ACTIVE, index=True)
    ended_at: Mapped[dt.datetime | None]
    cancellation_reason: Mapped[str | None] = mapped_column(String(200))

    @property
    def next_stage(self) -> str | None:
        """The stage that follows, or None if the journey is at its last stage or has ended."""
        following = self._position + 1
        if self.state is not JourneyState.ACTIVE or following == len(self.stages):
            return None
        return name_of(self.stages[following])

    @property
    def actions(self) -> list[dict[str, Any]]:
        """The actions of the current stage."""
        return actions_of(self.stages[self._position])

    @property
    def _position(self) -> int:
        return [name_of(stage) for stage in self.stages].index(self.stage)


def name_of(stage: StoredStage) -> str:
    """Return the name of a stage."""
    return stage if isinstance(stage, str) else str(stage["name"])


def actions_of(stage: StoredStage) -> list[dict[str, Any]]:
    """Return the actions of a stage."""
    return [] if isinstance(stage, str) else list(stage["actions"])
