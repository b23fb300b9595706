"""The tables of journeys."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.tenancy import Record, StatefulRecord


class JourneyState(StrEnum):
    """The state of a journey."""

    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class JourneyDefinition(Record):
    """A care pathway: the ordered stages that a patient goes through."""

    __tablename__ = "journey_definitions"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(String(200))
    stages: Mapped[list[str]] = mapped_column(JSON)


class Journey(StatefulRecord):
    """A patient's way through the stages of a definition.

    It copies the stages of the definition at the start, so that later changes to the definition do not affect it.
    """

    __tablename__ = "journeys"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), index=True)
    definition_id: Mapped[UUID] = mapped_column(ForeignKey("journey_definitions.id"), index=True)
    stages: Mapped[list[str]] = mapped_column(JSON)
    stage: Mapped[str] = mapped_column(String(200), index=True)
    state: Mapped[JourneyState] = mapped_column(default=JourneyState.ACTIVE, index=True)
    ended_at: Mapped[dt.datetime | None]
    cancellation_reason: Mapped[str | None] = mapped_column(String(200))

    @property
    def next_stage(self) -> str | None:
        """The stage that follows, or None if the journey is at its last stage or has ended."""
        following = self.stages.index(self.stage) + 1
        if self.state is not JourneyState.ACTIVE or following == len(self.stages):
            return None
        return self.stages[following]
