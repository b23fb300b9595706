"""The tables of runs and their calls."""

from datetime import datetime
from decimal import ROUND_UP, Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, Float, ForeignKey, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.clock import utcnow
from ...core.database import StoredForm
from ...core.tenancy import Record, StatefulRecord


class Cost(StoredForm[Decimal]):
    """An amount with six decimal places, rounded up: a single token costs less than a cent."""

    # SQLite has no exact decimal type, but its floats have enough digits.
    impl = Numeric(12, 6).with_variant(Float(asdecimal=True, decimal_return_scale=6), "sqlite")
    cache_ok = True

    def stored(self, value: Decimal) -> Decimal:
        """Return the amount with six decimal places."""
        return value.quantize(Decimal("0.000001"), ROUND_UP)


class RunState(StrEnum):
    """The state of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Failure(StrEnum):
    """Why a run has failed: a limit, or what went wrong."""

    STEPS = "max_steps"
    SECONDS = "max_seconds"
    TOKENS = "max_tokens"
    COST = "max_cost"
    CALLS = "calls"
    TOOL = "tool"
    PROVIDER = "provider"


class CallKind(StrEnum):
    """What was called."""

    MODEL = "model"
    TOOL = "tool"


class AgentRun(StatefulRecord):
    """A conversation with a model that calls tools until it has an answer, or a limit is reached."""

    __tablename__ = "agent_runs"

    instruction: Mapped[str] = mapped_column(Text)
    tools: Mapped[list[str]] = mapped_column(JSON)
    max_steps: Mapped[int]
    max_seconds: Mapped[int]
    max_tokens: Mapped[int]
    max_cost: Mapped[Decimal]
    state: Mapped[RunState] = mapped_column(default=RunState.QUEUED, index=True)
    answer: Mapped[str | None] = mapped_column(Text)
    failure: Mapped[Failure | None]
    detail: Mapped[str | None] = mapped_column(String(200))
    """The last error, for people."""
    steps: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    """How long the model and the tools worked; without the time in the queue."""
    tokens: Mapped[int] = mapped_column(default=0)
    cost: Mapped[Decimal] = mapped_column(Cost, default=Decimal(0))
    messages: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    calls: Mapped[int] = mapped_column(default=0)
    mistakes: Mapped[int] = mapped_column(default=0)
    """How many calls of the model were wrong."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often the next step was begun."""
    due_at: Mapped[datetime] = mapped_column(default=utcnow)
    """No worker continues the run before this time, because another one does, or because the provider is down."""
    ended_at: Mapped[datetime | None]


class AgentCall(Record):
    """A call of the model or of a tool, and what came of it."""

    __tablename__ = "agent_calls"
    __table_args__ = (UniqueConstraint("run_id", "number"),)
    list_order: ClassVar[tuple[str, ...]] = ("run_id", "number")

    run_id: Mapped[UUID] = mapped_column(ForeignKey("agent_runs.id"))
    number: Mapped[int]
    step: Mapped[int]
    kind: Mapped[CallKind]
    name: Mapped[str] = mapped_column(String(200))
    arguments: Mapped[str | None] = mapped_column(Text)
    """What the model wrote."""
    result: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    input_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    cost: Mapped[Decimal] = mapped_column(Cost, default=Decimal(0))
