"""Working hours in local time, and the slots in UTC that they contain."""

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


def _check_local_time(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("must be a local time without an offset")
    if value.second or value.microsecond:
        raise ValueError("must be a whole minute")
    return value


LocalTime = Annotated[
    time,
    AsText,
    AfterValidator(_check_local_time),
    # Pydantic's format `time` requires an offset (RFC 3339).
    WithJsonSchema({"type": "string", "format": "time-local"}),
]


class WorkingInterval(RequestModel):
    """Working hours on one weekday in local time; the end is exclusive."""

    weekday: Weekday
    starts_at: LocalTime
    ends_at: LocalTime

    @model_validator(mode="after")
    def _check_order(self) -> "WorkingInterval":
        if self.ends_at <= self.starts_at:
            raise ValueError("must end after it starts")
        return self


Week = tuple[WorkingInterval, ...]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The time between two UTC datetimes; the end is exclusive."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, other: "Span") -> bool:
        """Return whether `other` is within this span."""
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at


@dataclass(frozen=True, slots=True)
class Schedule:
    """The weekly working hours of a practitioner, their time zone, and the length of a slot."""

    week: Week
    zone: ZoneInfo
    slot_length: timedelta


def in_order(week: Iterable[WorkingInterval]) -> Week:
    """Return the intervals sorted by weekday and start."""
    return tuple(sorted(week, key=lambda interval: (WEEKDAYS.index(interval.weekday), interval.starts_at)))


def has_overlap(week: Iterable[WorkingInterval]) -> bool:
    """Return whether two intervals on the same weekday overlap; adjacent intervals do not."""
    pairs = pairwise(in_order(week))
    return any(first.weekday is second.weekday and second.starts_at < first.ends_at for first, second in pairs)


def slots_between(schedule: Schedule, first: date, last: date) -> list[Span]:
    """Return the slots of the local days from `first` to `last` (inclusive), in order.

    Slots start at the same local times every day. When clocks go forward, a skipped local time has no slot. When
    they go back, a repeated local time has two. A slot always has its full length, is within the working hours,
    and does not overlap another slot.
    """
    days = [first + number * DAY for number in range((last - first).days + 1)]
    return [slot for day in days for slot in _slots_of_day(schedule, day)]


def slot_at(schedule: Schedule, moment: datetime) -> Span | None:
    """Return the slot that starts at `moment` (an aware datetime), or None."""
    day = moment.astimezone(schedule.zone).date()
    return next((slot for slot in _slots_of_day(schedule, day) if slot.starts_at == moment), None)


def still_free(slots: Iterable[Span], booked: Iterable[Span], now: datetime) -> list[Span]:
    """Return the slots that start after `now` and overlap no span of `booked`.

    The spans of `booked` must not overlap each other.
    """
    spans = sorted(booked)
    ends = [span.ends_at for span in spans]

    def is_free(slot: Span) -> bool:
        following = bisect_right(ends, slot.starts_at)
        return following == len(spans) or slot.ends_at <= spans[following].starts_at

    return [slot for slot in slots if slot.starts_at > now and is_free(slot)]


@dataclass(frozen=True, slots=True)
class _Period:
    """A period with one UTC offset.

    The functions below write local times as if they were UTC, so that subtracting the offset gives the UTC time.
    """

    span: Span
    offset: timedelta


def _slots_of_day(schedule: Schedule, day: date) -> list[Span]:
    weekday = WEEKDAYS[day.weekday()]
    periods = _periods_around(day, schedule.zone)
    slots: list[Span] = []
    for interval in schedule.week:
        if interval.weekday is weekday:
            opening = datetime.combine(day, interval.starts_at, UTC)
            closing = datetime.combine(day, interval.ends_at, UTC)
            slots += _slots_from_to(opening, closing, schedule.slot_length, periods)
    return sorted(slots)


def _slots_from_to(
    opening: datetime,
    closing: datetime,
    length: timedelta,
    periods: Sequence[_Period],
) -> list[Span]:
    working = _working_spans(opening, closing, periods)
    local_starts = [opening + number * length for number in range((closing - opening) // length)]
    slots: list[Span] = []
    for starts_at in _to_utc(local_starts, periods):
        slot = Span(starts_at, starts_at + length)
        follows = not slots or slots[-1].ends_at <= starts_at
        if follows and any(span.covers(slot) for span in working):
            slots.append(slot)
    return slots


def _to_utc(local_times: Iterable[datetime], periods: Sequence[_Period]) -> list[datetime]:
    # A local time exists in no period if it is skipped, and in both if it is repeated.
    candidates = [(local - period.offset, period.span) for local in local_times for period in periods]
    return sorted(moment for moment, span in candidates if span.starts_at <= moment < span.ends_at)


def _working_spans(opening: datetime, closing: datetime, periods: Sequence[_Period]) -> list[Span]:
    # When clocks go back, the local time can leave the working hours and enter them again: two spans.
    spans: list[Span] = []
    for period in periods:
        starts_at = max(period.span.starts_at, opening - period.offset)
        ends_at = min(period.span.ends_at, closing - period.offset)
        if spans and spans[-1].ends_at == starts_at:
            starts_at = spans.pop().starts_at
        if starts_at < ends_at:
            spans.append(Span(starts_at, ends_at))
    return spans


def _periods_around(day: date, zone: ZoneInfo) -> list[_Period]:
    # Three days contain the local day of every zone, and no zone changes its offset twice within them.
    first = datetime.combine(day - DAY, time.min, UTC)
    last = first + 3 * DAY
    before, after = _offset(first, zone), _offset(last, zone)
    if before == after:
        return [_Period(Span(first, last), before)]
    minutes = range((last - first) // MINUTE)
    change = first + MINUTE * bisect_left(minutes, True, key=lambda n: _offset(first + n * MINUTE, zone) == after)
    return [_Period(Span(first, change), before), _Period(Span(change, last), after)]


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).replace(tzinfo=UTC) - moment
