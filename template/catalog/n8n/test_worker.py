"""Tests of workflow runs with a real queue, worker, client and server, and PostgreSQL."""

from typing import Any

import pytest
from time_machine import Traveller

from your_service.core.tasks import Worker
from your_service.gateways.n8n import HttpN8nGateway, N8nSettings
from your_service.modules.n8n.models import RunState, WorkflowRun
from your_service.modules.n8n.service import MAX_ATTEMPTS
from your_service.modules.n8n.tasks import start_due

from tests.support.factories import Factory
from tests.support.faults import down, nonsense
from tests.support.gateways.n8n import RecordingN8nGateway
from tests.support.gateways.n8n_server import HOST, MISSING, N8nServer
from tests.support.worker import in_worker

MINUTES = 60
TIMEOUT = 0.15


@pytest.fixture(autouse=True)
def without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the server on this machine directly."""
    monkeypatch.setenv("NO_PROXY", HOST)


def connect(worker: Worker, url: str, **limits: Any) -> None:
    """Let the worker use the real client for the server at `url`."""
    worker.n8n = HttpN8nGateway(N8nSettings(_env_file=None, n8n_webhook_url=url, **limits))


@pytest.mark.usefixtures("celery_worker")
async def test_a_worker_starts_due_workflows(
    test_workflow_run: WorkflowRun,
    mock_n8n: RecordingN8nGateway,
) -> None:
    tasks = [start_due.delay(MINUTES) for _ in range(2)]

    assert [await in_worker(each.get, timeout=20, interval=0.001) for each in tasks] == [1, 0]
    assert [workflow.run_id for workflow in mock_n8n.started] == [test_workflow_run.id]


@pytest.mark.parametrize("fault", [down, nonsense])
async def test_a_workflow_is_started_when_n8n_works_again(
    celery_app: Worker,
    n8n_server: N8nServer,
    frozen_time: Traveller,
    test_workflow_run: WorkflowRun,
    refresh_workflow_run: Factory[WorkflowRun],
    fault: Any,
) -> None:
    with fault() as port:
        connect(celery_app, f"http://{HOST}:{port}/webhook")
        failed = await in_worker(start_due.run, MINUTES)
    run = await refresh_workflow_run(test_workflow_run)
    state = run.state
    frozen_time.move_to(run.due_at)
    connect(celery_app, n8n_server.url)

    started = await in_worker(start_due.run, MINUTES)

    assert (failed, state, started) == (0, RunState.QUEUED, 1)
    assert [request.body["run_id"] for request in n8n_server.requests] == [str(run.id)]


async def test_a_slow_n8n_starts_a_workflow_five_times_at_most(
    celery_app: Worker,
    n8n_server: N8nServer,
    frozen_time: Traveller,
    test_workflow_run: WorkflowRun,
    refresh_workflow_run: Factory[WorkflowRun],
) -> None:
    connect(celery_app, n8n_server.url, n8n_timeout_seconds=TIMEOUT)
    n8n_server.confirms = False

    for _ in range(MAX_ATTEMPTS + 1):
        assert await in_worker(start_due.run, MINUTES) == 0
        run = await refresh_workflow_run(test_workflow_run)
        frozen_time.move_to(run.due_at)

    assert (run.state, run.attempts) == (RunState.GIVEN_UP, MAX_ATTEMPTS)
    # All requests have the same key, by which the workflow can recognise them.
    keys = [{name.lower(): value for name, value in each.headers.items()} for each in n8n_server.requests]
    assert [key["idempotency-key"] for key in keys] == [f"{run.id}-1"] * MAX_ATTEMPTS


async def test_a_workflow_that_is_not_active_is_not_tried_again(
    celery_app: Worker,
    n8n_server: N8nServer,
    frozen_time: Traveller,
    test_workflow_run: WorkflowRun,
    refresh_workflow_run: Factory[WorkflowRun],
) -> None:
    connect(celery_app, n8n_server.url)
    n8n_server.answers = [MISSING]

    for _ in range(2):
        assert await in_worker(start_due.run, MINUTES) == 0
        frozen_time.shift(3600)

    run = await refresh_workflow_run(test_workflow_run)
    assert (run.state, run.failure, len(n8n_server.requests)) == (RunState.FAILED, "status 404", 1)
