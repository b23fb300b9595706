"""The service for runs: start them, and take one step after the other."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Select, select

from ...core.clock import utcnow
from ...core.errors import ServiceError, Unprocessable
from ...core.queues import LEASE, lock_first
from ...core.resource import Lifecycle, Listing, Transitions
from ...gateways.openai import Completion, Message, ToolCall, ToolDescription
from .models import AgentCall, AgentRun, CallKind, Failure, RunState
from .rules import PROMPT, Prices, explain, reached, tokens_left
from .schemas import AgentCallQuery, AgentRunCreate
from .tools import TOOLS

MAX_ATTEMPTS = 5
"""How often a step is begun before the run fails, if the provider does not answer or workers are lost."""
MAX_MISTAKES = 3
"""How many wrong calls of tools are explained to the model; the next one ends the run."""
ACTIVE = (RunState.QUEUED, RunState.RUNNING)
NUL = r"\u0000"
"""The character in JSON that PostgreSQL does not accept."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """The next call of the model. No other worker makes it before `until`."""

    run_id: UUID
    messages: list[Message]
    tools: list[ToolDescription]
    max_tokens: int
    seconds_left: float
    until: datetime


class CallRefused(Exception):
    """A tool was called in a wrong way; the text is for the model."""


class AgentRunService(Lifecycle[AgentRun]):
    """Runs of the current organisation."""

    model = AgentRun
    name = "agent_run"
    transitions: ClassVar[Transitions] = {
        RunState.QUEUED: frozenset({RunState.RUNNING, RunState.FAILED, RunState.CANCELLED}),
        RunState.RUNNING: frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED}),
        RunState.COMPLETED: frozenset(),
        RunState.FAILED: frozenset(),
        RunState.CANCELLED: frozenset(),
    }

    async def start(self, data: AgentRunCreate) -> AgentRun:
        """Queue a run; raise `Unprocessable` for an unknown tool."""
        tools = sorted(TOOLS) if data.tools is None else sorted(set(data.tools))
        for name in tools:
            if name not in TOOLS:
                raise Unprocessable(f"There is no tool {name}.", "tools", allowed=sorted(TOOLS))
        messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": data.instruction}]
        run = AgentRun(**data.model_dump(exclude={"tools"}), tools=tools, messages=messages)
        return await self._add(run, "started")

    async def cancel(self, run_id: UUID) -> AgentRun:
        """Cancel a run; raise `NotFound`, or `InvalidTransition` if it has ended. A call that is being made still counts."""
        run = await self.get(run_id, lock=True)
        self._check_move(run, RunState.CANCELLED)
        return await self._end(run, RunState.CANCELLED)

    async def calls(self, run_id: UUID, query: AgentCallQuery) -> Listing[AgentCall]:
        """Return the calls of a run in order; raise `NotFound`."""
        await self.get(run_id)
        return await self._listing(AgentCall, [AgentCall.run_id == run_id], [AgentCall.number], query)

    async def claim_next(self, prices: Prices) -> Step | None:
        """Claim the step that is due first for `LEASE`, and return it; return None if none is due."""
        while (run := await lock_first(self.session, to_continue())) is not None:
            if run.attempts >= MAX_ATTEMPTS:
                await self._fail(run, Failure.PROVIDER, run.detail or f"Workers were interrupted {MAX_ATTEMPTS} times.")
            elif limit := reached(run):
                await self._fail(run, limit)
            else:
                run.state, run.due_at = RunState.RUNNING, utcnow() + LEASE
                run.attempts += 1
                await self.session.flush()
                return _step(run, prices)
        return None

    async def postpone(self, step: Step, delay: timedelta, error: str, seconds: float) -> None:
        """Log a call of the model that failed; another attempt is due after `delay`."""
        run = await self._claimed(step)
        if run is None:
            return
        run.seconds += seconds
        self._log(run, CallKind.MODEL, "chat", error=error)
        run.detail, run.due_at = error[:200], utcnow() + delay
        await self.session.flush()

    async def refuse(self, step: Step, error: str) -> None:
        """End a run whose conversation the provider will never accept."""
        run = await self._claimed(step)
        if run is None:
            return
        self._log(run, CallKind.MODEL, "chat", error=error)
        if run.state is RunState.RUNNING:
            await self._fail(run, Failure.PROVIDER, error)

    async def take(self, step: Step, answer: Completion, prices: Prices, started: datetime) -> None:
        """Store the answer of the model, and run the tools that it calls.

        All of this is one transaction: if a worker is lost, the step is taken again, and no tool has run.
        """
        run = await self._claimed(step)
        if run is None:
            return
        cost = prices.of(answer.input_tokens, answer.output_tokens)
        run.steps, run.attempts, run.detail = run.steps + 1, 0, None
        run.tokens += answer.input_tokens + answer.output_tokens
        run.cost += cost
        run.messages = [*run.messages, answer.message]
        used = {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens, "cost": cost}
        self._log(run, CallKind.MODEL, "chat", result=answer.text, **used)
        run.seconds += (utcnow() - started).total_seconds()
        run.due_at = utcnow()
        if run.state is RunState.CANCELLED:
            await self.session.flush()
        elif answer.is_cut_off:
            cause = Failure.COST if run.cost >= run.max_cost else Failure.TOKENS
            await self._fail(run, cause, "The answer was cut off.")
        elif not answer.tool_calls:
            run.answer = answer.text
            await self._end(run, RunState.COMPLETED)
        elif limit := reached(run):
            await self._fail(run, limit)
        else:
            await self._call_tools(run, answer.tool_calls)

    async def _call_tools(self, run: AgentRun, calls: Sequence[ToolCall]) -> None:
        started = utcnow()
        for call in calls:
            try:
                async with self.session.begin_nested():
                    content = await self._call_tool(run, call)
            except CallRefused as refusal:
                content = f"Error: {refusal}"
                self._log(run, CallKind.TOOL, call.name[:200], arguments=call.arguments, error=str(refusal))
                run.mistakes += 1
                if run.mistakes > MAX_MISTAKES:
                    await self._fail(run, Failure.CALLS, str(refusal))
                    return
            except Exception as error:
                # Whatever is wrong with the tool, the run must not stay claimed.
                logger.exception("The tool %s failed in run %s.", call.name, run.id)
                self._log(run, CallKind.TOOL, call.name, arguments=call.arguments, error=type(error).__name__)
                await self._fail(run, Failure.TOOL, f"The tool {call.name} failed.")
                return
            else:
                self._log(run, CallKind.TOOL, call.name, arguments=call.arguments, result=content)
            run.messages = [*run.messages, {"role": "tool", "tool_call_id": call.id, "content": content}]
        run.seconds += (utcnow() - started).total_seconds()
        await self.session.flush()

    async def _call_tool(self, run: AgentRun, call: ToolCall) -> str:
        tool = TOOLS.get(call.name)
        if tool is None or tool.name not in run.tools:
            raise CallRefused(f"There is no tool {call.name}. There are: {', '.join(run.tools)}.")
        if NUL in call.arguments:
            raise CallRefused("The arguments contain a NUL character, which is not allowed.")
        try:
            arguments = tool.arguments.model_validate_json(call.arguments)
            result: str = await tool.run(self.session, arguments)
        except ValidationError as error:
            raise CallRefused(explain(error)) from error
        except ServiceError as error:
            raise CallRefused(error.detail) from error
        return result

    async def _claimed(self, step: Step) -> AgentRun | None:
        # A cancelled run keeps its claim, so that the last call is logged. After the claim, another worker may have it.
        statement = select(AgentRun).where(AgentRun.id == step.run_id, AgentRun.due_at == step.until)
        found: AgentRun | None = await self.session.scalar(
            statement.with_for_update().execution_options(populate_existing=True),
        )
        return found

    async def _fail(self, run: AgentRun, failure: Failure, detail: str | None = None) -> None:
        run.failure, run.detail = failure, detail and detail[:200]
        await self._end(run, RunState.FAILED, failure=failure)

    async def _end(self, run: AgentRun, state: RunState, **data: Any) -> AgentRun:
        run.state, run.ended_at = state, utcnow()
        return await self._publish(state, run, steps=run.steps, cost=run.cost, **data)

    def _log(self, run: AgentRun, kind: CallKind, name: str, **values: Any) -> None:
        run.calls += 1
        self.session.add(AgentCall(run_id=run.id, number=run.calls, step=run.steps, kind=kind, name=name, **values))


def to_continue() -> Select[AgentRun]:
    """Select the runs whose next step is due, and that no worker has claimed."""
    due = select(AgentRun).where(AgentRun.state.in_(ACTIVE), AgentRun.due_at <= utcnow())
    return due.order_by(AgentRun.due_at, AgentRun.id)


def _step(run: AgentRun, prices: Prices) -> Step:
    tools = [TOOLS[name] for name in run.tools if name in TOOLS]
    described = [ToolDescription(tool.name, tool.description, tool.parameters) for tool in tools]
    left = run.max_seconds - run.seconds
    return Step(run.id, run.messages, described, tokens_left(run, prices), left, run.due_at)
