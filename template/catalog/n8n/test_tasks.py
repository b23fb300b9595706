"""Tests of the tasks that start workflows."""

import logging
from datetime import timedelta

import pytest
from pydantic import ValidationError
from time_machine import Traveller

from your_service.core.queues import LEASE
from your_service.core.tasks import TURNS_SECONDS, Worker
from your_service.core.tenancy import Organisation, organisation_scope
from your_service.gateways.n8n import Execution, N8nError, N8nRefused, N8nUnavailable
from your_service.modules.n8n import tasks
from your_service.modules.n8n.models import RunState, WorkflowRun
from your_service.modules.n8n.service import FIRST_DELAY
from your_service.modules.n8n.tasks import TaskSettings, schedule, start_due
from your_service.worker import WorkerSettings

from tests.support.factories import Factory
from tests.support.gateways.n8n import RecordingN8nGateway
from tests.support.worker import in_worker
from tests.test_config import FROZEN_NOW

pytestmark = pytest.mark.usefixtures("frozen_time", "celery_app")

MINUTES = 30


async def run_task() -> int:
    """Run the task."""
    return await in_worker(start_due.run, MINUTES)


async def test_a_due_workflow_is_started(test_workflow_run: WorkflowRun, mock_n8n: RecordingN8nGateway) -> None:
    run = test_workflow_run

    assert await run_task() == 1

    assert mock_n8n.started == [Execution("remind-patient", {"name": "Ada"}, run.id, 1, run.organisation_id)]


async def test_the_outcome_is_stored(
    refresh_workflow_run: Factory[WorkflowRun],
    test_workflow_run: WorkflowRun,
) -> None:
    await run_task()

    run = await refresh_workflow_run(test_workflow_run)
    assert (run.state, run.started_at) == (RunState.STARTED, FROZEN_NOW)
    assert run.due_at == FROZEN_NOW + timedelta(minutes=MINUTES)


async def test_a_task_that_is_delivered_twice_starts_one_workflow(
    test_workflow_run: WorkflowRun,
    mock_n8n: RecordingN8nGateway,
) -> None:
    started = [await run_task() for _ in range(2)]

    assert (started, len(mock_n8n.started)) == ([1, 0], 1)


async def test_workflows_of_every_organisation_are_started(
    make_workflow_run: Factory[WorkflowRun],
    other_org: Organisation,
    mock_n8n: RecordingN8nGateway,
) -> None:
    ours = [await make_workflow_run() for _ in range(2)]
    with organisation_scope(other_org.id):
        theirs = await make_workflow_run()

    assert await run_task() == 3

    assert {(each.run_id, each.organisation_id) for each in mock_n8n.started} == {
        (run.id, run.organisation_id) for run in (*ours, theirs)
    }


@pytest.mark.parametrize(
    ("failure", "state", "due_at"),
    [
        (N8nUnavailable("ReadTimeout"), RunState.QUEUED, FROZEN_NOW + FIRST_DELAY),
        (N8nRefused("status 404"), RunState.FAILED, FROZEN_NOW + LEASE),
    ],
    ids=["unavailable", "refused"],
)
async def test_a_failure_is_stored(
    refresh_workflow_run: Factory[WorkflowRun],
    make_workflow_run: Factory[WorkflowRun],
    mock_n8n: RecordingN8nGateway,
    failure: N8nError,
    state: RunState,
    due_at: object,
) -> None:
    first, second = [await make_workflow_run() for _ in range(2)]
    mock_n8n.failures = [failure]

    # The others are started nevertheless.
    assert await run_task() == 1

    runs = [await refresh_workflow_run(run) for run in (first, second)]
    failed = next(run for run in runs if run.failure)
    assert (failed.state, failed.failure, failed.due_at) == (state, str(failure), due_at)
    assert [run.state for run in runs if run is not failed] == [RunState.STARTED]


async def test_the_log_names_runs_only(
    test_workflow_run: WorkflowRun,
    mock_n8n: RecordingN8nGateway,
    caplog: pytest.LogCaptureFixture,
) -> None:
    mock_n8n.failures = [N8nUnavailable("status 503")]

    with caplog.at_level(logging.WARNING, tasks.__name__):
        await run_task()

    assert caplog.messages == [f"n8n did not confirm that run {test_workflow_run.id} was started: status 503"]


async def test_overdue_runs_are_ended(
    refresh_workflow_run: Factory[WorkflowRun],
    make_workflow_run: Factory[WorkflowRun],
    frozen_time: Traveller,
    mock_n8n: RecordingN8nGateway,
) -> None:
    made = [await make_workflow_run() for _ in range(2)]
    await run_task()
    frozen_time.shift(MINUTES * 60)

    assert await run_task() == 0

    runs = [await refresh_workflow_run(run) for run in made]
    assert ([run.state for run in runs], len(mock_n8n.started)) == ([RunState.TIMED_OUT] * 2, 2)


def test_a_task_ends_within_its_limit(celery_app: Worker, worker_settings: WorkerSettings) -> None:
    # It ends overdue runs first, and then starts others.
    assert 2 * TURNS_SECONDS + 2 * worker_settings.n8n_timeout_seconds < celery_app.conf.task_soft_time_limit


def test_the_schedule_follows_from_the_settings() -> None:
    settings = TaskSettings(_env_file=None, n8n_interval_seconds=5, n8n_run_minutes=20)

    (entry,) = schedule(settings).values()
    assert (entry["task"], entry["schedule"]) == ("n8n.start_due", 5)
    assert entry["kwargs"] == {"run_minutes": 20}


@pytest.mark.parametrize("name", ["n8n_interval_seconds", "n8n_run_minutes"])
def test_invalid_settings_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        TaskSettings.model_validate({name: 0})
