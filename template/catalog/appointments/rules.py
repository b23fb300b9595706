"""Working hours, and the slots that they hold: where the local time of a practitioner becomes UTC."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, WithJsonSchema, model_validator

from ...core.schemas import AsText, RequestModel

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Weekday(StrEnum):
    """A day of the week, in the order of `date.weekday`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEKDAYS = tuple(Weekday)


def _reading_of_a_clock(reading: time) -> time:
    if reading.tzinfo is not None:
        raise ValueError("must be local time, without an offset")
    if reading.second or reading.microsecond:
        raise ValueError("must be a whole minute")
    return reading


LocalTime = Annotated[
    time,
    AsText,
    AfterValidator(_reading_of_a_clock),
    # The format `time` of pydantic has an offset, by RFC 3339.
    WithJsonSchema({"type": "string", "format": "time-local"}),
]


class WorkingInterval(RequestModel):
    """Hours of work on one weekday, as the local clock shows them; the end does not belong to them."""

    weekday: Weekday
    starts_at: LocalTime
    ends_at: LocalTime

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "WorkingInterval":
        if self.ends_at <= self.starts_at:
            raise ValueError("must end after it starts")
        return self


Week = tuple[WorkingInterval, ...]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The time between two moments in UTC; the end does not belong to it."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, other: "Span") -> bool:
        """Tell whether all of `other` lies within this span."""
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a practitioner works: the hours of a week in the local time of a zone, cut into slots."""

    week: Week
    zone: ZoneInfo
    slot_length: timedelta


def in_order(week: Iterable[WorkingInterval]) -> Week:
    """Return the intervals from Monday to Sunday, and by their start within a day."""
    return tuple(sorted(week, key=lambda interval: (WEEKDAYS.index(interval.weekday), interval.starts_at)))


def has_overlap(week: Iterable[WorkingInterval]) -> bool:
    """Tell whether two intervals of one weekday have time in common; they may touch."""
    pairs = pairwise(in_order(week))
    return any(first.weekday is second.weekday and second.starts_at < first.ends_at for first, second in pairs)


def slots_between(schedule: Schedule, first: date, last: date) -> list[Span]:
    """Return the slots of the local days from `first` to `last`, both included, in order.

    Slots start at the same readings of the clock every day. A reading that the clock skips as it goes forward has
    no slot; a reading that it shows again, having gone back, has two. A slot always lasts its real length, the
    clock shows working hours from its start to its end, and no two slots overlap.
    """
    days = [first + number * DAY for number in range((last - first).days + 1)]
    return [slot for day in days for slot in _slots_of_day(schedule, day)]


def slot_at(schedule: Schedule, moment: datetime) -> Span | None:
    """Return the slot that starts at `moment`, an aware datetime, or None."""
    day = moment.astimezone(schedule.zone).date()
    return next((slot for slot in _slots_of_day(schedule, day) if slot.starts_at == moment), None)


def still_free(slots: Iterable[Span], booked: Iterable[Span], now: datetime) -> list[Span]:
    """Return the slots that start after `now` and that no span of `booked` overlaps; these do not overlap either."""
    taken = sorted(booked)
    ends = [span.ends_at for span in taken]

    def is_free(slot: Span) -> bool:
        following = bisect_right(ends, slot.starts_at)
        return following == len(taken) or slot.ends_at <= taken[following].starts_at

    return [slot for slot in slots if slot.starts_at > now and is_free(slot)]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time during which the local clock is ahead of UTC by one offset.

    A reading of the clock is written as if it were UTC, so that the two differ by the offset alone.
    """

    span: Span
    offset: timedelta


def _slots_of_day(schedule: Schedule, day: date) -> list[Span]:
    weekday = WEEKDAYS[day.weekday()]
    stretches = _stretches_around(day, schedule.zone)
    slots: list[Span] = []
    for interval in schedule.week:
        if interval.weekday is weekday:
            opening = datetime.combine(day, interval.starts_at, UTC)
            closing = datetime.combine(day, interval.ends_at, UTC)
            slots += _slots_from_to(opening, closing, schedule.slot_length, stretches)
    return sorted(slots)


def _slots_from_to(
    opening: datetime,
    closing: datetime,
    length: timedelta,
    stretches: Sequence[_Stretch],
) -> list[Span]:
    worked = _worked(opening, closing, stretches)
    readings = [opening + number * length for number in range((closing - opening) // length)]
    slots: list[Span] = []
    for starts_at in _moments(readings, stretches):
        slot = Span(starts_at, starts_at + length)
        follows = not slots or slots[-1].ends_at <= starts_at
        if follows and any(span.covers(slot) for span in worked):
            slots.append(slot)
    return slots


def _moments(readings: Iterable[datetime], stretches: Sequence[_Stretch]) -> list[datetime]:
    # A reading stands for a moment in each stretch that shows it: in neither, in one or in both.
    candidates = [(reading - stretch.offset, stretch.span) for reading in readings for stretch in stretches]
    return sorted(moment for moment, span in candidates if span.starts_at <= moment < span.ends_at)


def _worked(opening: datetime, closing: datetime, stretches: Sequence[_Stretch]) -> list[Span]:
    # Two spans are left where a clock that goes back leaves the hours and comes into them again.
    spans: list[Span] = []
    for stretch in stretches:
        starts_at = max(stretch.span.starts_at, opening - stretch.offset)
        ends_at = min(stretch.span.ends_at, closing - stretch.offset)
        if spans and spans[-1].ends_at == starts_at:
            starts_at = spans.pop().starts_at
        if starts_at < ends_at:
            spans.append(Span(starts_at, ends_at))
    return spans


def _stretches_around(day: date, zone: ZoneInfo) -> list[_Stretch]:
    # These three days hold the local day in every zone, and no zone changes its offset twice within them.
    first = datetime.combine(day - DAY, time.min, UTC)
    last = first + 3 * DAY
    before, after = _offset(first, zone), _offset(last, zone)
    if before == after:
        return [_Stretch(Span(first, last), before)]
    minutes = range((last - first) // MINUTE)
    change = first + MINUTE * bisect_left(minutes, True, key=lambda n: _offset(first + n * MINUTE, zone) == after)
    return [_Stretch(Span(first, change), before), _Stretch(Span(change, last), after)]


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).replace(tzinfo=UTC) - moment
