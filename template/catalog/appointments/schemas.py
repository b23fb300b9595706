"""What requests and responses about practitioners and appointments hold."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from ...core.schemas import (
    AsNumber,
    AsText,
    Boolean,
    ListQuery,
    RequestModel,
    ResponseModel,
    SearchQuery,
    ShortText,
    unchanged,
)
from .models import AppointmentState
from .rules import Week, WorkingInterval, has_overlap

LONGEST_RANGE = 31
"""Days whose slots may be asked for at once."""


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("must be a time zone of the IANA database") from error
    return name


def _without_overlap(week: Week) -> Week:
    if has_overlap(week):
        raise ValueError("intervals of one weekday must not overlap")
    return week


TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_time_zone)]
SlotMinutes = Annotated[int, Field(ge=5, le=240), AsNumber]
# Local time is a day away from UTC at the most: the ends of the calendar stay out of reach.
CalendarDay = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1)), AsText]
CalendarMoment = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
    AsText,
]


class PractitionerCreate(RequestModel):
    """What it takes to make a practitioner; the working hours follow."""

    name: ShortText
    time_zone: TimeZone
    slot_minutes: SlotMinutes
    active: Boolean = True


class PractitionerUpdate(RequestModel):
    """The fields of a practitioner that change; what is left out stays as it is."""

    name: ShortText = unchanged()
    time_zone: TimeZone = unchanged()
    slot_minutes: SlotMinutes = unchanged()
    active: Boolean = unchanged()


class WorkingHours(RequestModel):
    """The hours of a whole week, which replace those before."""

    working_hours: Annotated[Week, Field(max_length=100), AfterValidator(_without_overlap)]


class PractitionerQuery(SearchQuery):
    """Which practitioners are wanted."""

    active: bool | None = None


class PractitionerRead(ResponseModel):
    """A practitioner, as it is told."""

    id: UUID
    name: str
    time_zone: str
    slot_minutes: int
    active: bool
    working_hours: list[WorkingInterval]
    created_at: datetime
    updated_at: datetime


class SlotQuery(RequestModel):
    """The local days whose slots are wanted: one, or several up to and including the last."""

    model_config = ConfigDict(validate_by_name=True)

    first: CalendarDay = Field(alias="from")
    last: CalendarDay | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _is_a_short_range(self) -> "SlotQuery":
        first, last = self.days
        if not 0 <= (last - first).days < LONGEST_RANGE:
            raise ValueError(f"must be 1 to {LONGEST_RANGE} days, in order")
        return self

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        return self.first, self.last or self.first


class SlotRead(ResponseModel):
    """A slot that is free."""

    starts_at: datetime
    ends_at: datetime


class AppointmentCreate(RequestModel):
    """What it takes to book an appointment: its start says which slot it is."""

    patient_id: UUID
    practitioner_id: UUID
    starts_at: CalendarMoment


class AppointmentReschedule(RequestModel):
    """The slot that an appointment moves to."""

    starts_at: CalendarMoment


class AppointmentCancel(RequestModel):
    """Why an appointment is cancelled."""

    reason: ShortText


class AppointmentQuery(ListQuery):
    """Which appointments are wanted: those that start at `from` or later, and before `to`."""

    model_config = ConfigDict(validate_by_name=True)

    patient_id: UUID | None = None
    practitioner_id: UUID | None = None
    state: AppointmentState | None = None
    starts_from: CalendarMoment | None = Field(default=None, alias="from")
    starts_before: CalendarMoment | None = Field(default=None, alias="to")

    def filters(self) -> dict[str, Any]:
        """Return the filters that must be equal, by column."""
        return self.model_dump(exclude_none=True, include={"patient_id", "practitioner_id", "state"})


class ReminderQuery(ListQuery):
    """Which reminders are due: how long before the start they are sent."""

    lead_hours: int = Field(default=24, ge=1, le=24 * 14)

    def filters(self) -> dict[str, Any]:
        """Return no filters: nothing has to be equal."""
        return {}


class AppointmentRead(ResponseModel):
    """An appointment, as it is told."""

    id: UUID
    patient_id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: AppointmentState
    cancellation_reason: str | None
    reminded_at: datetime | None
    created_at: datetime
    updated_at: datetime
