"""Tests of runs with a real queue, worker, server of OpenAI's API and PostgreSQL."""

from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from time_machine import Traveller

from your_service.core.tasks import Worker
from your_service.gateways.openai import OpenAIClient, OpenAISettings
from your_service.modules.agents.models import AgentRun, RunState
from your_service.modules.agents.service import MAX_ATTEMPTS
from your_service.modules.agents.tasks import PAUSE_SECONDS, continue_runs

from tests.support.faults import down
from tests.support.gateways.openai import ScriptedOpenAIGateway, answer
from tests.support.gateways.openai_server import HOST, OpenAIServer, Reply, completion, error
from tests.support.worker import in_worker

PRICES = Decimal("0.40"), Decimal("1.60")


@pytest.fixture(scope="module")
def library() -> None:
    """The library of OpenAI, imported before a test: that takes a second."""
    import_module("openai")


def client_of(url: str, timeout: float = 10, retries: int = 0) -> OpenAIClient:
    """Return a real client."""
    settings = OpenAISettings(
        _env_file=None,
        openai_base_url=url,
        openai_timeout_seconds=timeout,
        openai_retries=retries,
    )
    return OpenAIClient(settings)


@pytest.mark.usefixtures("celery_worker")
async def test_a_worker_finds_and_carries_out_runs(
    test_agent_run: AgentRun,
    db_session: AsyncSession,
    mock_openai: ScriptedOpenAIGateway,
) -> None:
    mock_openai.answers = [answer("It is noon.", tokens=(1, 1))]
    tasks = [continue_runs.delay(*PRICES) for _ in range(2)]

    assert [await in_worker(task.get, timeout=20, interval=0.001) for task in tasks] == [1, 0]
    await db_session.refresh(test_agent_run)
    assert (test_agent_run.state, test_agent_run.cost) == (RunState.COMPLETED, Decimal("0.000002"))


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("fault", ["down", "slow", "overloaded", "nonsense"])
async def test_a_failing_provider_loses_no_run(
    celery_app: Worker,
    frozen_time: Traveller,
    openai_server: OpenAIServer,
    test_agent_run: AgentRun,
    db_session: AsyncSession,
    fault: str,
) -> None:
    faults = {
        "slow": Reply(delay=5),
        "overloaded": error(429, "rate_limit_exceeded", Retry_After="20"),
        "nonsense": Reply({"choices": []}),
    }
    openai_server.replies = [
        *([faults[fault]] if fault in faults else []),
        Reply(completion(None, ("tell_time", '{"time_zone": "Asia/Tokyo"}'))),
        Reply(completion("It is evening in Tokyo.")),
    ]
    url = openai_server.url
    if fault == "down":
        with down() as port:
            url = f"http://{HOST}:{port}/v1"
    celery_app.openai = client_of(url, 0.15 if fault == "slow" else 10)

    await in_worker(continue_runs.run, *PRICES)
    await db_session.refresh(test_agent_run)
    assert (test_agent_run.state, test_agent_run.steps) == (RunState.RUNNING, 0)
    assert test_agent_run.detail
    frozen_time.shift(PAUSE_SECONDS)
    celery_app.openai = client_of(openai_server.url)
    await in_worker(continue_runs.run, *PRICES)

    await db_session.refresh(test_agent_run)
    assert (test_agent_run.state, test_agent_run.answer) == (RunState.COMPLETED, "It is evening in Tokyo.")
    assert (test_agent_run.steps, test_agent_run.tokens, test_agent_run.cost) == (2, 50, Decimal("0.000032"))
    last = openai_server.requests[-1].body
    assert [message["role"] for message in last["messages"]] == ["system", "user", "assistant", "tool"]
    assert last["messages"][-1]["content"] == "Tuesday, 2030-01-15T21:00+09:00"
    assert [tool["function"]["name"] for tool in last["tools"]] == ["count_events", "tell_time"]


@pytest.mark.usefixtures("library")
async def test_a_step_asks_a_failing_provider_ten_times_at_most(
    celery_app: Worker,
    frozen_time: Traveller,
    openai_server: OpenAIServer,
    test_agent_run: AgentRun,
    db_session: AsyncSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The gateway waits for half a second before it repeats a call.
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _: None))  # phasework: ignore[mock_detector]
    openai_server.replies = [error(503, "overloaded") for _ in range(99)]
    celery_app.openai = client_of(openai_server.url, retries=1)

    for _ in range(MAX_ATTEMPTS + 2):
        await in_worker(continue_runs.run, *PRICES)
        frozen_time.shift(PAUSE_SECONDS)

    await db_session.refresh(test_agent_run)
    assert (test_agent_run.state, len(openai_server.requests)) == (RunState.FAILED, 10)
