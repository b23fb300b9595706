"""Routes for runs and tools."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from .models import AgentCall, AgentRun
from .schemas import AgentCallQuery, AgentCallRead, AgentRunCreate, AgentRunQuery, AgentRunRead, ToolsRead
from .service import AgentRunService
from .tools import TOOLS, Tool

runs = ServiceRouter(prefix="/agent-runs", tags=["agents"])
tools = ServiceRouter(prefix="/agent-tools", tags=["agents"])

Service = Annotated[AgentRunService, Depends(AgentRunService.of_request)]


@tools.get("", response_model=ToolsRead)
async def find_tools() -> dict[str, list[Tool]]:
    """Return the tools that a run may use."""
    return {"tools": [*TOOLS.values()]}


@runs.post("", status_code=status.HTTP_201_CREATED, response_model=AgentRunRead)
async def start_run(data: AgentRunCreate, service: Service) -> AgentRun:
    """Queue a run; a worker carries it out."""
    return await service.start(data)


@runs.get("", response_model=Page[AgentRunRead])
async def list_agent_runs(query: Annotated[AgentRunQuery, Query()], service: Service) -> Listing[AgentRun]:
    """List runs, oldest first."""
    return await service.list(query)


@runs.get("/{agent_run_id}", response_model=AgentRunRead)
async def get_agent_run(agent_run_id: UUID, service: Service) -> AgentRun:
    """Return a run."""
    return await service.get(agent_run_id)


@runs.get("/{agent_run_id}/calls", response_model=Page[AgentCallRead])
async def list_calls(
    agent_run_id: UUID,
    query: Annotated[AgentCallQuery, Query()],
    service: Service,
) -> Listing[AgentCall]:
    """List the calls of a run in order."""
    return await service.calls(agent_run_id, query)


@runs.post("/{agent_run_id}/cancel", response_model=AgentRunRead)
async def cancel_run(agent_run_id: UUID, service: Service) -> AgentRun:
    """Cancel a run."""
    return await service.cancel(agent_run_id)


router = ServiceRouter()
router.include_router(runs)
router.include_router(tools)
