"""Requests and responses about practitioners and appointments."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from ...core.schemas import (
    AsNumber,
    AsText,
    Boolean,
    ListQuery,
    Moment,
    RecordRead,
    RequestModel,
    ResponseModel,
    SearchQuery,
    ShortText,
    TimeZone,
    unchanged,
)
from .models import AppointmentState
from .rules import Week, WorkingInterval, check_overlap

MAX_DAYS = 31
"""The most days that one request for slots may cover."""
SlotMinutes = Annotated[int, Field(ge=5, le=240), AsNumber]
# The limits leave room for conversions between local time and UTC.
CalendarDay = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1)), AsText]
CalendarMoment = Annotated[
    Moment,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
    # JSON Schema has no limits of times.
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class PractitionerCreate(RequestModel):
    """Fields of a new practitioner; a separate request sets the working hours."""

    name: ShortText
    time_zone: TimeZone
    slot_minutes: SlotMinutes
    active: Boolean = True


class PractitionerUpdate(RequestModel):
    """Fields of a practitioner to change; a field that is left out keeps its value."""

    name: ShortText = unchanged()
    time_zone: TimeZone = unchanged()
    slot_minutes: SlotMinutes = unchanged()
    active: Boolean = unchanged()


class WorkingHours(RequestModel):
    """The working hours of a whole week; they replace the previous ones."""

    working_hours: Annotated[Week, Field(max_length=100), AfterValidator(check_overlap)]


class PractitionerQuery(SearchQuery):
    """Filters of the list of practitioners."""

    active: bool | None = None


class PractitionerRead(RecordRead):
    """A practitioner in a response."""

    name: str
    time_zone: str
    slot_minutes: int
    active: bool
    working_hours: list[WorkingInterval]


class SlotQuery(RequestModel):
    """A range of local days; without `to`, the single day `from`."""

    model_config = ConfigDict(validate_by_name=True)

    first: CalendarDay = Field(alias="from")
    last: CalendarDay | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _check_range(self) -> "SlotQuery":
        first, last = self.days
        if not 0 <= (last - first).days < MAX_DAYS:
            raise ValueError(f"'to' must be at most {MAX_DAYS - 1} days after 'from' and not before it")
        return self

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        return self.first, self.last or self.first


class SlotRead(ResponseModel):
    """A free slot."""

    starts_at: datetime
    ends_at: datetime


class AppointmentCreate(RequestModel):
    """Fields of a new appointment; `starts_at` is the start of a free slot."""

    patient_id: UUID
    practitioner_id: UUID
    starts_at: CalendarMoment


class AppointmentReschedule(RequestModel):
    """The start of the slot to move an appointment to."""

    starts_at: CalendarMoment


class AppointmentCancel(RequestModel):
    """The reason for cancelling an appointment."""

    reason: ShortText


class AppointmentQuery(ListQuery):
    """Filters of the list of appointments; they start at `from` or later, and before `to`."""

    model_config = ConfigDict(validate_by_name=True)

    patient_id: UUID | None = None
    practitioner_id: UUID | None = None
    state: AppointmentState | None = None
    # Excluded because they are no columns.
    starts_from: CalendarMoment | None = Field(default=None, alias="from", exclude=True)
    starts_before: CalendarMoment | None = Field(default=None, alias="to", exclude=True)


class ReminderQuery(ListQuery):
    """The lead time of reminders: how long before the start they are due."""

    lead_hours: int = Field(default=24, ge=1, le=24 * 14, exclude=True)


class AppointmentRead(RecordRead):
    """An appointment in a response."""

    patient_id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: AppointmentState
    held_until: datetime | None
    cancellation_reason: str | None
    reminded_at: datetime | None
