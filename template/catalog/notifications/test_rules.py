"""Tests of templates and quiet hours."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from your_service.modules.notifications.rules import (
    QuietHours,
    check_placeholders,
    fill_in,
    first_allowed,
    variables_in,
)

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(time(22), time(7))
NOON = QuietHours(time(12), time(14))


@pytest.mark.parametrize("text", ["", "Hello", "$name", "${name}s", "$$5", "$name$name", "Grüße, $a_1!"])
def test_accepts_placeholders(text: str) -> None:
    assert check_placeholders(text) == text


@pytest.mark.parametrize("text", ["$", "$5", "${", "${name", "${}", "$ name", "$é", "${a.b}", "${a[0]}", "${a!r}"])
def test_refuses_malformed_placeholders(text: str) -> None:
    with pytest.raises(ValueError, match=r"^write a variable as \$name or \$\{name\}, and a dollar sign as \$\$$"):
        check_placeholders(text)


def test_the_variables_of_several_texts() -> None:
    assert variables_in(["$a and ${b}", None, "$$c", "", "$a$d"]) == {"a", "b", "d"}


def test_values_replace_variables_once() -> None:
    values = {"a": "$b and ${c}", "b": "%s {0}", "c": "unused"}

    assert fill_in("$$ $a, ${b}$b", values) == "$ $b and ${c}, %s {0}%s {0}"


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="b"):
        fill_in("$a $b", {"a": "1"})


@pytest.mark.parametrize(
    ("quiet", "local", "expected"),
    [
        (NIGHT, time(21, 59), False),
        (NIGHT, time(22), True),
        (NIGHT, time(0), True),
        (NIGHT, time(6, 59, 59), True),
        (NIGHT, time(7), False),
        (NIGHT, time(12), False),
        (NOON, time(11, 59), False),
        (NOON, time(12), True),
        (NOON, time(13, 59), True),
        (NOON, time(14), False),
        (NOON, time(0), False),
    ],
)
def test_quiet_hours(quiet: QuietHours, local: time, expected: bool) -> None:
    assert quiet.include(local) is expected


@pytest.mark.parametrize(
    ("quiet", "moment", "expected"),
    [
        # Without quiet hours, and outside of them, nothing changes.
        (None, "2030-01-15T23:00:30.5+01:00", "2030-01-15T23:00:30.5+01:00"),
        (NIGHT, "2030-01-15T12:00:30.5+01:00", "2030-01-15T12:00:30.5+01:00"),
        (NIGHT, "2030-01-15T22:00:00+01:00", "2030-01-16T07:00:00+01:00"),
        (NIGHT, "2030-01-16T06:59:59.9+01:00", "2030-01-16T07:00:00+01:00"),
        (NOON, "2030-01-15T12:30:10+01:00", "2030-01-15T14:00:00+01:00"),
        # The night before the clocks go forward has an hour less, and the night before they go back an hour more.
        (NIGHT, "2030-03-30T23:00:00+01:00", "2030-03-31T07:00:00+02:00"),
        (NIGHT, "2030-10-26T23:00:00+02:00", "2030-10-27T07:00:00+01:00"),
        # 2:30 does not exist when the clocks go forward at 2:00.
        (QuietHours(time(1), time(2, 30)), "2030-03-31T01:30:00+01:00", "2030-03-31T03:00:00+02:00"),
        # 2:00 to 3:00 exists twice when they go back.
        (QuietHours(time(1), time(2, 30)), "2030-10-27T02:10:00+02:00", "2030-10-27T02:30:00+02:00"),
        (QuietHours(time(1), time(2, 30)), "2030-10-27T02:40:00+02:00", "2030-10-27T02:40:00+02:00"),
        (QuietHours(time(1), time(2, 30)), "2030-10-27T02:10:00+01:00", "2030-10-27T02:30:00+01:00"),
        (QuietHours(time(0), time(2, 59)), "2030-10-27T02:59:00+02:00", "2030-10-27T02:59:00+02:00"),
    ],
)
def test_the_first_time_outside_of_quiet_hours(quiet: QuietHours | None, moment: str, expected: str) -> None:
    allowed = first_allowed(datetime.fromisoformat(moment).astimezone(UTC), quiet, BERLIN)

    assert allowed == datetime.fromisoformat(expected)


def test_quiet_hours_are_those_of_the_time_zone() -> None:
    moment = datetime(2030, 1, 15, 12, tzinfo=UTC)

    assert first_allowed(moment, NIGHT, ZoneInfo("Asia/Kolkata")) == moment
    assert first_allowed(moment, NIGHT, ZoneInfo("Pacific/Auckland")) == moment + timedelta(hours=6)
