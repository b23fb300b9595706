"""Tasks that start workflows, and end those from which nothing was heard."""

import logging
from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ...core.tasks import Schedule, Worker, every, in_turn, task
from ...gateways.n8n import Execution, N8nRefused, N8nUnavailable
from .models import RunState
from .service import WorkflowRunService, due

logger = logging.getLogger(__name__)


class TaskSettings(BaseSettings):
    """Settings of the workflow runs."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    n8n_interval_seconds: float = Field(default=10, gt=0, description="How often due workflows are looked for.")
    n8n_run_minutes: float = Field(default=60, gt=0, description="How long a workflow may run until its callback.")


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    return every(settings.n8n_interval_seconds, "n8n.start_due", run_minutes=settings.n8n_run_minutes)


@task(name="n8n.start_due")
async def start_due(worker: Worker, run_minutes: float) -> int:
    """End the runs from which nothing was heard for `run_minutes`, and start those that are due; return how many started."""
    await in_turn(worker, due(RunState.STARTED), end_next)
    return await in_turn(worker, due(RunState.QUEUED), start_next, timedelta(minutes=run_minutes))


async def end_next(worker: Worker) -> bool | None:
    """End the next run from which nothing was heard in time; return None if there is none."""
    async with worker.transaction(WorkflowRunService) as service:
        return True if await service.end_next() else None


async def start_next(worker: Worker, patience: timedelta) -> bool | None:
    """Start the next workflow; return whether n8n has started it, or None if none is due.

    No transaction is open while n8n answers: the first claims the run, another one stores the outcome.
    """
    async with worker.transaction(WorkflowRunService) as service:
        claimed = await service.claim_next()
    if claimed is None:
        return None
    execution = Execution(claimed.workflow, claimed.data, claimed.id, claimed.execution, claimed.organisation_id)
    try:
        worker.n8n.start(execution)
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
