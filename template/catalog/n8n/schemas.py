"""Requests and responses for workflow runs."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from ...core.schemas import Integer, JsonObject, ListQuery, RecordRead, RequestModel, ShortText
from .models import RunState

Workflow = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9_-]{1,100}$"),
    Field(description="The path of the workflow's webhook.", examples=["remind-patient"]),
]


class WorkflowRunCreate(RequestModel):
    """A workflow to start, and what it gets."""

    workflow: Workflow
    data: JsonObject


class WorkflowRunQuery(ListQuery):
    """Filters of the list of runs."""

    workflow: Workflow | None = None
    state: RunState | None = None


class RunResult(RequestModel):
    """The callback of a workflow that has ended."""

    run_id: UUID
    execution: Integer = Field(description="The number that the workflow got.")
    state: Literal[RunState.SUCCEEDED, RunState.FAILED]
    result: JsonObject = Field(default_factory=dict)
    failure: ShortText | None = None
    confirms: UUID | None = Field(default=None, description="The offered appointment whose slot the patient confirmed.")


class WorkflowRunRead(RecordRead):
    """A run in a response."""

    workflow: str
    data: dict[str, Any]
    state: RunState
    execution: int
    attempts: int
    due_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None
    failure: str | None
