"""Templates, quiet hours and batches: functions that use neither database nor clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from string import Template
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
SEPARATOR = "\n\n"
"""What is between the texts of several notifications in one message."""


def check_placeholders(text: str) -> str:
    """Return a text with placeholders such as `$name` or `${name}`; raise `ValueError` if one is malformed."""
    if not Template(text).is_valid():
        raise ValueError("write a variable as $name or ${name}, and a dollar sign as $$")
    return text


def variables_in(texts: Iterable[str | None]) -> set[str]:
    """Return the variables of some texts."""
    return {name for text in texts if text for name in Template(text).get_identifiers()}


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Return a text with values in place of its variables; values are not searched for variables."""
    return Template(text).substitute(values)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The local times of a day between which nobody is to be disturbed; they may span midnight."""

    starts_at: time
    ends_at: time

    def include(self, local: time) -> bool:
        """Return whether a local time is within the quiet hours; the end is not."""
        if self.starts_at < self.ends_at:
            return self.starts_at <= local < self.ends_at
        return local >= self.starts_at or local < self.ends_at


def first_allowed(moment: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> datetime:
    """Return the first time from `moment` on that is outside of the quiet hours on the clocks of a zone."""

    def is_quiet(candidate: datetime) -> bool:
        return quiet is not None and quiet.include(candidate.astimezone(zone).time())

    if not is_quiet(moment):
        return moment
    # Minute by minute, because clocks may change in between. Quiet hours begin and end at whole minutes.
    candidate = moment.replace(second=0, microsecond=0)
    while is_quiet(candidate):
        candidate += MINUTE
    return candidate
