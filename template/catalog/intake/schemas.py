"""Requests and responses about intake sessions."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from ...core.schemas import (
    Amount,
    AsNumber,
    Boolean,
    ListQuery,
    LongText,
    RecordRead,
    RequestModel,
    ResponseModel,
    ShortText,
    Url,
    unchanged,
)
from ..patients.models import Sex
from ..patients.schemas import PatientUpdate
from .models import IntakeChannel, IntakeState

MAX_ANSWERS = 500
# Those of FHIR: 32 bits.
SmallInteger = Annotated[int, Field(ge=-(2**31), le=2**31 - 1), AsNumber]


def _check_date(text: str) -> str:
    # With the month and the day that are missing.
    dt.date.fromisoformat(text + "-01-01"[len(text) - len("2019") :])
    return text


PartialDate = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"),
    Field(examples=["2019", "2019-05", "2019-05-17"]),
    AfterValidator(_check_date),
]


class Answered(RequestModel):
    """The question that an answer is about. Several answers may have the same question."""

    link_id: ShortText = Field(description="The `linkId` of the question in the questionnaire.")
    text: ShortText | None = Field(default=None, description="The question as the person saw or heard it.")


class BooleanAnswer(Answered):
    """Yes or no."""

    type: Literal["boolean"]
    value: Boolean


class IntegerAnswer(Answered):
    """A whole number."""

    type: Literal["integer"]
    value: SmallInteger


class DecimalAnswer(Answered):
    """A decimal number."""

    type: Literal["decimal"]
    value: Amount


class DateAnswer(Answered):
    """A day, a month or a year."""

    type: Literal["date"]
    value: PartialDate


class TextAnswer(Answered):
    """A text."""

    type: Literal["text"]
    value: LongText


Answer = Annotated[
    BooleanAnswer | IntegerAnswer | DecimalAnswer | DateAnswer | TextAnswer,
    Field(discriminator="type"),
]


class IntakeOpen(RequestModel):
    """A new session; opening it again with the same channel and key returns the same session."""

    key: ShortText
    channel: IntakeChannel = IntakeChannel.FORM
    questionnaire: Url | None = None


class IntakeUpdate(RequestModel):
    """What the person says. Details that are left out keep their value; `answers` replaces all answers."""

    person: PatientUpdate = unchanged()
    answers: Annotated[list[Answer], Field(max_length=MAX_ANSWERS)] = unchanged()


class IntakeLink(RequestModel):
    """The patient whom a session is about; null registers a new one, although others are likely to be the same person."""

    patient_id: UUID | None


class IntakeQuery(ListQuery):
    """Filters of the list of sessions."""

    state: IntakeState | None = None
    channel: IntakeChannel | None = None
    patient_id: UUID | None = None


class IntakeRead(RecordRead):
    """An intake session in a list."""

    key: str
    channel: IntakeChannel
    questionnaire: str | None
    state: IntakeState
    patient_id: UUID | None
    submitted_at: dt.datetime | None


class IntakePerson(ResponseModel):
    """What a session says about the person so far."""

    given_name: str | None = None
    family_name: str | None = None
    birth_date: dt.date | None = None
    sex: Sex | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None


class IntakeDetails(IntakeRead):
    """An intake session with what the person said."""

    person: IntakePerson
    answers: list[dict[str, Any]]
