"""Tests of working hours and slots."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from your_service.modules.appointments.rules import (
    WEEKDAYS,
    Schedule,
    Span,
    Weekday,
    WorkingInterval,
    check_overlap,
    in_order,
    slot_at,
    slots_between,
    still_free,
)

MONDAY = date(2025, 1, 6)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]


def interval(weekday: Weekday, starts_at: str, ends_at: str) -> WorkingInterval:
    return WorkingInterval(
        weekday=weekday,
        starts_at=time.fromisoformat(starts_at),
        ends_at=time.fromisoformat(ends_at),
    )


def daily(zone: str, minutes: int, *hours: tuple[str, str]) -> Schedule:
    """Return a schedule with the same hours on every day."""
    week = tuple(interval(weekday, *pair) for weekday in WEEKDAYS for pair in hours)
    return Schedule(week, ZoneInfo(zone), timedelta(minutes=minutes))


def starts(schedule: Schedule, day: date) -> list[str]:
    """Return when the slots of a day start, in UTC."""
    return [f"{slot.starts_at:%d %H:%M}" for slot in slots_between(schedule, day, day)]


def local_starts(schedule: Schedule, day: date) -> list[str]:
    """Return when the slots of a day start, in local time."""
    return [f"{slot.starts_at.astimezone(schedule.zone):%H:%M}" for slot in slots_between(schedule, day, day)]


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 1, 6, hour, minute, tzinfo=UTC)


def test_slots_fill_the_working_hours() -> None:
    schedule = daily("Europe/Berlin", 30, ("09:00", "10:30"))

    assert slots_between(schedule, MONDAY, MONDAY) == [
        Span(at(8, 0), at(8, 30)),
        Span(at(8, 30), at(9, 0)),
        Span(at(9, 0), at(9, 30)),
    ]


def test_slots_are_aware_datetimes_in_utc() -> None:
    slot = slots_between(daily("Asia/Kolkata", 30, ("09:00", "09:30")), MONDAY, MONDAY)[0]

    assert (slot.starts_at.tzinfo, slot.ends_at.tzinfo) == (UTC, UTC)


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("Europe/Berlin", date(2025, 1, 6), ["06 08:00", "06 09:00"]),
        ("Europe/Berlin", date(2025, 7, 7), ["07 07:00", "07 08:00"]),
        ("America/New_York", date(2025, 1, 6), ["06 14:00", "06 15:00"]),
        ("America/New_York", date(2025, 7, 7), ["07 13:00", "07 14:00"]),
        ("Australia/Lord_Howe", date(2025, 1, 6), ["05 22:00", "05 23:00"]),
        ("Australia/Lord_Howe", date(2025, 7, 7), ["06 22:30", "06 23:30"]),
        ("Asia/Kolkata", date(2025, 1, 6), ["06 03:30", "06 04:30"]),
        ("Asia/Kolkata", date(2025, 7, 7), ["07 03:30", "07 04:30"]),
        ("Pacific/Kiritimati", date(2025, 1, 6), ["05 19:00", "05 20:00"]),
        ("Pacific/Pago_Pago", date(2025, 1, 6), ["06 20:00", "06 21:00"]),
    ],
)
def test_nine_to_eleven_in_utc(zone: str, day: date, expected: list[str]) -> None:
    assert starts(daily(zone, 60, ("09:00", "11:00")), day) == expected


def test_a_day_may_have_several_intervals() -> None:
    schedule = daily("Europe/Berlin", 60, ("13:00", "15:00"), ("09:00", "10:00"))

    assert local_starts(schedule, MONDAY) == ["09:00", "13:00", "14:00"]


@pytest.mark.parametrize(("closing", "expected"), [("09:59", ["09:00"]), ("10:00", ["09:00", "09:30"])])
def test_a_slot_does_not_exceed_the_working_hours(closing: str, expected: list[str]) -> None:
    assert local_starts(daily("Europe/Berlin", 30, ("09:00", closing)), MONDAY) == expected


def test_a_slot_does_not_span_two_intervals() -> None:
    schedule = daily("Europe/Berlin", 60, ("09:00", "10:30"), ("10:30", "12:00"))

    assert local_starts(schedule, MONDAY) == ["09:00", "10:30"]


def test_hours_shorter_than_a_slot_have_none() -> None:
    assert local_starts(daily("Europe/Berlin", 60, ("09:00", "09:59")), MONDAY) == []


@pytest.mark.parametrize("number", range(7))
def test_each_weekday_has_its_own_hours(number: int) -> None:
    week = (interval(WEEKDAYS[number], "09:00", "10:00"),)
    schedule = Schedule(week, ZoneInfo("Europe/Berlin"), HOUR)
    day = MONDAY + timedelta(days=number)

    slots = slots_between(schedule, MONDAY, MONDAY + timedelta(days=6))

    assert slots == [Span(datetime(2025, 1, day.day, 8, tzinfo=UTC), datetime(2025, 1, day.day, 9, tzinfo=UTC))]


def test_a_range_includes_its_last_day() -> None:
    schedule = daily("Europe/Berlin", 60, ("09:00", "10:00"))

    slots = slots_between(schedule, MONDAY, MONDAY + timedelta(days=2))

    assert [slot.starts_at for slot in slots] == [at(8), at(8) + 24 * HOUR, at(8) + 48 * HOUR]


def test_a_range_that_ends_before_it_starts_is_empty() -> None:
    schedule = daily("Europe/Berlin", 60, ("09:00", "10:00"))

    assert slots_between(schedule, MONDAY, MONDAY - timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("zone", "day", "minutes", "hours", "expected"),
    [
        # Clocks go from 02:00 to 03:00 at 01:00 UTC.
        ("Europe/Berlin", "2025-03-30", 30, ("01:00", "04:00"), ["30 00:00", "30 00:30", "30 01:00", "30 01:30"]),
        ("Europe/Berlin", "2025-03-30", 60, ("01:00", "04:00"), ["30 00:00", "30 01:00"]),
        ("Europe/Berlin", "2025-03-30", 30, ("02:00", "03:00"), []),
        ("Europe/Berlin", "2025-03-30", 30, ("02:30", "04:00"), ["30 01:00", "30 01:30"]),
        # Clocks go from 02:00 to 03:00 at 07:00 UTC.
        ("America/New_York", "2025-03-09", 30, ("01:00", "04:00"), ["09 06:00", "09 06:30", "09 07:00", "09 07:30"]),
        ("America/New_York", "2025-03-09", 60, ("00:00", "05:00"), ["09 05:00", "09 06:00", "09 07:00", "09 08:00"]),
        # Clocks go from 02:00 to 02:30 at 15:30 UTC.
        ("Australia/Lord_Howe", "2025-10-05", 30, ("01:30", "03:00"), ["04 15:00", "04 15:30"]),
        ("Australia/Lord_Howe", "2025-10-05", 60, ("00:00", "05:00"), ["04 13:30", "04 14:30", "04 16:00", "04 17:00"]),
        # Clocks go from midnight to 01:00 at 22:00 UTC.
        ("Africa/Cairo", "2025-04-25", 30, ("00:00", "01:30"), ["24 22:00"]),
        # The offset does not change.
        ("Asia/Kolkata", "2025-03-30", 60, ("01:00", "04:00"), ["29 19:30", "29 20:30", "29 21:30"]),
        # Clocks go from 03:00 to 02:00 at 01:00 UTC.
        ("Europe/Berlin", "2025-10-26", 30, ("02:00", "03:00"), ["26 00:00", "26 00:30", "26 01:00", "26 01:30"]),
        ("Europe/Berlin", "2025-10-26", 60, ("01:00", "04:00"), ["25 23:00", "26 00:00", "26 01:00", "26 02:00"]),
        ("Europe/Berlin", "2025-10-26", 45, ("02:00", "03:00"), ["26 00:00", "26 01:00"]),
        # Clocks go from 02:00 to 01:00 at 06:00 UTC.
        ("America/New_York", "2025-11-02", 30, ("01:00", "02:00"), ["02 05:00", "02 05:30", "02 06:00", "02 06:30"]),
        # Clocks go from 02:00 to 01:30 at 15:00 UTC.
        ("Australia/Lord_Howe", "2025-04-06", 30, ("01:00", "02:30"), ["05 14:00", "05 14:30", "05 15:00", "05 15:30"]),
        ("Australia/Lord_Howe", "2025-04-06", 60, ("00:00", "04:00"), ["05 13:00", "05 14:00", "05 15:30", "05 16:30"]),
        # Clocks go from midnight to 23:00 of the day before at 21:00 UTC.
        ("Africa/Cairo", "2025-10-30", 30, ("22:30", "23:30"), ["30 19:30", "30 20:00", "30 21:00"]),
        # The offset does not change.
        ("Asia/Kolkata", "2025-10-26", 60, ("01:00", "04:00"), ["25 19:30", "25 20:30", "25 21:30"]),
    ],
)
def test_a_skipped_local_time_has_no_slot_and_a_repeated_one_has_two(
    zone: str,
    day: str,
    minutes: int,
    hours: tuple[str, str],
    expected: list[str],
) -> None:
    assert starts(daily(zone, minutes, hours), date.fromisoformat(day)) == expected


@pytest.mark.parametrize(
    ("day", "minutes", "hours", "expected"),
    [
        # In spring, only two hours pass from 01:00 to 04:00.
        (date(2025, 3, 30), 120, ("01:00", "04:00"), ["30 00:00"]),
        # In spring, working hours that end at a skipped time last until clocks change.
        (date(2025, 3, 30), 45, ("01:15", "02:45"), ["30 00:15"]),
        # In spring, one hour from 01:30 ends at 03:30.
        (date(2025, 3, 30), 60, ("01:30", "03:00"), []),
        # In spring, the slot of 01:30 lasts until 03:15 and leaves no time for the one of 03:00.
        (date(2025, 3, 30), 45, ("00:45", "04:30"), ["29 23:45", "30 00:30", "30 01:45"]),
        # In autumn, one hour from the first 02:30 would include 02:00, which is before the working hours.
        (date(2025, 10, 26), 60, ("02:30", "04:00"), ["26 01:30"]),
        # Working hours end or start at 02:30: half of the repeated hour is inside, twice.
        (date(2025, 10, 26), 30, ("01:30", "02:30"), ["25 23:30", "26 00:00", "26 01:00"]),
        (date(2025, 10, 26), 30, ("02:30", "03:30"), ["26 00:30", "26 01:30", "26 02:00"]),
        # In autumn, the slot of the first 02:30 lasts until 03:00 and leaves no time for the one of the second 02:30.
        (date(2025, 10, 26), 90, ("01:00", "04:00"), ["25 23:00", "26 00:30"]),
    ],
)
def test_a_slot_keeps_its_length_when_clocks_change(
    day: date,
    minutes: int,
    hours: tuple[str, str],
    expected: list[str],
) -> None:
    schedule = daily("Europe/Berlin", minutes, hours)

    assert starts(schedule, day) == expected
    assert {slot.ends_at - slot.starts_at for slot in slots_between(schedule, day, day)} <= {minutes * MINUTE}


@pytest.mark.parametrize("day", [date(2025, 3, 30), date(2025, 10, 26), date(2025, 7, 7)])
def test_later_slots_keep_their_local_times_when_clocks_change(day: date) -> None:
    schedule = daily("Europe/Berlin", 45, ("00:00", "12:00"))

    assert local_starts(schedule, day)[-5:] == ["08:15", "09:00", "09:45", "10:30", "11:15"]


@pytest.mark.parametrize("minutes", [5, 20, 45, 60, 90, 240])
@pytest.mark.parametrize("zone", ZONES)
def test_slots_are_valid_around_every_clock_change(zone: str, minutes: int) -> None:
    schedule = daily(zone, minutes, ("00:00", "02:15"), ("02:45", "06:50"))
    hours = {(each.starts_at, each.ends_at) for each in schedule.week}
    changes = [
        date(2025, 3, 9),
        date(2025, 3, 30),
        date(2025, 4, 6),
        date(2025, 10, 5),
        date(2025, 10, 26),
        date(2025, 11, 2),
    ]

    for change in changes:
        slots = slots_between(schedule, change - timedelta(days=1), change + timedelta(days=1))
        assert all(slot.ends_at - slot.starts_at == minutes * MINUTE for slot in slots)
        assert all(first.ends_at <= second.starts_at for first, second in pairwise(slots))
        local = {moment.astimezone(schedule.zone).time() for slot in slots for moment in moments_of(slot)}
        assert all(any(opens <= moment < closes for opens, closes in hours) for moment in local)


def moments_of(slot: Span) -> list[datetime]:
    """Return every fifth minute of a slot."""
    return [slot.starts_at + number * 5 * MINUTE for number in range((slot.ends_at - slot.starts_at) // (5 * MINUTE))]


@pytest.mark.parametrize("zone", ZONES)
def test_a_whole_year_of_ordinary_hours(zone: str) -> None:
    schedule = daily(zone, 60, ("09:00", "10:00"))

    slots = slots_between(schedule, date(2025, 1, 1), date(2025, 12, 31))

    local = [slot.starts_at.astimezone(schedule.zone) for slot in slots]
    assert [moment.date() for moment in local] == [date(2025, 1, 1) + timedelta(days=number) for number in range(365)]
    assert {moment.time() for moment in local} == {time(9)}


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        (at(8, 0), True),
        (at(8, 30), True),
        (at(9, 0), False),
        (at(8, 15), False),
        (at(8, 0) + timedelta(microseconds=1), False),
        (at(8, 0) - 24 * HOUR, True),
        (datetime(2025, 1, 6, 9, 0, tzinfo=ZoneInfo("Europe/Berlin")), True),
        (datetime(2025, 1, 6, 3, 30, tzinfo=ZoneInfo("America/New_York")), True),
    ],
)
def test_slot_at(moment: datetime, found: bool) -> None:
    slot = slot_at(daily("Europe/Berlin", 30, ("09:00", "10:00")), moment)

    assert slot == (Span(moment, moment + timedelta(minutes=30)) if found else None)


def test_slot_at_uses_the_local_day() -> None:
    sunday_in_utc = datetime(2025, 1, 5, 22, 0, tzinfo=UTC)
    week = (interval(Weekday.MONDAY, "09:00", "10:00"),)

    slot = slot_at(Schedule(week, ZoneInfo("Australia/Lord_Howe"), HOUR), sunday_in_utc)

    assert slot == Span(sunday_in_utc, sunday_in_utc + HOUR)


@pytest.mark.parametrize("hour", [0, 1])
def test_slot_at_distinguishes_the_slots_of_a_repeated_local_time(hour: int) -> None:
    moment = datetime(2025, 10, 26, hour, tzinfo=UTC)

    slot = slot_at(daily("Europe/Berlin", 60, ("02:00", "03:00")), moment)

    assert slot == Span(moment, moment + HOUR)


SLOTS = [Span(at(hour), at(hour + 1)) for hour in (8, 9, 10, 11)]


@pytest.mark.parametrize(
    ("booked", "expected"),
    [
        ([], [8, 9, 10, 11]),
        ([Span(at(9), at(10))], [8, 10, 11]),
        ([Span(at(8), at(9)), Span(at(11), at(12))], [9, 10]),
        ([Span(at(11), at(12)), Span(at(8), at(9))], [9, 10]),
        ([Span(at(9, 59), at(10, 1))], [8, 11]),
        ([Span(at(9, 15), at(9, 30))], [8, 10, 11]),
        ([Span(at(7), at(13))], []),
        ([Span(at(7), at(8))], [8, 9, 10, 11]),
        ([Span(at(12), at(13))], [8, 9, 10, 11]),
        ([Span(at(8), at(8, 20)), Span(at(8, 20), at(9)), Span(at(10), at(10, 5))], [9, 11]),
    ],
)
def test_a_booked_slot_is_not_free(booked: list[Span], expected: list[int]) -> None:
    free = still_free(SLOTS, booked, at(0))

    assert [slot.starts_at.hour for slot in free] == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [(at(8, 59), [9, 10, 11]), (at(9), [10, 11]), (at(9, 1), [10, 11]), (at(11), []), (at(7, 59), [8, 9, 10, 11])],
)
def test_a_slot_that_has_started_is_not_free(now: datetime, expected: list[int]) -> None:
    assert [slot.starts_at.hour for slot in still_free(SLOTS, [], now)] == expected


def test_in_order() -> None:
    ordered = [
        interval(Weekday.MONDAY, "09:00", "10:00"),
        interval(Weekday.MONDAY, "11:00", "12:00"),
        interval(Weekday.TUESDAY, "08:00", "09:00"),
        interval(Weekday.SUNDAY, "07:00", "08:00"),
    ]

    assert in_order(reversed(ordered)) == tuple(ordered)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("09:00", "12:00"), ("12:00", "13:00")),
        (("09:00", "12:00"), ("13:00", "17:00")),
    ],
)
def test_intervals_on_one_weekday_may_be_adjacent(first: tuple[str, str], second: tuple[str, str]) -> None:
    week = (interval(Weekday.MONDAY, *first), interval(Weekday.MONDAY, *second))

    assert check_overlap(week) == week


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("09:00", "12:01"), ("12:00", "13:00")),
        (("12:00", "13:00"), ("09:00", "12:01")),
        (("09:00", "17:00"), ("12:00", "13:00")),
        (("09:00", "12:00"), ("09:00", "12:00")),
    ],
)
def test_intervals_on_one_weekday_must_not_overlap(first: tuple[str, str], second: tuple[str, str]) -> None:
    week = (interval(Weekday.MONDAY, *first), interval(Weekday.MONDAY, *second))

    with pytest.raises(ValueError, match=r"^intervals on the same weekday must not overlap$"):
        check_overlap(week)


def test_two_weekdays_do_not_overlap() -> None:
    week = (interval(Weekday.MONDAY, "09:00", "12:00"), interval(Weekday.TUESDAY, "09:00", "12:00"))

    assert check_overlap(week) == week


def test_an_interval_accepts_times_as_text() -> None:
    parsed = WorkingInterval.model_validate({"weekday": "monday", "starts_at": "09:00", "ends_at": "09:01"})

    assert parsed == interval(Weekday.MONDAY, "09:00", "09:01")


def test_weekdays_have_english_names() -> None:
    assert list(Weekday) == ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@pytest.mark.parametrize(
    ("changes", "loc", "message"),
    [
        ({"ends_at": "09:00"}, (), "Value error, must end after it starts"),
        ({"ends_at": "08:59"}, (), "Value error, must end after it starts"),
        ({"starts_at": "09:00Z"}, ("starts_at",), "Value error, must be a local time without an offset"),
        ({"ends_at": "12:00+02:00"}, ("ends_at",), "Value error, must be a local time without an offset"),
        ({"starts_at": 28800}, ("starts_at",), "Value error, must be text in ISO 8601 format"),
        ({"starts_at": "09:00:01"}, ("starts_at",), "Value error, must be a whole minute"),
        ({"ends_at": "12:00:00.000001"}, ("ends_at",), "Value error, must be a whole minute"),
        ({"break": "12:00"}, ("break",), "Extra inputs are not permitted"),
    ],
)
def test_refuses_a_bad_interval(changes: dict[str, Any], loc: tuple[str, ...], message: str) -> None:
    good = {"weekday": "monday", "starts_at": "09:00", "ends_at": "12:00"}

    with pytest.raises(ValidationError) as error:
        WorkingInterval.model_validate(good | changes)

    assert [(each["loc"], each["msg"]) for each in error.value.errors()] == [(loc, message)]
