"""Tasks that carry out runs."""

import logging
from datetime import timedelta
from decimal import Decimal
from time import monotonic
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import select

from ...core.clock import utcnow
from ...core.events import EventBus
from ...core.tasks import Schedule, Worker, task
from ...core.tenancy import Organisation, organisation_scope
from ...gateways.openai import OpenAIError, OpenAIUnavailable, RequestRefused
from .rules import Prices
from .service import AgentRunService

PAUSE_SECONDS = 30
"""How long a run waits after a call that failed, unless the provider names a longer time."""
LONGEST_PAUSE_SECONDS = 600
TASK_SECONDS = 15
"""After this time, a task leaves the next step to another one; with the longest call, less than a task may run."""

logger = logging.getLogger(__name__)


class TaskSettings(BaseSettings):
    """Settings of the tasks."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    agent_interval_seconds: float = Field(default=5, gt=0, description="How often runs to continue are looked for.")
    agent_input_price: Decimal = Field(default=Decimal("0.40"), ge=0, description="Price of a million input tokens.")
    agent_output_price: Decimal = Field(default=Decimal("1.60"), ge=0, description="Price of a million output tokens.")


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    return {
        "agents.queue_runs": {
            "task": "agents.queue_runs",
            "schedule": settings.agent_interval_seconds,
            "kwargs": {
                "input_price": settings.agent_input_price,
                "output_price": settings.agent_output_price,
                "expires": settings.agent_interval_seconds,
            },
            # A run that no worker has started by then is dropped: the next one does the same.
            "options": {"expires": settings.agent_interval_seconds},
        },
    }


@task(name="agents.queue_runs")
async def queue_runs(worker: Worker, input_price: Decimal, output_price: Decimal, expires: float = 5) -> int:
    """Queue the runs of all organisations that are to be continued, and return how many there are."""
    due: list[tuple[UUID, UUID]] = []
    async with worker.sessions() as session:
        for organisation_id in await session.scalars(select(Organisation.id)):
            with organisation_scope(organisation_id):
                service = AgentRunService(session, EventBus(session))
                due += [(organisation_id, each) for each in await service.due()]
    # The queue is on the network, so the transaction has to end first.
    for message in due:
        continue_run.apply_async((*message, input_price, output_price), expires=expires)
    return len(due)


@task(name="agents.continue_run")
async def continue_run(
    worker: Worker, organisation_id: UUID, run_id: UUID, input_price: Decimal, output_price: Decimal
) -> int:
    """Take the next steps of a run, and return how many were taken."""
    prices = Prices(input_price, output_price)
    steps, deadline = 0, monotonic() + TASK_SECONDS
    with organisation_scope(organisation_id):
        while monotonic() < deadline and await _take_step(worker, run_id, prices):
            steps += 1
    return steps


async def _take_step(worker: Worker, run_id: UUID, prices: Prices) -> bool:
    # No transaction is open while the model answers: the first claims the step, another one stores the outcome.
    async with worker.transaction(AgentRunService) as service:
        step = await service.claim(run_id, prices)
    if step is None:
        return False
    started = utcnow()
    try:
        answer = worker.openai.complete(
            step.messages, step.tools, max_tokens=step.max_tokens, timeout=step.seconds_left
        )
    except OpenAIError as error:
        detail = f"{type(error).__name__}: {error}"
        logger.warning("The model did not answer in run %s: %s", run_id, detail)
        async with worker.transaction(AgentRunService) as service:
            if isinstance(error, RequestRefused):
                await service.refuse(step, detail)
            else:
                await service.postpone(step, pause_after(error), detail, (utcnow() - started).total_seconds())
        return False
    async with worker.transaction(AgentRunService) as service:
        return await service.take(step, answer, prices, started)


def pause_after(error: OpenAIError) -> timedelta:
    """Return how long to wait after a failure."""
    named = error.retry_after if isinstance(error, OpenAIUnavailable) else 0
    return timedelta(seconds=min(max(PAUSE_SECONDS, named), LONGEST_PAUSE_SECONDS))
