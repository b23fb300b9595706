"""Requests and responses about runs."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from ...core.schemas import (
    Amount,
    AsNumber,
    ListQuery,
    LongText,
    RecordRead,
    RequestModel,
    ResponseModel,
    ShortText,
)
from .models import CallKind, Failure, RunState

Cost = Annotated[Decimal, WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,6}\.[0-9]{6}$"})]


class AgentRunCreate(RequestModel):
    """What a model should do, with which tools, and within which limits."""

    instruction: LongText
    tools: list[ShortText] | None = Field(default=None, max_length=50, description="The names of the tools; null: all.")
    max_steps: Annotated[int, Field(ge=1, le=50), AsNumber] = 10
    max_seconds: Annotated[int, Field(ge=1, le=600), AsNumber] = 60
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000), AsNumber] = 20_000
    max_cost: Annotated[Amount, Field(gt=0, le=100)] = Decimal("0.50")


class AgentRunQuery(ListQuery):
    """Filters of the list of runs."""

    state: RunState | None = None
    failure: Failure | None = None


class AgentRunRead(RecordRead):
    """A run in a response: its limits, what it has used, and how it has ended."""

    instruction: str
    tools: list[str]
    max_steps: int
    max_seconds: int
    max_tokens: int
    max_cost: Amount
    state: RunState
    answer: str | None
    failure: Failure | None
    detail: str | None
    steps: int
    seconds: float
    tokens: int
    cost: Cost
    ended_at: datetime | None


class AgentCallQuery(ListQuery):
    """The page of the list of a run's calls."""


class AgentCallRead(ResponseModel):
    """A call of the model or of a tool, as the model wrote it, and what came of it."""

    id: UUID
    created_at: datetime
    number: int
    step: int
    kind: CallKind
    name: str
    arguments: str | None
    result: str | None
    error: str | None
    input_tokens: int
    output_tokens: int
    cost: Cost


class ToolRead(ResponseModel):
    """A tool that a run may use; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]


class ToolsRead(ResponseModel):
    """All tools."""

    tools: list[ToolRead]
