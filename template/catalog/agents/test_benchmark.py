"""Benchmarks of the service for runs of agents."""

import pytest

from your_service.modules.agents.models import AgentCall, AgentRun, CallKind
from your_service.modules.agents.schemas import AgentCallQuery, AgentRunCreate
from your_service.modules.agents.service import AgentRunService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Payload


@pytest.fixture
async def many_calls(agent_run_service: AgentRunService, test_agent_run: AgentRun) -> list[AgentCall]:
    """Fifty calls of one run."""
    calls = [
        AgentCall(run_id=test_agent_run.id, number=number, step=number, kind=CallKind.MODEL, name="chat")
        for number in range(1, 51)
    ]
    agent_run_service.session.add_all(calls)
    await agent_run_service.session.flush()
    return calls


def test_start(measure: Measure, agent_run_service: AgentRunService, agent_run_payload: Payload) -> None:
    requests = [AgentRunCreate(**agent_run_payload()) for _ in range(ROUNDS)]

    last = measure(lambda: agent_run_service.start(requests.pop()))

    assert last.instruction.startswith("Question 1:")


def test_read_calls(
    measure: Measure,
    agent_run_service: AgentRunService,
    test_agent_run: AgentRun,
    many_calls: list[AgentCall],
) -> None:
    found = measure(lambda: agent_run_service.calls(test_agent_run.id, AgentCallQuery()))

    assert found.items == many_calls
