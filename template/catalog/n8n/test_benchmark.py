"""Benchmarks of the service for workflow runs."""

import pytest

from your_service.modules.n8n.models import RunState, WorkflowRun
from your_service.modules.n8n.schemas import WorkflowRunCreate, WorkflowRunQuery
from your_service.modules.n8n.service import WorkflowRunService

from tests.performance.measure import Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_runs(make_workflow_run: Factory[WorkflowRun]) -> list[WorkflowRun]:
    """Two hundred queued runs."""
    return [await make_workflow_run() for _ in range(200)]


def test_create(
    measure: Measure,
    workflow_run_service: WorkflowRunService,
    workflow_run_payload: Payload,
    many_runs: list[WorkflowRun],
) -> None:
    data = WorkflowRunCreate(**workflow_run_payload())

    created = measure(lambda: workflow_run_service.create(data))

    assert created.state is RunState.QUEUED


def test_list_by_state(
    measure: Measure,
    workflow_run_service: WorkflowRunService,
    many_runs: list[WorkflowRun],
) -> None:
    query = WorkflowRunQuery(state=RunState.QUEUED)

    found = measure(lambda: workflow_run_service.list(query))

    assert list(found.items) == many_runs[: query.limit]
