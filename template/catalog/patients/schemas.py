"""Requests and responses about patients."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, StringConstraints

from ...core.clock import utcnow
from ...core.schemas import (
    Email,
    ListQuery,
    NameCharacters,
    PlainDate,
    RecordRead,
    RequestModel,
    ResponseModel,
    SearchQuery,
    ShortText,
    unchanged,
)
from .models import AccessKind, Sex
from .rules import DuplicateReason, check_phone


def _check_birth_date(birth_date: dt.date) -> dt.date:
    # A day begins first in the Line Islands, at UTC+14.
    if birth_date > (utcnow() + dt.timedelta(hours=14)).date():
        raise ValueError("A date of birth must not be in the future.")
    return birth_date


Phone = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=50), NameCharacters, AfterValidator(check_phone)
]
BirthDate = Annotated[PlainDate, AfterValidator(_check_birth_date)]


class PatientCreate(RequestModel):
    """Fields of a new patient."""

    given_name: ShortText
    family_name: ShortText
    birth_date: BirthDate
    sex: Sex | None = None
    phone: Phone | None = None
    email: Email | None = None
    address: ShortText | None = None


class PatientUpdate(RequestModel):
    """Fields of a patient to change; a field that is left out keeps its value."""

    given_name: ShortText = unchanged()
    family_name: ShortText = unchanged()
    birth_date: BirthDate = unchanged()
    sex: Sex | None = None
    phone: Phone | None = None
    email: Email | None = None
    address: ShortText | None = None


class PatientMerge(RequestModel):
    """The duplicate record to merge into another patient."""

    duplicate_id: UUID


class PatientQuery(SearchQuery):
    """Filters of the list of patients; `search` matches parts of names, phone numbers and e-mail addresses."""

    birth_date: PlainDate | None = None


class PatientRead(RecordRead):
    """A patient in a response."""

    given_name: str
    family_name: str
    birth_date: dt.date
    sex: Sex | None
    phone: str | None
    email: str | None
    address: str | None


class Duplicate(ResponseModel):
    """A likely duplicate of a patient, with the reasons."""

    id: UUID
    given_name: str
    family_name: str
    birth_date: dt.date
    reasons: list[DuplicateReason]


class TimelineEntry(ResponseModel):
    """An event about a patient or about a related record."""

    id: UUID
    name: str
    record_id: UUID
    about: UUID | None
    data: dict[str, Any]
    occurred_at: dt.datetime


class AccessQuery(ListQuery):
    """Filters of the list of accesses."""

    user_id: UUID | None = None
    kind: AccessKind | None = None


class AccessRead(ResponseModel):
    """When a user read something about a patient."""

    id: UUID
    user_id: UUID
    patient_id: UUID
    kind: AccessKind
    created_at: dt.datetime


class PatientExport(ResponseModel):
    """Everything that the service stores about a patient: the records of all modules by table, and the events."""

    patient_id: UUID
    exported_at: dt.datetime
    records: dict[str, list[dict[str, Any]]]
    events: list[TimelineEntry]
