"""Tests of concurrent workers and callbacks, on PostgreSQL."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import Event, EventBus
from your_service.modules.n8n.models import RunState, WorkflowRun
from your_service.modules.n8n.schemas import RunResult
from your_service.modules.n8n.service import WorkflowRunService

from tests.support.factories import Factory
from tests.support.races import Racer, RaceRunner


async def claim(session: AsyncSession) -> WorkflowRun | None:
    return await WorkflowRunService(session, EventBus(session)).claim_next()


def reporting(run: WorkflowRun, answer: str) -> Racer:
    async def report(session: AsyncSession) -> WorkflowRun:
        result = RunResult(run_id=run.id, execution=run.execution, state=RunState.SUCCEEDED, result={"answer": answer})
        return await WorkflowRunService(session, EventBus(session)).finish(result)

    return report


def starting(run: WorkflowRun) -> Racer:
    async def start(session: AsyncSession) -> None:
        await WorkflowRunService(session, EventBus(session)).mark_started(run, timedelta(hours=1))

    return start


async def test_workers_share_the_runs(
    race_in_order: RaceRunner,
    workflow_run_service: WorkflowRunService,
    make_workflow_run: Factory[WorkflowRun],
) -> None:
    runs = [await make_workflow_run() for _ in range(2)]
    await workflow_run_service.session.commit()

    claimed = await race_in_order(claim, claim, claim)

    # The second one neither waits nor gets the same run.
    assert {run.id for run in claimed[:2]} == {run.id for run in runs}
    assert claimed[2] is None


async def test_one_of_several_callbacks_counts(
    race_in_order: RaceRunner,
    workflow_run_service: WorkflowRunService,
    test_workflow_run: WorkflowRun,
) -> None:
    await workflow_run_service.session.commit()

    runs = await race_in_order(*(reporting(test_workflow_run, answer) for answer in ("yes", "no", "no")))

    assert [run.result for run in runs] == [{"answer": "yes"}] * 3
    ended = select(func.count(Event.id)).where(Event.name == "workflow_run.succeeded")
    assert await workflow_run_service.session.scalar(ended) == 1


async def test_a_run_that_is_ended_by_a_late_callback_is_not_queued_again(
    race_in_order: RaceRunner,
    workflow_run_service: WorkflowRunService,
    test_workflow_run: WorkflowRun,
) -> None:
    test_workflow_run.state = RunState.TIMED_OUT
    await workflow_run_service.session.commit()

    async def retry(session: AsyncSession) -> WorkflowRun:
        return await WorkflowRunService(session, EventBus(session)).retry(test_workflow_run.id)

    outcomes = await race_in_order(reporting(test_workflow_run, "yes"), retry)

    assert [type(outcome).__name__ for outcome in outcomes] == ["WorkflowRun", "InvalidTransition"]


async def test_a_callback_that_is_faster_than_the_answer_of_n8n_stays(
    race_in_order: RaceRunner,
    workflow_run_service: WorkflowRunService,
    test_workflow_run: WorkflowRun,
) -> None:
    await workflow_run_service.session.commit()

    await race_in_order(reporting(test_workflow_run, "yes"), starting(test_workflow_run))

    await workflow_run_service.session.refresh(test_workflow_run)
    assert (test_workflow_run.state, test_workflow_run.started_at) == (RunState.SUCCEEDED, None)
