"""Working hours in local time, and the slots in UTC that they contain."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from pydantic import model_validator

from ...core.schemas import LocalTime, RequestModel

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


@dataclass(frozen=True, slots=True)
class Schedule:
    """The weekly working hours of a practitioner, their time zone, and the length of a slot."""

    week: Week
    zone: ZoneInfo
    slot_length: timedelta


def in_order(week: Iterable[WorkingInterval]) -> Week:
    """Return the intervals sorted by weekday and start."""
    return tuple(sorted(week, key=lambda interval: (WEEKDAYS.index(interval.weekday), interval.starts_at)))


def check_overlap(week: Week) -> Week:
    """Return the intervals; raise `ValueError` if two on the same weekday overlap. Adjacent ones do not."""
    for first, second in pairwise(in_order(week)):
        if first.weekday is second.weekday and second.starts_at < first.ends_at:
            raise ValueError("intervals on the same weekday must not overlap")
    return week


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

    def is_free(slot: Span) -> bool:
        following = bisect_right(spans, slot.starts_at, key=lambda span: span.ends_at)
        return following == len(spans) or slot.ends_at <= spans[following].starts_at

    return [slot for slot in slots if slot.starts_at > now and is_free(slot)]


def _slots_of_day(schedule: Schedule, day: date) -> list[Span]:
    slots: list[Span] = []
    for interval in schedule.week:
        if interval.weekday is WEEKDAYS[day.weekday()]:
            opening, closing = datetime.combine(day, interval.starts_at), datetime.combine(day, interval.ends_at)
            slots += _slots_from_to(opening, closing, schedule)
    return sorted(slots)


def _slots_from_to(opening: datetime, closing: datetime, schedule: Schedule) -> list[Span]:
    length, zone = schedule.slot_length, schedule.zone
    numbers = range((closing - opening) // length)
    first, last = _to_utc(opening, zone, fold=0), _to_utc(closing, zone, fold=1)
    if last - first == closing - opening:
        return [Span(first + number * length, first + (number + 1) * length) for number in numbers]
    # Clocks change: a skipped local time has no moment, and a repeated one has two.
    local_starts = [opening + number * length for number in numbers]
    moments = {_to_utc(local, zone, fold) for local in local_starts for fold in (0, 1)}
    slots: list[Span] = []
    for starts_at in sorted(moment for moment in moments if _to_local(moment, zone) in local_starts):
        follows = not slots or slots[-1].ends_at <= starts_at
        minutes = (starts_at + number * MINUTE for number in range(length // MINUTE))
        if follows and all(opening <= _to_local(minute, zone) < closing for minute in minutes):
            slots.append(Span(starts_at, starts_at + length))
    return slots


def _to_utc(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _to_local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
