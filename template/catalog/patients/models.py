"""The tables of patients and of accesses to their records."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, String, and_
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, validates

from ...core.database import EmailAddress
from ...core.tenancy import Record
from .rules import KEYS, NAME_KEY_LENGTH


class Sex(StrEnum):
    """The administrative sex of a patient."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class Patient(Record):
    """A person whom an organisation treats.

    A merged record stays in the table; `merged_into_id` refers to the record that survived. The record of a person whose
    data was erased stays, too, without personal data.
    """

    __tablename__ = "patients"

    given_name: Mapped[str] = mapped_column(String(200))
    family_name: Mapped[str] = mapped_column(String(200))
    birth_date: Mapped[dt.date] = mapped_column(index=True)
    sex: Mapped[Sex | None]
    phone: Mapped[str | None] = mapped_column(String(50))
    email: Mapped[str | None] = mapped_column(EmailAddress, index=True)
    address: Mapped[str | None] = mapped_column(String(200))
    given_name_key: Mapped[str] = mapped_column(String(NAME_KEY_LENGTH))
    family_name_key: Mapped[str] = mapped_column(String(NAME_KEY_LENGTH))
    phone_key: Mapped[str | None] = mapped_column(String(50), index=True)
    # Deleting a patient also deletes the records merged into it.
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("patients.id", ondelete="CASCADE"), index=True)
    erased_at: Mapped[dt.datetime | None]

    @hybrid_property
    def name_key(self) -> str:
        """Both names joined, because people split their names in different ways."""
        return self.given_name_key + self.family_name_key

    @validates(*KEYS)
    def _set_key(self, field: str, value: str | None) -> str | None:
        setattr(self, f"{field}_key", None if value is None else KEYS[field](value))
        return value

    @classmethod
    def referable(cls) -> ColumnElement[bool]:
        """Allow references only to records that are neither merged nor erased."""
        return and_(cls.merged_into_id.is_(None), cls.erased_at.is_(None))


class AccessKind(StrEnum):
    """What a user read about a patient."""

    RECORD = "record"
    LIST = "list"
    TIMELINE = "timeline"
    EXPORT = "export"


class PatientAccess(Record):
    """A user has read something about a patient. It stays if the patient is merged, erased or deleted."""

    __tablename__ = "patient_accesses"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("core_users.id"), index=True)
    patient_id: Mapped[UUID] = mapped_column(index=True)
    kind: Mapped[AccessKind]
