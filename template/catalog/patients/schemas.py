"""What requests and responses about patients hold."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, EmailStr, StringConstraints

from ...core.clock import utcnow
from ...core.schemas import PlainDate, RequestModel, ResponseModel, SearchQuery, ShortText, unchanged
from .models import Sex
from .rules import DuplicateReason, is_past, is_phone


def _check_phone(phone: str) -> str:
    if not is_phone(phone):
        raise ValueError("A telephone number has three to fifteen digits.")
    return phone


def _check_birth_date(birth_date: dt.date) -> dt.date:
    if not is_past(birth_date, utcnow()):
        raise ValueError("A date of birth does not lie in the future.")
    return birth_date


Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50), AfterValidator(_check_phone)]
BirthDate = Annotated[PlainDate, AfterValidator(_check_birth_date)]


class PatientCreate(RequestModel):
    """What it takes to register a patient."""

    given_name: ShortText
    family_name: ShortText
    birth_date: BirthDate
    sex: Sex | None = None
    phone: Phone | None = None
    email: EmailStr | None = None
    address: ShortText | None = None


class PatientUpdate(RequestModel):
    """The fields of a patient that change; what is left out stays as it is."""

    given_name: ShortText = unchanged()
    family_name: ShortText = unchanged()
    birth_date: BirthDate = unchanged()
    sex: Sex | None = None
    phone: Phone | None = None
    email: EmailStr | None = None
    address: ShortText | None = None


class PatientMerge(RequestModel):
    """The record that is merged into another, and is no patient of its own afterwards."""

    duplicate_id: UUID


class PatientQuery(SearchQuery):
    """Which patients are wanted. A search takes parts of names, of a telephone number or of an e-mail address."""

    birth_date: PlainDate | None = None


class PatientRead(ResponseModel):
    """A patient, as it is told."""

    id: UUID
    given_name: str
    family_name: str
    birth_date: dt.date
    sex: Sex | None
    phone: str | None
    email: str | None
    address: str | None
    created_at: dt.datetime
    updated_at: dt.datetime


class Duplicate(ResponseModel):
    """A patient who is likely to be the same person as another one, and why."""

    id: UUID
    given_name: str
    family_name: str
    birth_date: dt.date
    reasons: list[DuplicateReason]


class TimelineEntry(ResponseModel):
    """Something that happened to a patient, or to a record that concerns one."""

    id: UUID
    name: str
    record_id: UUID
    about: UUID | None
    data: dict[str, Any]
    occurred_at: dt.datetime
