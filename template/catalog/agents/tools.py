"""The tools that a run may use. To add one, write a function and add it to `TOOLS`.

A tool runs in the transaction that stores its result, so it runs once. It sees the rows of the organisation of its run. It
must not call other systems, and whatever it returns is sent to the provider of the model.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.clock import utcnow
from ...core.events import Event

ZONES = available_timezones() - {"Factory", "localtime"}


class Arguments(BaseModel):
    """The arguments of a tool, which the model writes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what the model knows about it, and the function that runs with the session and the arguments."""

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[AsyncSession, Any], Any]

    @property
    def parameters(self) -> dict[str, Any]:
        """The JSON Schema of the arguments."""
        return self.arguments.model_json_schema()


class Place(Arguments):
    """Where to read the clock."""

    time_zone: str = Field(description="The name of an IANA time zone, such as Europe/Berlin.")

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, name: str) -> str:
        if name not in ZONES:
            raise ValueError("must be the name of an IANA time zone, such as Europe/Berlin")
        return name


class Period(Arguments):
    """The events to count."""

    hours: int = Field(ge=1, le=24 * 31, description="How many hours to look back.")
    name: str = Field(default="", max_length=100, description="How the names begin, such as `appointment.`; else all.")


async def tell_time(_: AsyncSession, place: Place) -> str:
    """Return the date and the time."""
    now = utcnow().astimezone(ZoneInfo(place.time_zone))
    return f"{now:%A}, {now.isoformat(timespec='minutes')}"


async def count_events(session: AsyncSession, period: Period) -> str:
    """Return how often each event happened, without what it was about: that may be personal data."""
    counted = (
        select(Event.name, func.count(Event.id))
        .where(Event.occurred_at > utcnow() - timedelta(hours=period.hours))
        .where(Event.name.startswith(period.name, autoescape=True))
        .group_by(Event.name)
        .order_by(Event.name)
    )
    found = await session.execute(counted)
    return json.dumps({row[0]: row[1] for row in found})


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("tell_time", "Tell the date and the time at a place.", Place, tell_time),
        Tool(
            "count_events",
            "Count what happened in the organisation, such as `appointment.booked`, by the names of the events.",
            Period,
            count_events,
        ),
    )
}
"""The tools by name."""
