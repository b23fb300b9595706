"""Tasks that send reminders of appointments by e-mail."""

from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import select

from ...core.events import EventBus
from ...core.tasks import Schedule, Worker, task
from ...core.tenancy import Organisation, organisation_scope
from ...gateways.email import Email, EmailUnavailable, RecipientRefused
from ..patients.models import Patient
from .models import Appointment, Practitioner
from .service import AppointmentService


class TaskSettings(BaseSettings):
    """Settings of the reminders."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    reminder_lead_hours: int = Field(
        default=24, ge=1, le=24 * 14, description="How long before the start a reminder is sent."
    )
    reminder_interval_seconds: float = Field(default=300, gt=0, description="How often due reminders are looked for.")


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    return {
        "appointments.queue_reminders": {
            "task": "appointments.queue_reminders",
            "schedule": settings.reminder_interval_seconds,
            "kwargs": {
                "lead_hours": settings.reminder_lead_hours,
                "expires": settings.reminder_interval_seconds,
            },
            # A run that no worker has started by then is dropped: the next one does the same.
            "options": {"expires": settings.reminder_interval_seconds},
        },
    }


@task(name="appointments.queue_reminders")
async def queue_reminders(worker: Worker, lead_hours: int, expires: float = 300) -> int:
    """Queue the due reminders of all organisations and return how many there are.

    A reminder that no worker has started within `expires` seconds is dropped; the next call queues it again.
    """
    queued = 0
    async with worker.sessions() as session:
        for organisation_id in await session.scalars(select(Organisation.id)):
            with organisation_scope(organisation_id):
                service = AppointmentService(session, EventBus(session))
                for appointment_id in await service.due_by_email(lead_hours):
                    send_reminder.apply_async((organisation_id, appointment_id, lead_hours), expires=expires)
                    queued += 1
    return queued


@task(
    name="appointments.send_reminder",
    autoretry_for=(EmailUnavailable,),
    max_retries=3,
    retry_backoff=20,
)
async def send_reminder(worker: Worker, organisation_id: UUID, appointment_id: UUID, lead_hours: int) -> bool:
    """Send the reminder of an appointment if it is due, and return whether it was sent.

    The appointment is locked until the transaction ends, so that concurrent calls send one reminder.
    """
    with organisation_scope(organisation_id):
        return await _remind(worker, appointment_id, lead_hours)


async def _remind(worker: Worker, appointment_id: UUID, lead_hours: int) -> bool:
    async with worker.sessions.begin() as session:
        service = AppointmentService(session, EventBus(session))
        appointment = await service.locked_if_due(appointment_id, lead_hours)
        if appointment is None:
            return False
        patient = await session.get_one(Patient, appointment.patient_id)
        practitioner = await session.get_one(Practitioner, appointment.practitioner_id)
        if patient.email is None:
            return False
        try:
            worker.email.send(Email(patient.email, *reminder(appointment, patient, practitioner)))
        except RecipientRefused as refusal:
            await service.mark_unreachable(appointment_id, str(refusal))
            return False
        await service.mark_reminded(appointment_id)
        return True


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
