"""Tasks that send reminders of appointments by e-mail, and expire offers."""

import logging
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.tasks import Schedule, Worker, every, in_turn, task
from ...gateways.email import Email, EmailError, EmailUnconfirmed, RecipientRefused
from ..patients.models import Patient
from .models import Appointment, Practitioner
from .service import UNCONFIRMED, AppointmentService, to_email, to_expire

logger = logging.getLogger(__name__)


class TaskSettings(BaseSettings):
    """Settings of the reminders."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    reminder_lead_hours: int = Field(
        default=24, ge=1, le=24 * 14, description="How long before the start a reminder is sent."
    )
    reminder_interval_seconds: float = Field(default=300, gt=0, description="How often due reminders are looked for.")


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    lead_hours = settings.reminder_lead_hours
    return every(settings.reminder_interval_seconds, "appointments.send_reminders", lead_hours=lead_hours)


@task(name="appointments.send_reminders")
async def send_reminders(worker: Worker, lead_hours: int) -> int:
    """Expire old offers, and send the reminders that are due; return how many e-mails the mail server has accepted."""
    await in_turn(worker, to_expire(), expire_next)
    return await in_turn(worker, to_email(lead_hours), send_next, lead_hours)


async def expire_next(worker: Worker) -> bool | None:
    """Expire the next offer that nobody has accepted before its start; return None if there is none."""
    async with worker.transaction(AppointmentService) as service:
        return True if await service.expire_next() else None


async def send_next(worker: Worker, lead_hours: int) -> bool | None:
    """Send the next reminder; return whether the mail server has accepted it, or None if none is due.

    No transaction is open while the mail server answers: the first claims the reminder, another one stores the outcome.
    """
    async with worker.transaction(AppointmentService) as service:
        claimed = await service.claim_reminder(lead_hours)
        if claimed is None:
            return None
        email = await _write(service.session, claimed)
    outcome, data = "reminded", dict[str, str]()
    try:
        worker.email.send(email)
    except EmailUnconfirmed:
        outcome = UNCONFIRMED
        logger.warning("The mail server did not confirm the reminder of appointment %s.", claimed.id)
    except RecipientRefused as refusal:
        outcome, data = "unreachable", {"reason": str(refusal)}
    except EmailError as error:
        logger.warning("The reminder of appointment %s was not sent: %s", claimed.id, error)
        async with worker.transaction(AppointmentService) as service:
            await service.release_reminder(claimed)
        return False
    async with worker.transaction(AppointmentService) as service:
        await service.settle_reminder(claimed, outcome, **data)
    return outcome == "reminded"


async def _write(session: AsyncSession, appointment: Appointment) -> Email:
    patient = await session.get_one(Patient, appointment.patient_id)
    practitioner = await session.get_one(Practitioner, appointment.practitioner_id)
    # The same for each attempt, so that mail programs can drop a second copy; another one after rescheduling.
    reference = f"reminder-{appointment.id}-{appointment.starts_at:%Y%m%dT%H%M}"
    return Email(patient.email or "", *reminder(appointment, patient, practitioner), reference)


def reminder(appointment: Appointment, patient: Patient, practitioner: Practitioner) -> tuple[str, str]:
    """Return the subject and the text of a reminder, with times in the practitioner's time zone."""
    starts_at = appointment.starts_at.astimezone(ZoneInfo(practitioner.time_zone))
    when = f"{starts_at:%A}, {starts_at.day} {starts_at:%B %Y}, at {starts_at:%H:%M}"
    text = (
        f"Hello {patient.given_name},\n\n"
        f"we look forward to seeing you on {when} ({practitioner.time_zone} time).\n"
        f"{practitioner.name} will take care of you.\n\n"
        "If you cannot come, please let us know as soon as you can.\n"
    )
    return f"Your appointment on {when}", text
