"""The table of workflow runs."""

import json
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, String, Text, cast, false, func, or_
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import InstrumentedAttribute

from ...core.clock import utcnow
from ...core.tenancy import StatefulRecord


class RunState(StrEnum):
    """The state of a run."""

    QUEUED = "queued"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    GIVEN_UP = "given_up"
    ERASED = "erased"


class WorkflowRun(StatefulRecord):
    """A workflow of n8n to execute, once or, after a failure, again."""

    __tablename__ = "workflow_runs"
    __table_args__ = (Index(None, "state", "due_at"),)

    workflow: Mapped[str] = mapped_column(String(100), index=True)
    data: Mapped[dict[str, Any]]
    state: Mapped[RunState] = mapped_column(default=RunState.QUEUED, index=True)
    execution: Mapped[int] = mapped_column(default=1)
    """How often the run was queued. Callbacks of earlier executions do not count."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often the workflow may have been started since the run was queued."""
    due_at: Mapped[datetime] = mapped_column(default=utcnow)
    """When a queued run is started next, and when a started one has timed out."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]
    failure: Mapped[str | None] = mapped_column(String(200))

    @classmethod
    def mentions(cls, texts: Collection[str]) -> ColumnElement[bool]:
        """Return the condition that a value of what the workflow gets or reports is one of these texts, in any case."""
        return or_(false(), *(_has(column, text) for column in (cls.data, cls.result) for text in texts))


def _has(column: InstrumentedAttribute[Any], text: str) -> ColumnElement[bool]:
    # JSON is stored as text. A scheme may be before the value, as in `tel:+12025550123`.
    stored, value = func.lower(cast(column, Text)), json.dumps(text.lower())
    return or_(stored.contains(value, autoescape=True), stored.contains(f":{value[1:]}", autoescape=True))
