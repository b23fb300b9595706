"""Fixtures of workflow runs."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.n8n.models import WorkflowRun
from your_service.modules.n8n.schemas import WorkflowRunCreate
from your_service.modules.n8n.service import WorkflowRunService

from tests.support.factories import Factory, Payload


@pytest.fixture
def workflow_run_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> WorkflowRunService:
    """The service for workflow runs of the test's organisation."""
    return WorkflowRunService(db_session, event_bus)


@pytest.fixture
def workflow_run_payload() -> Payload:
    """Return a function that makes the request body of a run."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {"workflow": "remind-patient", "data": {"name": "Ada"}, **overrides}

    return make


@pytest.fixture
def make_workflow_run(workflow_run_service: WorkflowRunService, workflow_run_payload: Payload) -> Factory[WorkflowRun]:
    """Return a function that queues a run; arguments override the payload."""

    async def make(**overrides: Any) -> WorkflowRun:
        return await workflow_run_service.create(WorkflowRunCreate(**workflow_run_payload(**overrides)))

    return make


@pytest.fixture
async def test_workflow_run(make_workflow_run: Factory[WorkflowRun]) -> WorkflowRun:
    """A queued run that is due."""
    return await make_workflow_run()


@pytest.fixture
def test_workflow_run_id(test_workflow_run: WorkflowRun) -> UUID:
    """The identifier of `test_workflow_run`."""
    return test_workflow_run.id


@pytest.fixture
def refresh_workflow_run(workflow_run_service: WorkflowRunService) -> Factory[WorkflowRun]:
    """Return a function that reads a run again."""

    async def read(run: WorkflowRun) -> WorkflowRun:
        await workflow_run_service.session.refresh(run)
        return run

    return read
