"""Tasks that carry out runs."""

import logging
from datetime import timedelta
from decimal import Decimal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ...core.clock import utcnow
from ...core.tasks import Schedule, Worker, every, in_turn, task
from ...gateways.openai import OpenAIError, OpenAIUnavailable, RequestRefused
from .rules import Prices
from .service import AgentRunService, to_continue

PAUSE_SECONDS = 30
"""How long a run waits after a call that failed, unless the provider names a longer time."""
LONGEST_PAUSE_SECONDS = 600

logger = logging.getLogger(__name__)


class TaskSettings(BaseSettings):
    """Settings of the tasks."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    agent_interval_seconds: float = Field(default=5, gt=0, description="How often runs to continue are looked for.")
    agent_input_price: Decimal = Field(default=Decimal("0.40"), ge=0, description="Price of a million input tokens.")
    agent_output_price: Decimal = Field(default=Decimal("1.60"), ge=0, description="Price of a million output tokens.")


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    return every(
        settings.agent_interval_seconds,
        "agents.continue_runs",
        input_price=settings.agent_input_price,
        output_price=settings.agent_output_price,
    )


@task(name="agents.continue_runs")
async def continue_runs(worker: Worker, input_price: Decimal, output_price: Decimal) -> int:
    """Take the steps of runs that are due, and return how many were taken."""
    return await in_turn(worker, to_continue(), take_step, Prices(input_price, output_price))


async def take_step(worker: Worker, prices: Prices) -> bool | None:
    """Take the next step of a run; return whether the model has answered, or None if none is due.

    No transaction is open while the model answers: the first claims the step, another one stores the outcome.
    """
    async with worker.transaction(AgentRunService) as service:
        step = await service.claim_next(prices)
    if step is None:
        return None
    started = utcnow()
    try:
        answer = worker.openai.complete(
            step.messages, step.tools, max_tokens=step.max_tokens, timeout=step.seconds_left
        )
    except OpenAIError as error:
        detail = f"{type(error).__name__}: {error}"
        logger.warning("The model did not answer in run %s: %s", step.run_id, detail)
        async with worker.transaction(AgentRunService) as service:
            if isinstance(error, RequestRefused):
                await service.refuse(step, detail)
            else:
                await service.postpone(step, pause_after(error), detail, (utcnow() - started).total_seconds())
        return False
    async with worker.transaction(AgentRunService) as service:
        await service.take(step, answer, prices, started)
    return True


def pause_after(error: OpenAIError) -> timedelta:
    """Return how long to wait after a failure."""
    named = error.retry_after if isinstance(error, OpenAIUnavailable) else 0
    return timedelta(seconds=min(max(PAUSE_SECONDS, named), LONGEST_PAUSE_SECONDS))
