"""Tasks that start workflows, and end those from which nothing was heard."""

import logging
from datetime import timedelta
from time import monotonic
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import select

from ...core.tasks import Schedule, Worker, task
from ...core.tenancy import Organisation, organisation_scope
from ...gateways.n8n import N8nRefused, N8nUnavailable
from .service import WorkflowRunService

RUN_SECONDS = 30
"""How long a task starts workflows; with the timeout of n8n it is shorter than a task may run."""

logger = logging.getLogger(__name__)


class TaskSettings(BaseSettings):
    """Settings of the workflow runs."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    n8n_interval_seconds: float = Field(default=10, gt=0, description="How often due workflows are looked for.")
    n8n_run_minutes: float = Field(default=60, gt=0, description="How long a workflow may run until its callback.")


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    return {
        "n8n.start_due": {
            "task": "n8n.start_due",
            "schedule": settings.n8n_interval_seconds,
            "kwargs": {"run_minutes": settings.n8n_run_minutes},
            # A task that no worker has started by then is dropped: the next one does the same.
            "options": {"expires": settings.n8n_interval_seconds},
        },
    }


@task(name="n8n.start_due")
async def start_due(worker: Worker, run_minutes: float) -> int:
    """Start the workflows that are due, of all organisations in turn; return how many n8n has started.

    Runs from which nothing was heard for `run_minutes` are ended first.
    """
    patience = timedelta(minutes=run_minutes)
    async with worker.sessions() as session:
        found = await session.scalars(select(Organisation.id))
        waiting = found.all()
    for organisation_id in waiting:
        with organisation_scope(organisation_id):
            await end_overdue(worker)
    started = 0
    end = monotonic() + RUN_SECONDS
    while waiting and monotonic() < end:
        outcomes = [(each, await start_next(worker, each, patience)) for each in waiting]
        started += sum(outcome is True for _, outcome in outcomes)
        waiting = [each for each, outcome in outcomes if outcome is not None]
    return started


async def end_overdue(worker: Worker) -> None:
    """End the runs of the current organisation from which nothing was heard in time."""
    async with worker.transaction(WorkflowRunService) as service:
        await service.end_overdue()


async def start_next(worker: Worker, organisation_id: UUID, patience: timedelta) -> bool | None:
    """Start the next workflow of an organisation; return whether n8n has started it, or None if none is due.

    No transaction is open while n8n answers: the first claims the run, another one stores the outcome.
    """
    with organisation_scope(organisation_id):
        async with worker.transaction(WorkflowRunService) as service:
            claimed = await service.claim_next()
        if claimed is None:
            return None
        try:
            worker.n8n.start(claimed.workflow, claimed.data, claimed.id, organisation_id)
        except N8nRefused as refusal:
            async with worker.transaction(WorkflowRunService) as service:
                await service.refuse(claimed, str(refusal))
            return False
        except N8nUnavailable as failure:
            logger.warning("n8n did not confirm that run %s was started: %s", claimed.id, failure)
            async with worker.transaction(WorkflowRunService) as service:
                await service.postpone(claimed, str(failure))
            return False
        async with worker.transaction(WorkflowRunService) as service:
            await service.mark_started(claimed, patience)
        return True
