"""Fixtures of runs of agents."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.agents.models import AgentRun
from your_service.modules.agents.schemas import AgentRunCreate
from your_service.modules.agents.service import AgentRunService

from tests.support.factories import Factory, Payload


@pytest.fixture
def agent_run_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> AgentRunService:
    """The service for runs of the test's organisation."""
    return AgentRunService(db_session, event_bus)


@pytest.fixture
def agent_run_payload() -> Payload:
    """Return a function that makes the request body of a run, with a different instruction each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        return {"instruction": f"Question {next(numbers)}: what time is it in Berlin?", **overrides}

    return make


@pytest.fixture
def make_agent_run(agent_run_service: AgentRunService, agent_run_payload: Payload) -> Factory[AgentRun]:
    """Return a function that queues a run; arguments override the payload."""

    async def make(**overrides: Any) -> AgentRun:
        return await agent_run_service.start(AgentRunCreate(**agent_run_payload(**overrides)))

    return make


@pytest.fixture
async def test_agent_run(make_agent_run: Factory[AgentRun]) -> AgentRun:
    """A run in the queue."""
    return await make_agent_run()


@pytest.fixture
def test_agent_run_id(test_agent_run: AgentRun) -> UUID:
    """The identifier of `test_agent_run`."""
    return test_agent_run.id
