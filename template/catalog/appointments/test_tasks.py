"""Tests of the tasks that send reminders."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from time_machine import Traveller

from your_service.core.events import Event, EventBus
from your_service.core.queues import LEASE
from your_service.core.tasks import Worker, task
from your_service.core.tenancy import Organisation, organisation_scope
from your_service.gateways.email import (
    Email,
    EmailError,
    EmailRefused,
    EmailUnavailable,
    EmailUnconfirmed,
    RecipientRefused,
)
from your_service.modules.appointments.models import Appointment, AppointmentState, Practitioner
from your_service.modules.appointments.schemas import AppointmentReschedule, ReminderQuery
from your_service.modules.appointments.service import MAX_REMINDERS, UNCONFIRMED, AppointmentService
from your_service.modules.appointments.tasks import TaskSettings, schedule, send_reminders
from your_service.modules.patients.models import Patient

from tests.suite.transactions import TransactionIsOpen
from tests.support.factories import Factory
from tests.support.gateways.email import RecordingEmailGateway
from tests.support.worker import in_worker
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase

pytestmark = pytest.mark.usefixtures("frozen_time", "celery_app")

# `frozen_time` is noon of a Tuesday in January; Berlin is one hour ahead of UTC.
NINE = datetime(2030, 1, 16, 8, 0, tzinfo=UTC)
LEAD = 24
LATER = AppointmentReschedule(starts_at=NINE + timedelta(minutes=30))


@pytest.fixture
async def ada(make_patient: Factory[Patient]) -> Patient:
    """A patient with an e-mail address."""
    return await make_patient(given_name="Ada", email="ada@example.com")


@pytest.fixture
async def appointment(make_appointment: Factory[Appointment], ada: Patient) -> Appointment:
    """Ada's appointment, tomorrow at 9:00 in Berlin."""
    return await make_appointment(patient_id=ada.id, starts_at=NINE)


async def events_of(session: AsyncSession, appointment: Appointment) -> list[str]:
    """Return the names of the stored events of an appointment."""
    names = select(Event.name).where(Event.record_id == appointment.id).order_by(Event.name)
    return list(await session.scalars(names))


class TestSendReminders(ServiceTestCase[AppointmentService]):
    service_class = AppointmentService
    appointment: Appointment
    email: RecordingEmailGateway

    @pytest.fixture(autouse=True)
    def _prepare(self, appointment: Appointment, mock_email: RecordingEmailGateway) -> None:
        """Make an appointment whose reminder is due."""
        self.appointment, self.email = appointment, mock_email

    async def test_a_patient_is_reminded_by_email(self) -> None:
        sent = await in_worker(send_reminders.run, LEAD)

        await self.session.refresh(self.appointment)
        assert (sent, self.appointment.reminded_at) == (1, FROZEN_NOW)
        assert [email.to for email in self.email.outbox] == ["ada@example.com"]
        assert await events_of(self.session, self.appointment) == ["appointment.booked", "appointment.reminded"]

    async def test_a_reminder_names_time_and_practitioner(self, test_practitioner: Practitioner) -> None:
        await in_worker(send_reminders.run, LEAD)

        (email,) = self.email.outbox
        assert email.subject == "Your appointment on Wednesday, 16 January 2030, at 09:00"
        assert email.body == (
            "Hello Ada,\n\n"
            "we look forward to seeing you on Wednesday, 16 January 2030, at 09:00 (Europe/Berlin time).\n"
            f"{test_practitioner.name} will take care of you.\n\n"
            "If you cannot come, please let us know as soon as you can.\n"
        )

    async def test_a_task_that_is_delivered_twice_sends_one_reminder(self) -> None:
        sent = [await in_worker(send_reminders.run, LEAD) for _ in range(2)]

        assert (sent, len(self.email.outbox)) == ([1, 0], 1)

    async def claim(self, celery_app: Worker) -> Appointment:
        """Claim the reminder, as a worker does before it sends."""
        async with celery_app.sessions.begin() as session:
            claimed = await AppointmentService(session, EventBus(session)).claim_reminder(LEAD)
        assert claimed is not None
        return claimed

    async def test_a_claimed_reminder_is_sent_by_nobody_else(
        self,
        celery_app: Worker,
        frozen_time: Traveller,
    ) -> None:
        await self.claim(celery_app)

        frozen_time.shift(LEASE - timedelta(seconds=1))
        assert await in_worker(send_reminders.run, LEAD) == 0

        assert self.email.outbox == []

    async def test_a_reminder_that_a_lost_worker_claimed_is_sent_later(
        self,
        celery_app: Worker,
        frozen_time: Traveller,
    ) -> None:
        await self.claim(celery_app)

        frozen_time.shift(LEASE)
        assert await in_worker(send_reminders.run, LEAD) == 1

        assert len(self.email.outbox) == 1

    async def test_an_unconfirmed_reminder_is_sent_once_more(
        self,
        frozen_time: Traveller,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        self.email.failures = [EmailUnconfirmed("No reply")] * 5
        failures = []

        for _ in range(4):
            assert await in_worker(send_reminders.run, LEAD) == 0
            failures.append(len(self.email.failures))
            frozen_time.shift(LEASE)

        await self.session.refresh(self.appointment)
        listing = await self.service.list(ReminderQuery())
        (due,) = listing.items
        assert (failures, MAX_REMINDERS) == ([4, 3, 3, 3], 2)
        assert (due, due.reminded_at) == (self.appointment, None)
        assert await events_of(self.session, self.appointment) == [
            "appointment.booked",
            *[f"appointment.{UNCONFIRMED}"] * 2,
        ]
        assert [message for message in caplog.messages if "did not confirm" in message] == [
            f"The mail server did not confirm the reminder of appointment {self.appointment.id}."
        ] * 2

    @pytest.mark.parametrize("failure", [EmailUnavailable("Try again later"), EmailRefused("535 Who are you?")])
    async def test_a_reminder_that_was_not_sent_is_due_again_when_its_claim_ends(
        self, frozen_time: Traveller, caplog: pytest.LogCaptureFixture, failure: EmailError
    ) -> None:
        # More often than unconfirmed e-mails are sent: it does not count as sent.
        for _ in range(MAX_REMINDERS + 1):
            self.email.failures = [failure]
            assert await in_worker(send_reminders.run, LEAD) == 0
            # The next run within the claim does not ask the mail server again.
            assert await in_worker(send_reminders.run, LEAD) == 0
            frozen_time.shift(LEASE)

        await self.session.refresh(self.appointment)
        assert self.appointment.reminded_at is None
        assert await events_of(self.session, self.appointment) == ["appointment.booked"]
        expected = f"The reminder of appointment {self.appointment.id} was not sent: {failure}"
        assert caplog.messages.count(expected) == MAX_REMINDERS + 1
        assert await in_worker(send_reminders.run, LEAD) == 1
        assert len(self.email.outbox) == 1

    async def test_a_rescheduled_appointment_gets_a_reminder_of_its_own(
        self,
        celery_app: Worker,
        frozen_time: Traveller,
    ) -> None:
        for _ in range(MAX_REMINDERS):
            await self.claim(celery_app)
            frozen_time.shift(LEASE)
        exhausted = await in_worker(send_reminders.run, LEAD)
        await self.service.reschedule(self.appointment.id, LATER)

        sent = await in_worker(send_reminders.run, LEAD)

        assert (exhausted, sent) == (0, 1)
        assert [email.reference for email in self.email.outbox] == [f"reminder-{self.appointment.id}-20300116T0830"]

    async def test_a_reminder_of_the_old_time_is_not_one_of_the_new_time(self, celery_app: Worker) -> None:
        claimed = await self.claim(celery_app)
        await self.service.reschedule(self.appointment.id, LATER)

        await self.service.settle_reminder(claimed, "reminded")

        assert self.appointment.reminded_at is None

    async def test_a_worker_releases_only_its_own_claim(self, celery_app: Worker, frozen_time: Traveller) -> None:
        first = await self.claim(celery_app)
        frozen_time.shift(LEASE)
        second = await self.claim(celery_app)

        await self.service.release_reminder(first)
        await self.session.refresh(self.appointment)
        assert self.appointment.reminder_attempts == 2
        await self.service.release_reminder(second)

        assert self.appointment.reminder_attempts == 1

    async def test_the_only_claim_that_is_released_counts_no_attempt(self, celery_app: Worker) -> None:
        claimed = await self.claim(celery_app)

        await self.service.release_reminder(claimed)

        assert self.appointment.reminder_attempts == 0

    async def test_reschedule_starts_to_count_again(self, celery_app: Worker) -> None:
        await self.claim(celery_app)

        await self.service.reschedule(self.appointment.id, LATER)

        assert self.appointment.reminder_attempts == 0

    @pytest.mark.parametrize("state", [state for state in AppointmentState if state is not AppointmentState.BOOKED])
    async def test_no_reminder_for_an_appointment_closed_in_the_meantime(self, state: AppointmentState) -> None:
        self.appointment.state = state
        await self.session.flush()

        assert await in_worker(send_reminders.run, LEAD) == 0

        assert self.email.outbox == []

    async def test_no_reminder_for_an_appointment_moved_beyond_the_lead_time(self) -> None:
        await self.service.reschedule(self.appointment.id, AppointmentReschedule(starts_at=NINE + timedelta(days=1)))

        assert await in_worker(send_reminders.run, LEAD) == 0

        assert self.email.outbox == []

    async def test_no_reminder_for_an_appointment_that_has_started(self, frozen_time: Traveller) -> None:
        frozen_time.move_to(NINE)

        assert await in_worker(send_reminders.run, LEAD) == 0

        assert self.email.outbox == []

    async def test_no_reminder_for_a_patient_whose_address_was_removed(self, ada: Patient) -> None:
        ada.email = None
        await self.session.flush()

        assert await in_worker(send_reminders.run, LEAD) == 0

        await self.session.refresh(self.appointment)
        assert (self.appointment.reminded_at, self.email.outbox) == (None, [])

    async def test_a_refused_recipient_is_marked_unreachable(self) -> None:
        self.email.failures = [RecipientRefused("550 No such user")]

        sent = await in_worker(send_reminders.run, LEAD)

        await self.session.refresh(self.appointment)
        noted = await self.session.scalar(select(Event).where(Event.name == "appointment.unreachable"))
        assert noted is not None
        assert (noted.record_id, noted.about) == (self.appointment.id, self.appointment.patient_id)
        assert noted.data == {"starts_at": "2030-01-16T08:00:00Z", "reason": "550 No such user"}
        assert (sent, self.appointment.reminded_at) == (0, FROZEN_NOW)


@task(name="tests.send_in_a_transaction")
async def send_in_a_transaction(worker: Worker) -> None:
    """Call the gateway while a transaction is open."""
    async with worker.sessions.begin() as session:
        await session.connection()
        worker.email.send(Email("ada@example.com", "Hello", ""))


async def test_a_task_that_sends_in_a_transaction_fails(mock_email: RecordingEmailGateway) -> None:
    with pytest.raises(TransactionIsOpen, match=r"^RecordingEmailGateway\.send was called while a transaction is open"):
        await in_worker(send_in_a_transaction.run)

    assert mock_email.outbox == []


async def test_one_run_sends_all_due_reminders_the_earliest_first(
    make_appointment: Factory[Appointment],
    make_patient: Factory[Patient],
    appointment: Appointment,
    ada: Patient,
    mock_email: RecordingEmailGateway,
) -> None:
    later = await make_appointment(patient_id=ada.id, starts_at=NINE + timedelta(hours=1))
    await make_appointment(patient_id=ada.id, starts_at=NINE + timedelta(days=1))
    without_address = await make_patient(email=None)
    await make_appointment(patient_id=without_address.id, starts_at=NINE + timedelta(hours=2))

    assert await in_worker(send_reminders.run, LEAD) == 2

    sent = [f"reminder-{each.id}-{each.starts_at:%Y%m%dT%H%M}" for each in (appointment, later)]
    assert [email.reference for email in mock_email.outbox] == sent


async def test_a_failure_does_not_stop_the_other_reminders(
    make_appointment: Factory[Appointment],
    appointment: Appointment,
    ada: Patient,
    mock_email: RecordingEmailGateway,
) -> None:
    for hours in (0.5, 1, 1.5):
        await make_appointment(patient_id=ada.id, starts_at=NINE + timedelta(hours=hours))
    mock_email.failures = [EmailUnavailable("451"), EmailUnconfirmed("No reply"), RecipientRefused("550")]

    assert await in_worker(send_reminders.run, LEAD) == 1


async def test_reminders_of_every_organisation_are_sent(
    db_session: AsyncSession,
    appointment: Appointment,
    ada: Patient,
    test_practitioner: Practitioner,
    other_org: Organisation,
    mock_email: RecordingEmailGateway,
) -> None:
    theirs = await copy_to(other_org, db_session, ada, test_practitioner, appointment)

    assert await in_worker(send_reminders.run, LEAD) == 2

    assert {email.reference for email in mock_email.outbox} == {
        f"reminder-{each.id}-20300116T0800" for each in (appointment, theirs)
    }


async def test_an_offer_expires_at_its_start(
    make_appointment: Factory[Appointment],
    ada: Patient,
    db_session: AsyncSession,
    frozen_time: Traveller,
) -> None:
    offer = await make_appointment(patient_id=ada.id, starts_at=NINE + timedelta(minutes=30))
    later = await make_appointment(patient_id=ada.id, starts_at=NINE + timedelta(minutes=60))
    booked = await make_appointment(patient_id=ada.id, starts_at=NINE)
    offer.state = later.state = AppointmentState.OFFERED
    await db_session.flush()

    for moment in (offer.starts_at - timedelta(seconds=1), offer.starts_at):
        frozen_time.move_to(moment)
        await in_worker(send_reminders.run, LEAD)

    for each in (offer, later, booked):
        await db_session.refresh(each)
    assert [each.state for each in (offer, later, booked)] == ["expired", "offered", "booked"]
    names = await events_of(db_session, offer)
    assert names == ["appointment.booked", "appointment.expired"]


async def copy_to(
    organisation: Organisation,
    session: AsyncSession,
    patient: Patient,
    practitioner: Practitioner,
    appointment: Appointment,
) -> Appointment:
    """Copy an appointment with its patient and practitioner to an organisation."""
    with organisation_scope(organisation.id):
        their_patient = Patient(
            given_name=patient.given_name,
            family_name=patient.family_name,
            birth_date=patient.birth_date,
            email=patient.email,
        )
        their_practitioner = Practitioner(
            name=practitioner.name,
            time_zone=practitioner.time_zone,
            slot_minutes=practitioner.slot_minutes,
        )
        session.add_all([their_patient, their_practitioner])
        await session.flush()
        theirs = Appointment(
            patient_id=their_patient.id,
            practitioner_id=their_practitioner.id,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
        )
        session.add(theirs)
        await session.flush()
    return theirs


def test_the_schedule_follows_the_settings() -> None:
    settings = TaskSettings(_env_file=None, reminder_lead_hours=48, reminder_interval_seconds=60)

    (entry,) = schedule(settings).values()

    assert (entry["task"], entry["schedule"]) == (send_reminders.name, 60)
    assert entry["kwargs"] == {"lead_hours": 48}


@pytest.mark.parametrize(
    "settings",
    [{"reminder_lead_hours": 0}, {"reminder_lead_hours": 24 * 14 + 1}, {"reminder_interval_seconds": 0}],
)
def test_invalid_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(settings))):
        TaskSettings(_env_file=None, **settings)
