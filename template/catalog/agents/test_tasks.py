"""Tests of the tasks that carry out runs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from time_machine import Traveller

from your_service.core.queues import LEASE
from your_service.core.tasks import TURNS_SECONDS, Worker
from your_service.core.tenancy import Organisation
from your_service.gateways.openai import (
    AccountRefused,
    Completion,
    NonsensicalAnswer,
    OpenAIError,
    OpenAISettings,
    OpenAIUnavailable,
    RequestRefused,
    ToolCall,
)
from your_service.modules.agents.models import AgentCall, AgentRun, Failure, RunState
from your_service.modules.agents.service import MAX_ATTEMPTS
from your_service.modules.agents.tasks import (
    LONGEST_PAUSE_SECONDS,
    PAUSE_SECONDS,
    TaskSettings,
    continue_runs,
    pause_after,
    schedule,
)

from tests.support.factories import Factory
from tests.support.gateways.openai import ScriptedOpenAIGateway, answer
from tests.support.worker import in_worker
from tests.test_config import FROZEN_NOW
from tests.test_utils import TenantContext

pytestmark = pytest.mark.usefixtures("celery_app", "frozen_time")

PRICES = Decimal("0.40"), Decimal("1.60")
ASK_THE_TIME = ToolCall("call_1", "tell_time", '{"time_zone": "Europe/Berlin"}')


async def test_a_run_goes_on_until_the_model_has_an_answer(
    db_session: AsyncSession,
    test_agent_run: AgentRun,
    mock_openai: ScriptedOpenAIGateway,
) -> None:
    mock_openai.answers = [answer(None, ASK_THE_TIME), answer(None, ASK_THE_TIME), answer("It is one o'clock.")]

    steps = await in_worker(continue_runs.run, *PRICES)

    await db_session.refresh(test_agent_run)
    run = test_agent_run
    assert (steps, run.state, run.answer) == (3, RunState.COMPLETED, "It is one o'clock.")
    assert (run.steps, run.tokens, run.cost, run.calls) == (3, 330, Decimal("0.000168"), 5)
    first, _, last = mock_openai.requests
    assert (first.tools, first.max_tokens, first.timeout) == (["count_events", "tell_time"], 20_000, 60)
    assert last.max_tokens == 20_000 - 220
    assert [each["role"] for each in last.messages] == ["system", "user", *["assistant", "tool"] * 2]
    assert last.messages[3]["content"] == "Tuesday, 2030-01-15T13:00+01:00"


@pytest.mark.usefixtures("test_agent_run")
async def test_a_task_that_is_delivered_twice_asks_once(
    mock_openai: ScriptedOpenAIGateway,
) -> None:
    mock_openai.answers = [answer("Noon."), answer("Again?")]

    await in_worker(continue_runs.run, *PRICES)
    await in_worker(continue_runs.run, *PRICES)

    assert len(mock_openai.requests) == 1


async def test_the_time_of_a_call_counts(
    db_session: AsyncSession,
    test_agent_run: AgentRun,
    mock_openai: ScriptedOpenAIGateway,
    frozen_time: Traveller,
) -> None:
    def think() -> Completion:
        frozen_time.shift(25)
        return answer(None, ASK_THE_TIME)

    mock_openai.answers = [think, think, think, answer("Too late.")]

    await in_worker(continue_runs.run, *PRICES)

    await db_session.refresh(test_agent_run)
    assert (test_agent_run.failure, test_agent_run.seconds) == (Failure.SECONDS, 75)
    assert [request.timeout for request in mock_openai.requests] == [60, 35, 10]


@pytest.mark.parametrize(
    "failure",
    [OpenAIUnavailable("503"), OpenAIUnavailable("429", 300), AccountRefused("401"), NonsensicalAnswer("Hm")],
    ids=lambda each: str(each),
)
async def test_a_run_waits_after_a_failure(
    db_session: AsyncSession,
    test_agent_run: AgentRun,
    mock_openai: ScriptedOpenAIGateway,
    frozen_time: Traveller,
    caplog: pytest.LogCaptureFixture,
    failure: OpenAIError,
) -> None:
    mock_openai.failures = [failure]
    mock_openai.answers = [answer("Noon.")]

    assert await in_worker(continue_runs.run, *PRICES) == 0

    run = test_agent_run
    await db_session.refresh(run)
    detail = f"{type(failure).__name__}: {failure}"
    assert (run.state, run.detail) == (RunState.RUNNING, detail)
    assert run.due_at == FROZEN_NOW + pause_after(failure)
    assert f"The model did not answer in run {run.id}: {detail}" in caplog.messages
    frozen_time.shift(pause_after(failure))
    assert await in_worker(continue_runs.run, *PRICES) == 1
    await db_session.refresh(run)
    assert (run.state, run.answer, run.detail) == (RunState.COMPLETED, "Noon.", None)
    found = await db_session.scalars(select(AgentCall.error).order_by(AgentCall.number))
    assert found.all() == [detail, None]


async def test_a_provider_that_stays_down_ends_a_run(
    db_session: AsyncSession,
    test_agent_run: AgentRun,
    mock_openai: ScriptedOpenAIGateway,
    frozen_time: Traveller,
) -> None:
    mock_openai.failures += [OpenAIUnavailable("503")] * 9
    for _ in range(MAX_ATTEMPTS + 2):
        await in_worker(continue_runs.run, *PRICES)
        frozen_time.shift(PAUSE_SECONDS)

    await db_session.refresh(test_agent_run)
    assert (test_agent_run.state, test_agent_run.failure) == (RunState.FAILED, Failure.PROVIDER)
    assert (test_agent_run.detail, len(mock_openai.failures)) == ("OpenAIUnavailable: 503", 9 - MAX_ATTEMPTS)


async def test_a_refused_conversation_ends_a_run(
    db_session: AsyncSession,
    test_agent_run: AgentRun,
    mock_openai: ScriptedOpenAIGateway,
    frozen_time: Traveller,
) -> None:
    mock_openai.failures += [RequestRefused("400 context_length_exceeded")] * 2
    for _ in range(2):
        await in_worker(continue_runs.run, *PRICES)
        frozen_time.shift(LEASE)

    run = test_agent_run
    await db_session.refresh(run)
    assert (run.state, run.failure, len(mock_openai.failures)) == (RunState.FAILED, Failure.PROVIDER, 1)
    assert run.detail == "RequestRefused: 400 context_length_exceeded"


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (OpenAIUnavailable("429"), PAUSE_SECONDS),
        (OpenAIUnavailable("429", 5), PAUSE_SECONDS),
        (OpenAIUnavailable("429", 300), 300),
        (OpenAIUnavailable("429", 86_400), LONGEST_PAUSE_SECONDS),
        (NonsensicalAnswer("Hm"), PAUSE_SECONDS),
    ],
)
def test_a_pause_is_as_long_as_the_provider_says(failure: OpenAIError, seconds: int) -> None:
    assert pause_after(failure) == timedelta(seconds=seconds)


async def test_runs_of_every_organisation_are_continued(
    db_session: AsyncSession,
    test_agent_run: AgentRun,
    make_agent_run: Factory[AgentRun],
    mock_openai: ScriptedOpenAIGateway,
    other_org: Organisation,
) -> None:
    mock_openai.answers = [answer("Noon.")] * 2
    with TenantContext(other_org):
        theirs = await make_agent_run()

    assert await in_worker(continue_runs.run, *PRICES) == 2

    await db_session.refresh(test_agent_run)
    with TenantContext(other_org):
        await db_session.refresh(theirs)
    assert {test_agent_run.state, theirs.state} == {RunState.COMPLETED}


def test_a_task_ends_within_its_limit_with_the_longest_timeout(celery_app: Worker) -> None:
    longest = OpenAISettings(_env_file=None, openai_api_key="a key for the tests", openai_timeout_seconds=20)

    assert TURNS_SECONDS + 2 * longest.openai_timeout_seconds < celery_app.conf.task_soft_time_limit


def test_the_schedule_follows_the_settings() -> None:
    settings = TaskSettings(
        _env_file=None,
        agent_interval_seconds=30,
        agent_input_price=Decimal(1),
        agent_output_price=Decimal(2),
    )

    (entry,) = schedule(settings).values()

    assert (entry["task"], entry["schedule"]) == (continue_runs.name, 30)
    assert entry["kwargs"] == {"input_price": 1, "output_price": 2}


@pytest.mark.parametrize(
    "settings", [{"agent_interval_seconds": 0}, {"agent_input_price": -1}, {"agent_output_price": -1}]
)
def test_invalid_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(settings))):
        TaskSettings(_env_file=None, **settings)
