"""The task that reminds of overdue invoices."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ...core.tasks import Schedule, Worker, every, in_turn, task
from .service import InvoiceService, to_remind


def _split(days: Any) -> Any:
    return days.replace(",", " ").split() if isinstance(days, str) else days


def _check_order(days: list[int]) -> list[int]:
    if days != sorted({*days}) or min(days, default=0) < 0:
        raise ValueError("must be numbers of days in ascending order, such as 3,14,28")
    return days


class TaskSettings(BaseSettings):
    """Settings of the reminders."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    billing_reminder_days: Annotated[
        list[int], NoDecode, BeforeValidator(_split), Field(max_length=10), AfterValidator(_check_order)
    ] = Field(default=[3, 14, 28], description="Days after the due date, for each reminder.")
    billing_reminder_interval_seconds: float = Field(
        default=3600, gt=0, description="How often overdue invoices are looked for."
    )


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    days = settings.billing_reminder_days
    return every(settings.billing_reminder_interval_seconds, "billing.remind", days=days)


@task(name="billing.remind")
async def remind(worker: Worker, days: list[int]) -> int:
    """Publish the reminders that are due; return their number."""
    return await in_turn(worker, to_remind(days), remind_next, days)


async def remind_next(worker: Worker, days: list[int]) -> bool | None:
    """Publish the next reminder that is due; return None if there is none."""
    async with worker.transaction(InvoiceService) as service:
        return True if await service.remind_next(days) else None
