"""The table of workflow runs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

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


class WorkflowRun(StatefulRecord):
    """One execution of a workflow of n8n."""

    __tablename__ = "workflow_runs"
    __table_args__ = (Index(None, "state", "due_at"),)

    workflow: Mapped[str] = mapped_column(String(100), index=True)
    data: Mapped[dict[str, Any]]
    state: Mapped[RunState] = mapped_column(default=RunState.QUEUED, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    """How often the workflow may have been started since the run was queued."""
    due_at: Mapped[datetime] = mapped_column(default=utcnow)
    """When a queued run is started next, and when a started one has timed out."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None]
    failure: Mapped[str | None] = mapped_column(String(200))
