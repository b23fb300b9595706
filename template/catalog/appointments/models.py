"""The tables of practitioners and appointments."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ...core.tenancy import Record, StatefulRecord
from .rules import Schedule, Span, WorkingInterval


class Practitioner(Record):
    """A person who offers appointments, with working hours in a time zone."""

    __tablename__ = "practitioners"

    name: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(64))
    slot_minutes: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    working_hours: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)

    @property
    def schedule(self) -> Schedule:
        """The working hours with their time zone and slot length."""
        week = tuple(map(WorkingInterval.model_validate, self.working_hours))
        return Schedule(week, ZoneInfo(self.time_zone), timedelta(minutes=self.slot_minutes))


class AppointmentState(StrEnum):
    """The state of an appointment."""

    OFFERED = "offered"
    BOOKED = "booked"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Appointment(StatefulRecord):
    """A slot of a practitioner that is booked for a patient, or offered to one."""

    __tablename__ = "appointments"
    list_order: ClassVar[tuple[str, ...]] = ("starts_at", "id")
    __table_args__ = (
        Index(None, "practitioner_id", "starts_at"),
        Index(None, "patient_id", "starts_at"),
    )

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioners.id"))
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    state: Mapped[AppointmentState] = mapped_column(default=AppointmentState.BOOKED, index=True)
    held_until: Mapped[datetime | None]
    """Until then, nobody else can book the slot of an offer."""
    cancellation_reason: Mapped[str | None] = mapped_column(String(200))
    reminded_at: Mapped[datetime | None]
    reminder_attempts: Mapped[int] = mapped_column(default=0)
    """How many e-mails with a reminder of this time may have been sent."""
    reminder_claimed_until: Mapped[datetime | None]
    """Until then, only the worker that claimed the reminder may send it."""

    @property
    def span(self) -> Span:
        """The time from start to end."""
        return Span(self.starts_at, self.ends_at)
