"""Tests of what workflow runs do when the data of a patient is erased."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from your_service.core.errors import InvalidTransition
from your_service.core.events import Event, EventBus
from your_service.modules.n8n.models import RunState, WorkflowRun
from your_service.modules.n8n.schemas import RunResult
from your_service.modules.n8n.service import WorkflowRunService

from tests.support.factories import Factory

PATIENT = UUID(int=1)
KNOWN_AS = [str(PATIENT), "+1 202 555 0142", "+12025550142", "ada@example.com"]


async def erase(events: EventBus) -> None:
    """Publish that the data of the patient is erased."""
    await events.publish("patient.erased", PATIENT, known_as=KNOWN_AS)


@pytest.mark.parametrize(
    "data",
    [
        {"patient_id": str(PATIENT)},
        {"patient": {"phones": ["+49 30 901820", "+1 202 555 0142"]}},
        {"to": "whatsapp:+12025550142"},
        {"url": "mailto:Ada@Example.com"},
    ],
    ids=["id", "own spelling", "scheme", "another case"],
)
async def test_what_a_run_about_an_erased_patient_got_is_erased(
    event_bus: EventBus,
    workflow_run_service: WorkflowRunService,
    make_workflow_run: Factory[WorkflowRun],
    published_events: list[Event],
    data: dict[str, Any],
) -> None:
    run = await make_workflow_run(data={"name": "Ada", **data})

    await erase(event_bus)

    assert (run.data, run.state) == ({}, RunState.ERASED)
    assert [event.record_id for event in published_events if event.name == "workflow_run.erased"] == [run.id]
    assert await workflow_run_service.claim_next() is None
    with pytest.raises(InvalidTransition):
        await workflow_run_service.retry(run.id)


@pytest.mark.parametrize(
    "data",
    [
        {"patient_id": str(uuid4())},
        {"to": "+120255501423"},
        {"to": "0012025550142"},
        {"email": "bada@example.com"},
        {"text": "Call +12025550142 today"},
    ],
    ids=["id", "longer", "prefix", "another address", "in a sentence"],
)
async def test_other_runs_stay(
    event_bus: EventBus,
    make_workflow_run: Factory[WorkflowRun],
    data: dict[str, Any],
) -> None:
    run = await make_workflow_run(data=data)

    await erase(event_bus)

    assert (run.data, run.state) == (data, RunState.QUEUED)


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (RunState.STARTED, RunState.ERASED),
        (RunState.TIMED_OUT, RunState.ERASED),
        (RunState.GIVEN_UP, RunState.ERASED),
        (RunState.FAILED, RunState.ERASED),
        (RunState.SUCCEEDED, RunState.SUCCEEDED),
    ],
)
async def test_what_a_run_reported_is_erased(
    event_bus: EventBus,
    test_workflow_run: WorkflowRun,
    state: RunState,
    after: RunState,
) -> None:
    reported = {"state": state, "result": {"reached": ["+12025550142"]}, "failure": "Ada was not at home"}
    for name, value in reported.items():
        setattr(test_workflow_run, name, value)

    await erase(event_bus)

    assert (test_workflow_run.state, test_workflow_run.result, test_workflow_run.failure) == (after, None, None)
    assert test_workflow_run.data == {}


async def test_a_callback_after_the_erasure_changes_nothing(
    event_bus: EventBus,
    workflow_run_service: WorkflowRunService,
    make_workflow_run: Factory[WorkflowRun],
) -> None:
    run = await make_workflow_run(data={"patient_id": str(PATIENT)})
    await erase(event_bus)

    report = RunResult(run_id=run.id, execution=1, state=RunState.SUCCEEDED, result={"name": "Ada"})
    await workflow_run_service.finish(report)

    assert (run.state, run.result) == (RunState.ERASED, None)
