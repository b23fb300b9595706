"""The one place where this service reads the time."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Return the current moment as an aware datetime in UTC."""
    return datetime.now(UTC)
