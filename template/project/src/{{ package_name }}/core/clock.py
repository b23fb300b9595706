"""The clock. Import the time from here, so that tests can freeze it."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return datetime.now(UTC)
