"""Tests of the service for workflow runs."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError
from time_machine import Traveller

from your_service.core.clock import utcnow
from your_service.core.errors import Conflict, InvalidTransition, NotFound, Unprocessable
from your_service.core.events import Event, EventBus, handles
from your_service.core.queues import LEASE
from your_service.core.tenancy import Organisation
from your_service.modules.n8n.models import RunState, WorkflowRun
from your_service.modules.n8n.schemas import RunResult, WorkflowRunCreate, WorkflowRunQuery
from your_service.modules.n8n.service import CONFIRMED, FIRST_DELAY, MAX_ATTEMPTS, WorkflowRunService

from tests.support.factories import Factory
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase, TenantContext

pytestmark = pytest.mark.usefixtures("frozen_time", "no_handlers")

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
ENDED = [RunState.SUCCEEDED, RunState.FAILED]


class TestRuns(ServiceTestCase[WorkflowRunService]):
    service_class = WorkflowRunService
    time: Traveller
    make: Factory[WorkflowRun]

    @pytest.fixture(autouse=True)
    def _prepare(self, frozen_time: Traveller, make_workflow_run: Factory[WorkflowRun]) -> None:
        """Give the tests the clock and the factory."""
        self.time, self.make = frozen_time, make_workflow_run

    async def claim(self) -> WorkflowRun:
        """Claim the run that is due."""
        claimed = await self.service.claim_next()
        assert claimed is not None
        return claimed

    async def start(self) -> WorkflowRun:
        """Return a run that n8n has started, and that times out after an hour."""
        await self.make()
        claimed = await self.claim()
        await self.service.mark_started(claimed, HOUR)
        return claimed

    async def finish(self, run: WorkflowRun, state: RunState = RunState.SUCCEEDED, **report: Any) -> WorkflowRun:
        """Receive the callback of a run."""
        values = {"run_id": run.id, "execution": run.execution, "state": state, **report}
        return await self.service.finish(RunResult.model_validate(values))

    def names(self) -> list[str]:
        """Return the names of the published events."""
        return [event.name for event in self.published_events]

    async def test_a_new_run_is_due_at_once(self) -> None:
        run = await self.service.create(WorkflowRunCreate(workflow="remind-patient", data={"name": "Ada"}))

        assert (run.workflow, run.data) == ("remind-patient", {"name": "Ada"})
        assert (run.state, run.attempts, run.due_at) == (RunState.QUEUED, 0, FROZEN_NOW)

    @pytest.mark.parametrize("workflow", ["", "a/b", "../rest", "a b", "ä", "a" * 101, "a?b", "a\n"])
    def test_a_workflow_is_one_part_of_a_path(self, workflow: str) -> None:
        with pytest.raises(ValidationError):
            WorkflowRunCreate(workflow=workflow, data={})

    async def test_a_claimed_run_belongs_to_one_worker(self) -> None:
        run = await self.make()

        claimed = await self.claim()

        assert (claimed is run, run.attempts, run.due_at) == (True, 1, FROZEN_NOW + LEASE)
        assert await self.service.claim_next() is None

    async def test_a_claim_ends(self) -> None:
        run = await self.make()
        await self.claim()

        self.time.move_to(FROZEN_NOW + LEASE - SECOND)
        early = await self.service.claim_next()
        self.time.move_to(FROZEN_NOW + LEASE)
        again = await self.claim()

        assert (early, again is run, run.attempts) == (None, True, 2)

    async def test_runs_are_started_in_order(self) -> None:
        runs = []
        for _ in range(3):
            runs.append(await self.make())
            self.time.shift(1)

        assert [await self.claim() for _ in runs] == runs

    async def test_runs_of_the_same_time_are_started_in_the_order_of_their_ids(self) -> None:
        runs = [await self.make() for _ in range(4)]

        assert [await self.claim() for _ in runs] == sorted(runs, key=lambda run: run.id)

    async def test_a_started_run_waits_for_its_callback(self) -> None:
        run = await self.make()
        claimed = await self.claim()

        await self.service.mark_started(claimed, HOUR)

        assert (run.state, run.started_at, run.due_at) == (RunState.STARTED, FROZEN_NOW, FROZEN_NOW + HOUR)
        assert self.names() == ["workflow_run.created", "workflow_run.started"]
        assert await self.service.claim_next() is None

    async def test_a_callback_may_be_faster_than_the_answer_of_n8n(self) -> None:
        run = await self.make()
        claimed = await self.claim()
        await self.finish(run)

        await self.service.mark_started(claimed, HOUR)
        await self.service.refuse(claimed, "status 404")

        assert (run.state, run.started_at, run.failure) == (RunState.SUCCEEDED, None, None)

    async def test_an_unconfirmed_start_is_repeated_later_each_time(self) -> None:
        run = await self.make()
        delays = []

        for _ in range(MAX_ATTEMPTS - 1):
            self.time.move_to(run.due_at)
            claimed = await self.claim()
            before = utcnow()
            await self.service.postpone(claimed, "ReadTimeout")
            delays.append(run.due_at - before)

        assert delays == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY, 8 * FIRST_DELAY]
        assert (run.state, run.failure, run.attempts) == (RunState.QUEUED, "ReadTimeout", MAX_ATTEMPTS - 1)

    async def test_a_run_is_given_up_after_five_attempts(self) -> None:
        run = await self.make()

        for _ in range(MAX_ATTEMPTS):
            self.time.move_to(run.due_at)
            await self.service.postpone(await self.claim(), "status 503")

        self.time.shift(24 * 3600)
        assert (run.state, run.failure, run.attempts) == (RunState.GIVEN_UP, "status 503", 5)
        assert (self.names()[-1], await self.service.claim_next()) == ("workflow_run.given_up", None)
        assert self.published_events[-1].data == {"workflow": "remind-patient"}

    async def test_a_run_is_given_up_if_workers_are_lost(self) -> None:
        run = await self.make()
        for _ in range(MAX_ATTEMPTS):
            self.time.move_to(run.due_at)
            await self.claim()
        self.time.move_to(run.due_at + SECOND)
        other = await self.make()

        claimed = await self.claim()

        assert (run.state, claimed is other) == (RunState.GIVEN_UP, True)

    async def test_a_late_failure_does_not_end_the_claim_of_another_worker(self) -> None:
        run = await self.make()
        claimed = await self.claim()
        late = WorkflowRun(id=run.id, execution=1, due_at=claimed.due_at)
        self.time.move_to(run.due_at)
        await self.claim()

        await self.service.postpone(late, "ReadTimeout")

        assert (run.due_at, run.failure) == (FROZEN_NOW + 2 * LEASE, None)

    async def test_a_refused_start_is_a_failure(self) -> None:
        run = await self.make()

        await self.service.refuse(await self.claim(), "status 404")

        assert (run.state, run.failure, run.finished_at) == (RunState.FAILED, "status 404", FROZEN_NOW)
        event = self.published_events[-1]
        assert (event.name, event.data) == ("workflow_run.failed", {"workflow": "remind-patient"})

    @pytest.mark.parametrize("state", ENDED)
    async def test_a_callback_ends_a_run(self, state: RunState) -> None:
        run = await self.start()
        self.time.shift(60)

        ended = await self.finish(run, state, result={"answer": "yes"}, failure="No answer")

        assert (ended is run, run.state, run.result, run.failure) == (True, state, {"answer": "yes"}, "No answer")
        assert run.finished_at == FROZEN_NOW + timedelta(minutes=1)
        event = self.published_events[-1]
        assert (event.name, event.record_id) == (f"workflow_run.{state}", run.id)
        assert event.data == {"workflow": "remind-patient", "result": {"answer": "yes"}}

    @pytest.mark.parametrize("state", ENDED)
    async def test_a_repeated_callback_changes_nothing(self, state: RunState) -> None:
        run = await self.start()
        await self.finish(run, result={"answer": "yes"})
        self.published_events.clear()
        self.time.shift(60)

        await self.finish(run, state, result={"answer": "no"}, confirms=uuid4())

        assert (run.state, run.result, run.finished_at) == (RunState.SUCCEEDED, {"answer": "yes"}, FROZEN_NOW)
        assert self.published_events == []

    async def test_a_run_without_callback_times_out(self) -> None:
        run = await self.start()

        self.time.move_to(FROZEN_NOW + HOUR - SECOND)
        early = await self.service.end_next()
        self.time.move_to(FROZEN_NOW + HOUR)
        late = await self.service.end_next()

        assert (early, late, run.state) == (None, run, RunState.TIMED_OUT)
        event = self.published_events[-1]
        assert (event.name, event.data) == ("workflow_run.timed_out", {"workflow": "remind-patient"})
        assert await self.service.end_next() is None

    async def test_a_queued_run_does_not_time_out(self) -> None:
        run = await self.make()
        self.time.shift(24 * 3600)

        ended = await self.service.end_next()

        assert (ended, run.state) == (None, RunState.QUEUED)

    @pytest.mark.parametrize("state", [RunState.TIMED_OUT, RunState.GIVEN_UP])
    async def test_a_late_callback_counts(self, state: RunState) -> None:
        run = await self.start()
        run.state = state

        await self.finish(run, result={"answer": "yes"})

        assert (run.state, run.result) == (RunState.SUCCEEDED, {"answer": "yes"})

    async def test_a_callback_of_another_organisation_is_not_found(self, other_org: Organisation) -> None:
        run = await self.start()

        with TenantContext(other_org), pytest.raises(NotFound):
            await self.finish(run)

        assert run.state is RunState.STARTED

    async def test_a_callback_can_confirm_a_slot(self) -> None:
        handled: list[Event] = []

        @handles(CONFIRMED)
        async def accept(_: EventBus, event: Event) -> None:
            handled.append(event)

        run = await self.start()

        await self.finish(run, confirms=UUID(int=1))

        (event,) = handled
        assert (event.record_id, event.data) == (run.id, {"appointment_id": str(UUID(int=1))})
        assert run.state is RunState.SUCCEEDED

    async def test_a_slot_that_cannot_be_confirmed_is_an_error_of_the_callback(self) -> None:
        @handles(CONFIRMED)
        async def refuse(_: EventBus, event: Event) -> None:
            raise Conflict("The slot was given to somebody else.")

        run = await self.start()

        with pytest.raises(Conflict, match="somebody else"):
            await self.finish(run, confirms=uuid4())

    async def test_a_callback_confirms_nothing_if_the_run_changes_at_the_same_time(self) -> None:
        run = await self.start()

        @handles(CONFIRMED)
        async def erase(_: EventBus, event: Event) -> None:
            run.state = RunState.ERASED
            await self.session.flush()

        with pytest.raises(Conflict, match=r"^Another request has changed this workflow run\.$"):
            await self.finish(run, confirms=uuid4())

        assert (run.state, run.result) == (RunState.ERASED, None)

    async def test_a_slot_cannot_be_confirmed_without_appointments(self) -> None:
        run = await self.start()

        with pytest.raises(Unprocessable, match=r"^There are no appointments to confirm\.$") as refusal:
            await self.finish(run, confirms=uuid4())

        assert (refusal.value.fields, run.state) == (("confirms",), RunState.STARTED)

    @pytest.mark.parametrize("state", [RunState.FAILED, RunState.TIMED_OUT, RunState.GIVEN_UP])
    async def test_a_run_can_be_queued_again(self, state: RunState) -> None:
        run = await self.start()
        run.state, run.failure, run.result, run.finished_at = state, "status 404", {"answer": "no"}, FROZEN_NOW
        self.time.shift(60)

        await self.service.retry(run.id)

        assert (run.state, run.attempts, run.due_at) == (RunState.QUEUED, 0, FROZEN_NOW + timedelta(minutes=1))
        assert run.execution == 2
        assert [run.started_at, run.finished_at, run.result, run.failure] == [None] * 4
        assert self.names()[-1] == "workflow_run.queued"

    async def test_a_callback_of_an_earlier_execution_changes_nothing(self) -> None:
        run = await self.start()
        run.state = RunState.TIMED_OUT
        await self.service.retry(run.id)
        await self.service.mark_started(await self.claim(), HOUR)

        await self.finish(run, execution=1, result={"answer": "no"})

        assert (run.state, run.result) == (RunState.STARTED, None)
        await self.finish(run, execution=2, result={"answer": "yes"})
        assert (run.state, run.result) == (RunState.SUCCEEDED, {"answer": "yes"})

    async def test_what_happened_to_an_earlier_execution_does_not_count(self) -> None:
        run = await self.make()
        first = WorkflowRun(id=run.id, execution=1, due_at=run.due_at)
        run.state = RunState.GIVEN_UP
        await self.service.retry(run.id)

        await self.service.mark_started(first, HOUR)
        await self.service.postpone(first, "ReadTimeout")
        await self.service.refuse(first, "status 404")

        assert (run.state, run.failure, run.due_at) == (RunState.QUEUED, None, FROZEN_NOW)

    @pytest.mark.parametrize("state", [RunState.QUEUED, RunState.STARTED, RunState.SUCCEEDED, RunState.ERASED])
    async def test_a_run_that_goes_on_cannot_be_queued_again(self, state: RunState) -> None:
        run = await self.make()
        run.state = state

        with pytest.raises(InvalidTransition):
            await self.service.retry(run.id)

    async def test_runs_are_listed_by_workflow_and_state(self) -> None:
        started = await self.start()
        other = await self.make(workflow="call-patient")

        found = {
            "started": await self.service.list(WorkflowRunQuery(state=RunState.STARTED)),
            "other": await self.service.list(WorkflowRunQuery(workflow="call-patient")),
            "none": await self.service.list(WorkflowRunQuery(workflow="call-patient", state=RunState.STARTED)),
        }

        assert {name: listing.items for name, listing in found.items()} == {
            "started": [started],
            "other": [other],
            "none": [],
        }
