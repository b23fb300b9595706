"""The service for workflow runs. The tasks call n8n between its methods, without a transaction."""

from collections.abc import Collection
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Select, select

from ...core.clock import utcnow
from ...core.concurrency import lock_keys
from ...core.errors import Conflict, Unprocessable
from ...core.events import is_handled
from ...core.queues import LEASE, lock_first
from ...core.resource import Lifecycle, Transitions
from .models import RunState, WorkflowRun
from .schemas import RunResult

MAX_ATTEMPTS = 5
"""How often a workflow is started at most, if n8n does not confirm that it has started."""
FIRST_DELAY = timedelta(seconds=30)
"""The time between the first two attempts; each further one is twice as long."""
CONFIRMED = "slot.confirmed"
"""The event of a callback that confirms the slot of an offered appointment."""
REPORTED = frozenset({RunState.SUCCEEDED, RunState.FAILED})
"""What a callback may report, also about a run from which nothing was heard in time."""


class WorkflowRunService(Lifecycle[WorkflowRun]):
    """Workflow runs of the current organisation; lists put the oldest first."""

    model = WorkflowRun
    name = "workflow_run"
    transitions: ClassVar[Transitions] = {
        RunState.QUEUED: REPORTED | {RunState.STARTED, RunState.GIVEN_UP, RunState.ERASED},
        RunState.STARTED: REPORTED | {RunState.TIMED_OUT, RunState.ERASED},
        RunState.SUCCEEDED: frozenset(),
        RunState.FAILED: frozenset({RunState.QUEUED, RunState.ERASED}),
        RunState.TIMED_OUT: REPORTED | {RunState.QUEUED, RunState.ERASED},
        RunState.GIVEN_UP: REPORTED | {RunState.QUEUED, RunState.ERASED},
        RunState.ERASED: frozenset(),
    }

    async def retry(self, run_id: UUID) -> WorkflowRun:
        """Queue a run again; raise `NotFound`, or `InvalidTransition` if it goes on, has succeeded or was erased."""
        run = await self.get(run_id, lock=True)
        self._check_move(run, RunState.QUEUED)
        run.state, run.attempts, run.due_at = RunState.QUEUED, 0, utcnow()
        run.started_at = run.finished_at = run.result = run.failure = None
        run.execution += 1
        return await self._publish("queued", run)

    async def finish(self, report: RunResult) -> WorkflowRun:
        """Store what a callback reports; a repeated one, or one of an earlier execution, changes nothing.

        Raises `NotFound`, `Conflict` if the run changes at the same time, `Unprocessable` if it confirms a slot and there
        are no appointments, and what their module raises if it cannot confirm the slot.
        """
        # Repeated callbacks wait for each other.
        await lock_keys(self.session, ("workflow_runs", report.run_id))
        run = await self.get(report.run_id)
        if not _expects(run, report):
            return run
        if report.confirms is not None:
            # Before the run is locked: an erasure locks the patient of the appointment first, and then the run.
            await self._confirm(report.confirms, run)
        run = await self.get(report.run_id, lock=True)
        if not _expects(run, report):
            raise Conflict("Another request has changed this workflow run.")
        run.result, run.failure = report.result, report.failure
        run.state, run.finished_at = report.state, utcnow()
        return await self._publish(report.state, run, workflow=run.workflow, result=report.result)

    async def claim_next(self) -> WorkflowRun | None:
        """Claim the queued run that is due first for `LEASE`, and return it; return None if none is due.

        A claim counts as an attempt, because the worker may be lost while it starts the workflow.
        """
        while (run := await lock_first(self.session, due(RunState.QUEUED))) is not None:
            if run.attempts < MAX_ATTEMPTS:
                run.attempts += 1
                run.due_at = utcnow() + LEASE
                await self.session.flush()
                return run
            await self._give_up(run)
        return None

    async def mark_started(self, claimed: WorkflowRun, patience: timedelta) -> None:
        """Store that n8n has started a claimed run, unless its callback was faster."""
        run = await self._queued(claimed)
        if run is not None:
            now = utcnow()
            run.state, run.started_at, run.due_at, run.failure = RunState.STARTED, now, now + patience, None
            await self._publish("started", run)

    async def postpone(self, claimed: WorkflowRun, failure: str) -> None:
        """Let a claimed run be started again later, or give up after `MAX_ATTEMPTS`."""
        run = await self._queued(claimed)
        if run is None or run.due_at != claimed.due_at:
            return
        run.failure = failure
        if run.attempts >= MAX_ATTEMPTS:
            await self._give_up(run)
            return
        run.due_at = utcnow() + FIRST_DELAY * 2 ** (run.attempts - 1)
        await self.session.flush()

    async def refuse(self, claimed: WorkflowRun, failure: str) -> None:
        """Store that n8n has refused to start a claimed run."""
        run = await self._queued(claimed)
        if run is not None:
            run.state, run.failure, run.finished_at = RunState.FAILED, failure, utcnow()
            await self._publish(RunState.FAILED, run, workflow=run.workflow)

    async def end_next(self) -> WorkflowRun | None:
        """End the next started run whose callback did not come in time, and return it; return None if there is none."""
        run = await lock_first(self.session, due(RunState.STARTED))
        if run is not None:
            run.state = RunState.TIMED_OUT
            await self._publish(RunState.TIMED_OUT, run, workflow=run.workflow)
        return run

    async def erase(self, known_as: Collection[str]) -> None:
        """Erase what the runs about a person got and reported, who is known by these texts; none of them goes on."""
        theirs = select(WorkflowRun).where(WorkflowRun.mentions(known_as)).order_by(WorkflowRun.id)
        found = await self.session.scalars(theirs.with_for_update())
        for run in found.all():
            run.data, run.result, run.failure = {}, None, None
            if RunState.ERASED in self.transitions[run.state]:
                run.state = RunState.ERASED
                await self._publish(RunState.ERASED, run)

    async def _confirm(self, appointment_id: UUID, run: WorkflowRun) -> None:
        if not is_handled(CONFIRMED):
            raise Unprocessable("There are no appointments to confirm.", "confirms")
        await self.events.publish(CONFIRMED, run.id, appointment_id=appointment_id)

    async def _queued(self, claimed: WorkflowRun) -> WorkflowRun | None:
        # Its callback may have been faster, or it was queued again meanwhile.
        run = await self.get(claimed.id, lock=True)
        return run if run.state is RunState.QUEUED and run.execution == claimed.execution else None

    async def _give_up(self, run: WorkflowRun) -> None:
        run.state = RunState.GIVEN_UP
        await self._publish(RunState.GIVEN_UP, run, workflow=run.workflow)


def _expects(run: WorkflowRun, report: RunResult) -> bool:
    return report.execution == run.execution and run.state not in REPORTED | {RunState.ERASED}


def due(state: RunState) -> Select[WorkflowRun]:
    """Select the runs in this state whose time has come: to be started, or timed out."""
    runs = select(WorkflowRun).where(WorkflowRun.state == state, WorkflowRun.due_at <= utcnow())
    return runs.order_by(WorkflowRun.due_at, WorkflowRun.id)
