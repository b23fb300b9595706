"""The table of intake sessions."""

import datetime as dt
from collections.abc import Collection
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, ForeignKey, String, UniqueConstraint, and_, or_
from sqlalchemy.orm import Mapped, mapped_column

from ...core.tenancy import StatefulRecord
from ..patients.schemas import PatientCreate

REQUIRED_DETAILS = [name for name, field in PatientCreate.model_fields.items() if field.is_required()]
"""The details without which a person cannot become a patient."""


class IntakeChannel(StrEnum):
    """How the person answers."""

    FORM = "form"
    VOICE = "voice"


class IntakeState(StrEnum):
    """The state of an intake session.

    A submitted session waits until somebody decides which patient it is about; a completed one has a patient.
    """

    OPEN = "open"
    SUBMITTED = "submitted"
    COMPLETED = "completed"
    ABANDONED = "abandoned"


class IntakeSession(StatefulRecord):
    """What a person says about themselves before they are treated.

    The client chooses `key`, which is unique on a channel; for a call it is the id of the call.
    """

    __tablename__ = "intake_sessions"
    __table_args__ = (UniqueConstraint("organisation_id", "channel", "key"),)

    key: Mapped[str] = mapped_column(String(200))
    channel: Mapped[IntakeChannel]
    # The canonical URL of a FHIR Questionnaire.
    questionnaire: Mapped[str | None] = mapped_column(String(2000))
    state: Mapped[IntakeState] = mapped_column(default=IntakeState.OPEN, index=True)
    person: Mapped[dict[str, Any]] = mapped_column(default=dict)
    answers: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patients.id"), index=True)
    submitted_at: Mapped[dt.datetime | None]

    @property
    def missing(self) -> list[str]:
        """The required details that the person has not given yet."""
        return [name for name in REQUIRED_DETAILS if name not in self.person]

    @classmethod
    def mentions(cls, texts: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that a session without a patient is about a person."""
        addresses = [cls.person[name].as_string() for name in ("phone", "email")]
        return and_(cls.patient_id.is_(None), or_(*(address.in_(texts) for address in addresses)))
