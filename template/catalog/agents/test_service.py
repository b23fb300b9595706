"""Tests of the service for runs, and of the tools."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from time_machine import Traveller

from your_service.core.errors import Conflict, InvalidTransition, NotFound, Unprocessable
from your_service.core.events import Event
from your_service.core.queues import LEASE
from your_service.core.tenancy import Organisation
from your_service.gateways.openai import Completion, ToolCall
from your_service.modules.agents import tools
from your_service.modules.agents.models import AgentCall, AgentRun, CallKind, Failure, RunState
from your_service.modules.agents.rules import PROMPT, Prices
from your_service.modules.agents.schemas import AgentCallQuery, AgentRunCreate, AgentRunQuery
from your_service.modules.agents.service import MAX_ATTEMPTS, MAX_MISTAKES, AgentRunService, Step
from your_service.modules.agents.tools import TOOLS, Arguments, Period, Place, Tool, count_events, tell_time

from tests.support.factories import Factory, Payload
from tests.support.gateways.openai import answer
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase, TenantContext

PRICES = Prices(Decimal("0.40"), Decimal("1.60"))
BERLIN = '{"time_zone": "Europe/Berlin"}'
ASK_THE_TIME = ToolCall("call_1", "tell_time", BERLIN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("instruction", " "),
        ("instruction", "x" * 20_001),
        ("tools", [""]),
        ("tools", ["x"] * 51),
        ("max_steps", 0),
        ("max_steps", 51),
        ("max_seconds", 0),
        ("max_seconds", 601),
        ("max_tokens", 0),
        ("max_tokens", 1_000_001),
        ("max_cost", 0),
        ("max_cost", "100.01"),
        ("max_cost", "0.001"),
        ("state", "completed"),
    ],
)
def test_start_refuses_a_bad_value(agent_run_payload: Payload, field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        AgentRunCreate(**agent_run_payload(**{field: value}))

    assert error.value.errors()[0]["loc"][0] == field


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_tool_has_a_schema_and_describes_its_arguments(tool: Tool) -> None:
    schema = tool.parameters

    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    assert [name for name, each in schema["properties"].items() if "description" not in each] == []
    assert tool.description.endswith(".")


class TestAgentRunService(ServiceTestCase[AgentRunService]):
    service_class = AgentRunService

    async def claimed(self, run: AgentRun) -> Step:
        """Claim the next step of a run."""
        step = await self.service.claim_next(PRICES)
        assert step is not None
        assert step.run_id == run.id
        return step

    async def take(self, run: AgentRun, completion: Completion) -> bool:
        """Take the next step of a run with this answer of the model, and return whether another one follows."""
        await self.service.take(await self.claimed(run), completion, PRICES, datetime.now(UTC))
        return run.state is RunState.RUNNING

    async def calls_of(self, run: AgentRun) -> list[AgentCall]:
        """Return the log of a run."""
        listing = await self.service.calls(run.id, AgentCallQuery())
        return [*listing.items]

    async def test_start_stores_the_limits_and_all_tools(self, make_agent_run: Factory[AgentRun]) -> None:
        run = await make_agent_run(instruction="Count.", max_steps=2, max_seconds=3, max_tokens=4, max_cost="0.05")

        stored = await self.service.get(run.id)
        assert (stored.state, stored.tools) == (RunState.QUEUED, ["count_events", "tell_time"])
        assert (stored.max_steps, stored.max_seconds, stored.max_tokens) == (2, 3, 4)
        assert (stored.max_cost, stored.cost, stored.steps) == (Decimal("0.05"), Decimal(0), 0)
        assert stored.messages == [{"role": "system", "content": PROMPT}, {"role": "user", "content": "Count."}]
        assert [(event.name, event.record_id) for event in self.published_events] == [("agent_run.started", run.id)]

    @pytest.mark.parametrize(("chosen", "expected"), [([], []), (["tell_time", "tell_time"], ["tell_time"])])
    async def test_a_run_has_only_its_tools(
        self,
        make_agent_run: Factory[AgentRun],
        chosen: list[str],
        expected: list[str],
    ) -> None:
        run = await make_agent_run(tools=chosen)

        step = await self.claimed(run)

        assert [tool.name for tool in step.tools] == run.tools == expected

    async def test_an_unknown_tool_is_refused(self, make_agent_run: Factory[AgentRun]) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_agent_run(tools=["tell_time", "launch"])

        assert (error.value.fields, error.value.hints) == (("tools",), {"allowed": ["count_events", "tell_time"]})

    async def test_a_step_has_the_conversation_and_what_is_left(
        self,
        make_agent_run: Factory[AgentRun],
        frozen_time: Traveller,
    ) -> None:
        run = await make_agent_run(max_tokens=500, max_seconds=20)
        frozen_time.shift(1)

        step = await self.claimed(run)

        assert (step.messages, step.max_tokens, step.seconds_left) == (run.messages, 500, 20)
        assert step.until == FROZEN_NOW + timedelta(seconds=1) + LEASE
        assert [(tool.name, tool.parameters) for tool in step.tools] == [
            ("count_events", Period.model_json_schema()),
            ("tell_time", Place.model_json_schema()),
        ]

    async def test_a_claimed_run_belongs_to_one_worker(
        self,
        test_agent_run: AgentRun,
        frozen_time: Traveller,
    ) -> None:
        frozen_time.shift(1)
        await self.claimed(test_agent_run)

        frozen_time.shift(LEASE - timedelta(seconds=1))
        assert await self.service.claim_next(PRICES) is None
        frozen_time.shift(1)
        await self.claimed(test_agent_run)

    async def test_runs_take_turns(self, make_agent_run: Factory[AgentRun], frozen_time: Traveller) -> None:
        runs = [await make_agent_run() for _ in range(2)]
        claimed = []

        for _ in range(4):
            frozen_time.shift(1)
            step = await self.service.claim_next(PRICES)
            assert step is not None
            await self.service.take(step, answer(None, ASK_THE_TIME), PRICES, FROZEN_NOW)
            claimed.append(step.run_id)

        assert claimed[:2] == claimed[2:]
        assert {*claimed} == {run.id for run in runs}

    async def test_a_run_that_ends_does_not_hide_the_next(
        self, make_agent_run: Factory[AgentRun], frozen_time: Traveller
    ) -> None:
        exhausted = await make_agent_run(max_steps=1)
        exhausted.steps = 1
        frozen_time.shift(1)
        run = await make_agent_run()

        await self.claimed(run)

        assert (exhausted.state, exhausted.failure) == (RunState.FAILED, Failure.STEPS)

    async def test_an_answer_completes_a_run(self, test_agent_run: AgentRun, frozen_time: Traveller) -> None:
        step = await self.claimed(test_agent_run)
        frozen_time.shift(2.5)

        await self.service.take(step, answer("It is noon.", tokens=(1000, 50)), PRICES, FROZEN_NOW)

        run = test_agent_run
        assert (run.state, run.answer) == (RunState.COMPLETED, "It is noon.")
        assert (run.steps, run.tokens, run.cost) == (1, 1050, Decimal("0.00048"))
        assert run.ended_at == FROZEN_NOW + timedelta(seconds=2.5)
        assert run.seconds == (run.ended_at - FROZEN_NOW).total_seconds()
        (call,) = await self.calls_of(run)
        assert (call.kind, call.number, call.step, call.result, call.error) == (CallKind.MODEL, 1, 1, run.answer, None)
        assert (call.input_tokens, call.output_tokens, call.cost) == (1000, 50, Decimal("0.00048"))
        event = self.published_events[-1]
        assert (event.name, event.data) == ("agent_run.completed", {"steps": 1, "cost": "0.000480"})
        assert await self.service.claim_next(PRICES) is None

    async def test_a_cost_is_rounded_up(self, test_agent_run: AgentRun) -> None:
        await self.take(test_agent_run, answer("Noon.", tokens=(1, 0)))

        (call,) = await self.calls_of(test_agent_run)
        assert test_agent_run.cost == call.cost == Decimal("0.000001")

    @pytest.mark.usefixtures("frozen_time")
    async def test_a_tool_runs_and_the_model_gets_its_result(self, test_agent_run: AgentRun) -> None:
        run = test_agent_run
        calls = [ASK_THE_TIME, ToolCall("call_2", "count_events", '{"hours": 1, "name": "agent_run."}')]

        assert await self.take(run, answer(None, *calls)) is True

        assert run.state is RunState.RUNNING
        assert run.messages[2:] == [
            answer(None, *calls).message,
            {"role": "tool", "tool_call_id": "call_1", "content": "Tuesday, 2030-01-15T13:00+01:00"},
            {"role": "tool", "tool_call_id": "call_2", "content": '{"agent_run.started": 1}'},
        ]
        logged = await self.calls_of(run)
        assert [(call.number, call.step, call.kind, call.name) for call in logged] == [
            (1, 1, CallKind.MODEL, "chat"),
            (2, 1, CallKind.TOOL, "tell_time"),
            (3, 1, CallKind.TOOL, "count_events"),
        ]
        assert [call.arguments for call in logged] == [None, *(call.arguments for call in calls)]
        assert [call.result for call in logged[1:]] == [message["content"] for message in run.messages[3:]]
        step = await self.claimed(run)
        assert step.messages == run.messages

    @pytest.mark.parametrize(
        ("call", "error"),
        [
            (ToolCall("1", "launch", "{}"), "There is no tool launch. There are: tell_time."),
            (ToolCall("1", "count_events", '{"hours": 1}'), "There is no tool count_events. There are: tell_time."),
            (ToolCall("1", "tell_time", "{}"), "time_zone: Field required"),
            (
                ToolCall("1", "tell_time", r'{"time_zone": "\u0000"}'),
                "The arguments contain a NUL character, which is not allowed.",
            ),
            (ToolCall("1", "tell_time", "now!"), "Invalid JSON: expected ident at line 1 column 2"),
            (
                ToolCall("1", "tell_time", '{"time_zone": "Mars"}'),
                "time_zone: Value error, must be the name of an IANA time zone, such as Europe/Berlin",
            ),
        ],
    )
    async def test_a_wrong_call_is_explained_to_the_model(
        self,
        make_agent_run: Factory[AgentRun],
        call: ToolCall,
        error: str,
    ) -> None:
        run = await make_agent_run(tools=["tell_time"])

        assert await self.take(run, answer(None, call, ASK_THE_TIME)) is True

        assert [message["content"] for message in run.messages[3:4]] == [f"Error: {error}"]
        _, logged, right = await self.calls_of(run)
        assert (logged.name, logged.arguments, logged.result, logged.error) == (call.name, call.arguments, None, error)
        assert (run.mistakes, right.error) == (1, None)

    async def test_the_log_has_the_first_200_characters_of_a_name_that_the_model_invents(
        self, test_agent_run: AgentRun
    ) -> None:
        assert await self.take(test_agent_run, answer(None, ToolCall("1", "x" * 300, "{}"))) is True

        _, logged = await self.calls_of(test_agent_run)
        assert logged.name == "x" * 200

    async def test_too_many_wrong_calls_end_a_run(self, make_agent_run: Factory[AgentRun]) -> None:
        run = await make_agent_run(max_steps=50)
        wrong = ToolCall("1", "launch", "{}")
        for _ in range(MAX_MISTAKES):
            assert await self.take(run, answer(None, wrong)) is True

        assert await self.take(run, answer(None, wrong, ASK_THE_TIME)) is False

        assert (run.state, run.failure) == (RunState.FAILED, Failure.CALLS)
        assert run.detail == "There is no tool launch. There are: count_events, tell_time."
        calls = await self.calls_of(run)
        assert (len(calls), calls[-1].name) == (2 * (MAX_MISTAKES + 1), "launch")

    async def test_a_refusal_of_the_service_is_explained_to_the_model(
        self,
        make_agent_run: Factory[AgentRun],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def refuse(*_: Any) -> str:
            raise Conflict("The slot is taken.")

        monkeypatch.setitem(TOOLS, "book", Tool("book", "Book.", Arguments, refuse))
        run = await make_agent_run()

        assert await self.take(run, answer(None, ToolCall("1", "book", "{}"))) is True

        assert run.messages[-1]["content"] == "Error: The slot is taken."

    async def test_a_broken_tool_ends_a_run_and_changes_nothing(
        self,
        make_agent_run: Factory[AgentRun],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        async def fail(session: Any, _: Arguments) -> str:
            session.add(Event(name="visit.booked", record_id=uuid4(), data={}, occurred_at=FROZEN_NOW))
            await session.flush()
            raise ZeroDivisionError("Ada")

        monkeypatch.setitem(TOOLS, "broken", Tool("broken", "Fail.", Arguments, fail))
        run = await make_agent_run()

        assert await self.take(run, answer(None, ToolCall("1", "broken", "{}"), ASK_THE_TIME)) is False

        assert (run.state, run.failure, run.detail) == (RunState.FAILED, Failure.TOOL, "The tool broken failed.")
        assert await self.session.scalar(select(Event).where(Event.name == "visit.booked")) is None
        calls = await self.calls_of(run)
        assert [(call.name, call.arguments, call.error) for call in calls] == [
            ("chat", None, None),
            ("broken", "{}", "ZeroDivisionError"),
        ]
        assert f"The tool broken failed in run {run.id}." in caplog.messages
        assert self.published_events[-1].data["failure"] == "tool"

    @pytest.mark.parametrize(
        ("limits", "tokens", "failure"),
        [
            ({"max_steps": 1}, (10, 10), Failure.STEPS),
            ({"max_tokens": 100}, (50, 50), Failure.TOKENS),
            ({"max_cost": "0.01"}, (0, 6250), Failure.COST),
        ],
    )
    async def test_a_limit_ends_a_run_before_its_tools(
        self,
        make_agent_run: Factory[AgentRun],
        limits: dict[str, Any],
        tokens: tuple[int, int],
        failure: Failure,
    ) -> None:
        run = await make_agent_run(**limits)

        assert await self.take(run, answer(None, ASK_THE_TIME, tokens=tokens)) is False

        assert (run.state, run.failure, run.answer) == (RunState.FAILED, failure, None)
        assert [call.kind for call in await self.calls_of(run)] == [CallKind.MODEL]
        assert self.published_events[-1].name == "agent_run.failed"

    async def test_the_limit_of_time_counts_models_and_tools(
        self,
        make_agent_run: Factory[AgentRun],
        monkeypatch: pytest.MonkeyPatch,
        frozen_time: Traveller,
    ) -> None:
        async def work(*_: Any) -> str:
            frozen_time.shift(4)
            return "Done."

        monkeypatch.setitem(TOOLS, "work", Tool("work", "Work.", Arguments, work))
        run = await make_agent_run(max_seconds=10)
        step = await self.claimed(run)
        frozen_time.shift(6)

        await self.service.take(step, answer(None, ToolCall("1", "work", "{}")), PRICES, FROZEN_NOW)
        assert (run.state, run.seconds) == (RunState.RUNNING, 10)
        frozen_time.shift(600)

        assert await self.service.claim_next(PRICES) is None
        assert (run.state, run.failure, run.steps) == (RunState.FAILED, Failure.SECONDS, 1)

    async def test_an_answer_at_a_limit_counts(self, make_agent_run: Factory[AgentRun]) -> None:
        run = await make_agent_run(max_steps=1, max_tokens=10)

        await self.take(run, answer("Noon.", tokens=(50, 50)))

        assert (run.state, run.answer) == (RunState.COMPLETED, "Noon.")

    @pytest.mark.parametrize(("output_tokens", "failure"), [(10, Failure.TOKENS), (6250, Failure.COST)])
    async def test_an_answer_without_its_end_is_none(
        self,
        make_agent_run: Factory[AgentRun],
        output_tokens: int,
        failure: Failure,
    ) -> None:
        run = await make_agent_run(max_steps=1, max_cost="0.01")

        await self.take(run, answer("It is", tokens=(0, output_tokens), is_cut_off=True))

        assert (run.state, run.failure) == (RunState.FAILED, failure)
        assert (run.answer, run.detail) == (None, "The answer was cut off.")

    async def test_a_postponed_run_is_due_later(self, test_agent_run: AgentRun, frozen_time: Traveller) -> None:
        step = await self.claimed(test_agent_run)

        await self.service.postpone(step, timedelta(seconds=30), "503 " + "x" * 300, 1.5)

        run = test_agent_run
        assert (run.state, run.seconds, run.detail) == (RunState.RUNNING, 1.5, ("503 " + "x" * 300)[:200])
        (call,) = await self.calls_of(run)
        assert (call.kind, call.step, call.error, call.result) == (CallKind.MODEL, 0, "503 " + "x" * 300, None)
        assert call.name == "chat"
        frozen_time.shift(29)
        assert await self.service.claim_next(PRICES) is None
        frozen_time.shift(1)
        again = await self.claimed(run)
        await self.service.postpone(again, timedelta(), "503", 2)
        assert run.seconds == 3.5

    @pytest.mark.parametrize(
        ("error", "detail"), [("503", "503"), (None, f"Workers were interrupted {MAX_ATTEMPTS} times.")]
    )
    async def test_a_run_fails_after_the_last_attempt(
        self,
        test_agent_run: AgentRun,
        frozen_time: Traveller,
        error: str | None,
        detail: str,
    ) -> None:
        for _ in range(MAX_ATTEMPTS):
            step = await self.claimed(test_agent_run)
            if error:
                await self.service.postpone(step, LEASE, error, 0)
            frozen_time.shift(LEASE)

        assert await self.service.claim_next(PRICES) is None

        run = test_agent_run
        assert (run.state, run.failure, run.detail) == (RunState.FAILED, Failure.PROVIDER, detail)

    async def test_each_step_has_its_own_attempts(self, test_agent_run: AgentRun, frozen_time: Traveller) -> None:
        for _ in range(MAX_ATTEMPTS - 1):
            await self.claimed(test_agent_run)
            frozen_time.shift(LEASE)

        assert await self.take(test_agent_run, answer(None, ASK_THE_TIME)) is True

        assert (test_agent_run.attempts, test_agent_run.detail) == (0, None)

    async def test_a_late_answer_is_dropped_if_another_worker_has_the_run(
        self,
        test_agent_run: AgentRun,
        frozen_time: Traveller,
    ) -> None:
        late = await self.claimed(test_agent_run)
        frozen_time.shift(LEASE)
        current = await self.claimed(test_agent_run)

        await self.service.take(late, answer("Late."), PRICES, FROZEN_NOW)
        await self.service.postpone(late, timedelta(), "503", 1)
        await self.service.refuse(late, "400")

        assert (test_agent_run.state, await self.calls_of(test_agent_run)) == (RunState.RUNNING, [])
        await self.service.take(current, answer("In time."), PRICES, FROZEN_NOW)
        assert test_agent_run.answer == "In time."

    async def test_a_cancelled_run_stops_and_logs_its_last_call(self, test_agent_run: AgentRun) -> None:
        step = await self.claimed(test_agent_run)
        await self.service.cancel(test_agent_run.id)

        await self.service.take(step, answer(None, ASK_THE_TIME, tokens=(5, 5)), PRICES, FROZEN_NOW)

        run = test_agent_run
        assert (run.state, run.tokens) == (RunState.CANCELLED, 10)
        assert [call.kind for call in await self.calls_of(run)] == [CallKind.MODEL]
        assert run.ended_at is not None
        assert await self.service.claim_next(PRICES) is None

    async def test_a_refused_conversation_ends_a_run(self, test_agent_run: AgentRun) -> None:
        error = "400 " + "x" * 300

        await self.service.refuse(await self.claimed(test_agent_run), error)

        run = test_agent_run
        assert (run.state, run.failure, run.detail) == (RunState.FAILED, Failure.PROVIDER, error[:200])
        assert [call.error for call in await self.calls_of(run)] == [error]

    async def test_a_refusal_does_not_change_a_cancelled_run(self, test_agent_run: AgentRun) -> None:
        step = await self.claimed(test_agent_run)
        await self.service.cancel(test_agent_run.id)

        await self.service.refuse(step, "400")

        assert (test_agent_run.state, test_agent_run.failure) == (RunState.CANCELLED, None)
        (call,) = await self.calls_of(test_agent_run)
        assert (call.kind, call.name, call.error) == (CallKind.MODEL, "chat", "400")

    @pytest.mark.parametrize("change", ["postpone", "refuse", "take", "cancel"])
    async def test_a_run_is_locked_before_it_changes(
        self,
        test_agent_run: AgentRun,
        locked_tables: list[str],
        change: str,
    ) -> None:
        step = await self.claimed(test_agent_run)
        changes: dict[str, Any] = {
            "postpone": lambda: self.service.postpone(step, timedelta(), "503", 0),
            "refuse": lambda: self.service.refuse(step, "400"),
            "take": lambda: self.service.take(step, answer("Noon."), PRICES, FROZEN_NOW),
            "cancel": lambda: self.service.cancel(step.run_id),
        }
        locked_tables.clear()

        await changes[change]()

        assert locked_tables == ["agent_runs"]

    async def test_an_ended_run_cannot_be_cancelled(self, test_agent_run: AgentRun) -> None:
        await self.take(test_agent_run, answer("Noon."))

        with pytest.raises(InvalidTransition):
            await self.service.cancel(test_agent_run.id)

    async def test_runs_are_listed_by_state_and_failure(self, make_agent_run: Factory[AgentRun]) -> None:
        failed = await make_agent_run(max_steps=1)
        await self.take(failed, answer(None, ASK_THE_TIME))
        await make_agent_run()

        for query in (AgentRunQuery(state=RunState.FAILED), AgentRunQuery(failure=Failure.STEPS)):
            listing = await self.service.list(query)
            assert listing.items == [failed]

    async def test_another_organisation_sees_no_run(self, test_agent_run: AgentRun, other_org: Organisation) -> None:
        with TenantContext(other_org):
            assert await self.service.claim_next(PRICES) is None
            with pytest.raises(NotFound):
                await self.service.calls(test_agent_run.id, AgentCallQuery())

    @pytest.mark.usefixtures("frozen_time")
    async def test_time_is_told_at_a_place(self) -> None:
        told = [await tell_time(self.session, Place(time_zone=zone)) for zone in ("Europe/Berlin", "Asia/Tokyo")]

        assert told == ["Tuesday, 2030-01-15T13:00+01:00", "Tuesday, 2030-01-15T21:00+09:00"]

    async def test_events_are_counted_in_a_period(self, frozen_time: Traveller, other_org: Organisation) -> None:
        await self.events.publish("visit.booked", uuid4())
        frozen_time.shift(timedelta(hours=2))
        for name in ("visit.booked", "visit.booked", "visit_x", "call.ended"):
            await self.events.publish(name, uuid4())
        await self.session.flush()
        with TenantContext(other_org):
            await self.events.publish("visit.booked", uuid4())
            await self.session.flush()

        counted = [
            json.loads(await count_events(self.session, Period(**period)))
            for period in ({"hours": 1}, {"hours": 1, "name": "visit_"}, {"hours": 3, "name": "visit."})
        ]
        counted_at_the_boundary = json.loads(await count_events(self.session, Period(hours=2, name="visit.")))

        assert counted == [{"call.ended": 1, "visit.booked": 2, "visit_x": 1}, {"visit_x": 1}, {"visit.booked": 3}]
        assert counted_at_the_boundary == {"visit.booked": 2}

    def test_the_registry_has_each_tool_by_its_name(self) -> None:
        assert {name: tool.name for name, tool in tools.TOOLS.items()} == {name: name for name in TOOLS}
