"""Tests of the services for practitioners and appointments."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from time_machine import Traveller

from your_service.core.database import SessionFactory
from your_service.core.errors import Conflict, InvalidTransition, NotFound, Unprocessable
from your_service.core.events import EventBus
from your_service.core.schemas import ListQuery
from your_service.modules.appointments.models import Appointment, AppointmentState, Practitioner
from your_service.modules.appointments.rules import Weekday, WorkingInterval
from your_service.modules.appointments.schemas import (
    AppointmentCancel,
    AppointmentCreate,
    AppointmentQuery,
    AppointmentReschedule,
    PractitionerCreate,
    PractitionerQuery,
    PractitionerUpdate,
    ReminderQuery,
    SlotQuery,
    WorkingHours,
)
from your_service.modules.appointments.service import AppointmentService, PractitionerService
from your_service.modules.patients.models import Patient
from your_service.modules.patients.service import PatientService

from tests.support.factories import Factory, Payload
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase

pytestmark = pytest.mark.usefixtures("frozen_time")

# `frozen_time` is noon of a Tuesday in January; Berlin is one hour ahead of UTC.
TODAY = date(2030, 1, 15)
TOMORROW = date(2030, 1, 16)
NINE = datetime(2030, 1, 16, 8, 0, tzinfo=UTC)
HALF_PAST_NINE = datetime(2030, 1, 16, 8, 30, tzinfo=UTC)
TEN = datetime(2030, 1, 16, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CLOSED = [AppointmentState.COMPLETED, AppointmentState.NO_SHOW, AppointmentState.CANCELLED]


def working(weekday: Weekday, starts_at: int, ends_at: int) -> WorkingInterval:
    return WorkingInterval(weekday=weekday, starts_at=time(starts_at), ends_at=time(ends_at))


async def free(service: PractitionerService, practitioner: Practitioner, day: date = TOMORROW) -> list[str]:
    """Return when the free slots of a day start, in UTC."""
    slots = await service.free_slots(practitioner.id, SlotQuery(first=day))
    return [f"{slot.starts_at:%H:%M}" for slot in slots]


MORNING = ["08:00", "08:30", "09:00", "09:30", "10:00", "10:30"]
AFTERNOON = ["12:00", "12:30", "13:00", "13:30", "14:00", "14:30", "15:00", "15:30"]


@pytest.mark.parametrize("minutes", [5, 240])
def test_the_shortest_and_the_longest_slot(practitioner_payload: Payload, minutes: int) -> None:
    assert PractitionerCreate(**practitioner_payload(slot_minutes=minutes)).slot_minutes == minutes


@pytest.mark.parametrize("schema", [PractitionerCreate, PractitionerUpdate])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("time_zone", ""),
        ("time_zone", "Europe"),
        ("time_zone", "Europe/Bielefeld"),
        ("time_zone", "../Europe/Berlin"),
        ("time_zone", "CET-1CEST"),
        ("time_zone", "localtime"),
        ("time_zone", "posixrules"),
        ("time_zone", "Factory"),
        ("time_zone", "x" * 300),
        ("time_zone", None),
        ("slot_minutes", 4),
        ("slot_minutes", 241),
        ("slot_minutes", None),
        ("active", "perhaps"),
        ("active", 1),
        ("active", None),
        ("no_such_field", 1),
    ],
)
def test_refuses_a_bad_practitioner(
    practitioner_payload: Payload,
    schema: type[PractitionerCreate | PractitionerUpdate],
    field: str,
    value: Any,
) -> None:
    with pytest.raises(ValidationError) as error:
        schema(**practitioner_payload(**{field: value}))

    assert [each["loc"] for each in error.value.errors()] == [(field,)]


def test_time_zones_are_those_of_the_iana_database(practitioner_payload: Payload) -> None:
    with pytest.raises(ValidationError) as error:
        PractitionerCreate(**practitioner_payload(time_zone="Europe/Bielefeld"))

    assert error.value.errors()[0]["msg"] == "Value error, must be the name of an IANA time zone, such as Europe/Berlin"


@pytest.mark.parametrize("field", ["name", "time_zone", "slot_minutes"])
def test_a_practitioner_requires(practitioner_payload: Payload, field: str) -> None:
    payload = practitioner_payload()
    del payload[field]

    with pytest.raises(ValidationError) as error:
        PractitionerCreate(**payload)

    assert error.value.errors()[0]["loc"] == (field,)


def test_working_hours_must_not_overlap() -> None:
    overlapping = (working(Weekday.MONDAY, 9, 12), working(Weekday.MONDAY, 11, 13))

    with pytest.raises(ValidationError) as error:
        WorkingHours(working_hours=overlapping)

    refused = error.value.errors()[0]
    assert refused["loc"] == ("working_hours",)
    assert refused["msg"] == "Value error, intervals on the same weekday must not overlap"


def test_working_hours_may_be_adjacent() -> None:
    touching = (working(Weekday.MONDAY, 9, 12), working(Weekday.MONDAY, 12, 13))

    assert WorkingHours(working_hours=touching).working_hours == touching


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2000, 1, 1), None),
        (TOMORROW, TOMORROW),
        (TOMORROW, TOMORROW + 30 * DAY),
        (date(2199, 12, 31), date(2199, 12, 31)),
    ],
)
def test_a_range_of_days(first: date, last: date | None) -> None:
    assert SlotQuery(first=first, last=last).days == (first, last or first)


@pytest.mark.parametrize(("first", "last"), [(TOMORROW, TODAY), (TOMORROW, TOMORROW + 31 * DAY)])
def test_a_range_has_up_to_31_days_in_order(first: date, last: date) -> None:
    with pytest.raises(ValidationError) as error:
        SlotQuery(first=first, last=last)

    assert error.value.errors()[0]["msg"] == "Value error, 'to' must be at most 30 days after 'from' and not before it"


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(1999, 12, 31), date(2000, 1, 1)), (date(2199, 12, 31), date(2200, 1, 1)), (date.min, date.min)],
)
def test_a_range_must_be_within_the_supported_years(first: date, last: date) -> None:
    with pytest.raises(ValidationError):
        SlotQuery(first=first, last=last)


@pytest.mark.parametrize("starts_at", ["2000-01-01T00:00:00Z", "2199-12-31T23:59:59Z"])
def test_the_first_and_the_last_start(starts_at: str) -> None:
    accepted = AppointmentReschedule.model_validate({"starts_at": starts_at})

    assert accepted.starts_at == datetime.fromisoformat(starts_at)


@pytest.mark.parametrize(
    "starts_at",
    ["2030-01-16T08:00:00", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", None],
)
@pytest.mark.parametrize("schema", [AppointmentCreate, AppointmentReschedule])
def test_refuses_a_bad_start(schema: type[AppointmentCreate | AppointmentReschedule], starts_at: str | None) -> None:
    with pytest.raises(ValidationError) as error:
        schema.model_validate({"starts_at": starts_at})

    assert ("starts_at",) in [each["loc"] for each in error.value.errors()]


async def book_in(session: AsyncSession, patient: Patient, practitioner: Practitioner, at: datetime) -> Appointment:
    data = AppointmentCreate(patient_id=patient.id, practitioner_id=practitioner.id, starts_at=at)
    return await AppointmentService(session, EventBus(session)).book(data)


@pytest.mark.parametrize("reason", ["", " ", "x" * 201, None])
def test_a_cancellation_requires_a_reason(reason: str | None) -> None:
    with pytest.raises(ValidationError):
        AppointmentCancel.model_validate({"reason": reason})


async def due(service: AppointmentService, **query: int) -> list[UUID]:
    """Return the ids of the appointments whose reminder is due."""
    listing = await service.list(ReminderQuery(**query))
    return [appointment.id for appointment in listing.items]


@pytest.mark.parametrize("lead_hours", [0, 24 * 14 + 1])
def test_refuses_a_bad_lead_time(lead_hours: int) -> None:
    with pytest.raises(ValidationError):
        ReminderQuery(lead_hours=lead_hours)


async def found(service: AppointmentService, **query: Any) -> list[UUID]:
    """Return the ids of the appointments that match a query."""
    listing = await service.list(AppointmentQuery(**query))
    return [appointment.id for appointment in listing.items]


class TestPractitionerService(ServiceTestCase[PractitionerService]):
    service_class = PractitionerService

    async def test_create_stores_a_practitioner(self) -> None:
        data = PractitionerCreate(name="Dr Snow", time_zone="Asia/Kolkata", slot_minutes=20, active=False)

        created = await self.service.create(data)

        stored = await self.service.get(created.id)
        assert (stored.name, stored.time_zone, stored.slot_minutes, stored.active) == (
            "Dr Snow",
            "Asia/Kolkata",
            20,
            False,
        )
        assert [(event.name, event.record_id) for event in self.published_events] == [
            ("practitioner.created", created.id)
        ]

    async def test_a_new_practitioner_is_active_and_has_no_hours(self, practitioner_payload: Payload) -> None:
        created = await self.service.create(PractitionerCreate(**practitioner_payload()))

        assert (created.active, created.working_hours) == (True, [])
        assert await free(self.service, created) == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [("name", "Dr Who"), ("time_zone", "Europe/London"), ("slot_minutes", 15), ("active", False)],
    )
    async def test_update_changes_only_one_field(self, test_practitioner: Practitioner, field: str, value: Any) -> None:
        before = {name: getattr(test_practitioner, name) for name in PractitionerUpdate.model_fields}

        updated = await self.service.update(test_practitioner.id, PractitionerUpdate(**{field: value}))

        assert {name: getattr(updated, name) for name in PractitionerUpdate.model_fields} == before | {field: value}

    async def test_list_filters_practitioners_by_name_and_activity(
        self,
        make_practitioner: Factory[Practitioner],
    ) -> None:
        snow = await make_practitioner(name="Dr Snow")
        jones = await make_practitioner(name="Dr Jones", active=False)

        found = await self.service.list(PractitionerQuery(search="sNOW"))
        inactive = await self.service.list(PractitionerQuery(active=False))

        assert ([each.id for each in found.items], [each.id for each in inactive.items]) == ([snow.id], [jones.id])

    async def test_working_hours_replace_the_whole_week(self, test_practitioner: Practitioner) -> None:
        evening, noon = working(Weekday.FRIDAY, 18, 20), working(Weekday.FRIDAY, 12, 14)

        await self.service.replace_working_hours(test_practitioner.id, WorkingHours(working_hours=(evening, noon)))

        await self.session.refresh(test_practitioner)
        assert test_practitioner.schedule.week == (noon, evening)

    async def test_working_hours_may_be_empty(self, test_practitioner: Practitioner) -> None:
        replaced = await self.service.replace_working_hours(test_practitioner.id, WorkingHours(working_hours=()))

        assert replaced.working_hours == []

    async def test_replacing_working_hours_publishes_an_event(self, test_practitioner: Practitioner) -> None:
        await self.service.replace_working_hours(test_practitioner.id, WorkingHours(working_hours=()))

        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("practitioner.updated", test_practitioner.id)
        assert event.data == {"fields": ["working_hours"]}

    async def test_working_hours_of_an_unknown_practitioner(self) -> None:
        with pytest.raises(NotFound):
            await self.service.replace_working_hours(uuid4(), WorkingHours(working_hours=()))

    async def test_free_slots_of_a_day(self, test_practitioner: Practitioner) -> None:
        slots = await self.service.free_slots(test_practitioner.id, SlotQuery(first=TOMORROW))

        assert [f"{slot.starts_at:%H:%M}" for slot in slots] == MORNING + AFTERNOON
        assert (slots[0].starts_at, slots[0].ends_at) == (NINE, HALF_PAST_NINE)

    async def test_free_slots_of_several_days(self, make_practitioner: Factory[Practitioner]) -> None:
        week = (working(Weekday.WEDNESDAY, 9, 10), working(Weekday.FRIDAY, 10, 11))
        practitioner = await make_practitioner(working_hours=week, slot_minutes=60)
        query = SlotQuery(first=TOMORROW, last=TOMORROW + 7 * DAY)

        slots = await self.service.free_slots(practitioner.id, query)

        assert [slot.starts_at for slot in slots] == [NINE, NINE + 2 * DAY + HOUR, NINE + 7 * DAY]

    async def test_free_slots_use_the_time_zone_of_the_practitioner(
        self,
        make_practitioner: Factory[Practitioner],
    ) -> None:
        practitioner = await make_practitioner(time_zone="Asia/Kolkata", slot_minutes=180)

        assert await free(self.service, practitioner) == ["03:30", "07:30"]

    async def test_slots_that_have_started_are_not_free(self, test_practitioner: Practitioner) -> None:
        assert await free(self.service, test_practitioner, TODAY) == AFTERNOON[1:]

    async def test_booked_slots_are_not_free(
        self,
        test_practitioner: Practitioner,
        make_appointment: Factory[Appointment],
    ) -> None:
        await make_appointment(starts_at=HALF_PAST_NINE)
        await make_appointment(starts_at=NINE + DAY)

        assert await free(self.service, test_practitioner) == ["08:00", *MORNING[2:], *AFTERNOON]

    async def test_the_first_and_the_last_slot_can_be_booked(
        self,
        test_practitioner: Practitioner,
        make_appointment: Factory[Appointment],
    ) -> None:
        await make_appointment(starts_at=NINE)
        await make_appointment(starts_at=datetime(2030, 1, 16, 15, 30, tzinfo=UTC))

        assert await free(self.service, test_practitioner) == [*MORNING[1:], *AFTERNOON[:-1]]

    async def test_appointments_of_other_practitioners_are_ignored(
        self,
        make_practitioner: Factory[Practitioner],
        test_appointment: Appointment,
    ) -> None:
        other = await make_practitioner()

        assert test_appointment.starts_at == NINE
        assert await free(self.service, other) == MORNING + AFTERNOON

    async def test_a_long_appointment_blocks_every_slot_that_it_overlaps(
        self,
        make_practitioner: Factory[Practitioner],
        make_appointment: Factory[Appointment],
    ) -> None:
        practitioner = await make_practitioner(slot_minutes=60)
        await make_appointment(practitioner_id=practitioner.id, starts_at=NINE)

        await self.service.update(practitioner.id, PractitionerUpdate(slot_minutes=20))

        first, second, third, *_ = await free(self.service, practitioner)
        assert (first, second, third) == ("09:00", "09:20", "09:40")

    async def test_an_inactive_practitioner_has_no_free_slots(self, make_practitioner: Factory[Practitioner]) -> None:
        practitioner = await make_practitioner(active=False)

        assert await free(self.service, practitioner) == []

    async def test_free_slots_of_an_unknown_practitioner(self) -> None:
        with pytest.raises(NotFound):
            await self.service.free_slots(uuid4(), SlotQuery(first=TOMORROW))

    @pytest.mark.parametrize("starts_at", [NINE, NINE + timedelta(minutes=20), NINE + timedelta(minutes=40)])
    async def test_appointments_must_not_overlap_partly(
        self,
        make_appointment: Factory[Appointment],
        make_practitioner: Factory[Practitioner],
        starts_at: datetime,
    ) -> None:
        practitioner = await make_practitioner(slot_minutes=60)
        await make_appointment(practitioner_id=practitioner.id, starts_at=NINE)
        await self.service.update(practitioner.id, PractitionerUpdate(slot_minutes=20))

        with pytest.raises(Conflict):
            await make_appointment(practitioner_id=practitioner.id, starts_at=starts_at)

    async def test_different_parties_can_meet_at_the_same_time(
        self,
        make_appointment: Factory[Appointment],
        make_practitioner: Factory[Practitioner],
        make_patient: Factory[Patient],
        test_appointment: Appointment,
    ) -> None:
        practitioner, patient = await make_practitioner(), await make_patient()

        booked = await make_appointment(practitioner_id=practitioner.id, patient_id=patient.id, starts_at=NINE)

        assert booked.starts_at == test_appointment.starts_at


class TestAppointmentService(ServiceTestCase[AppointmentService]):
    service_class = AppointmentService

    async def test_cancelled_slots_are_free_again(
        self,
        test_practitioner: Practitioner,
        test_appointment: Appointment,
    ) -> None:
        await self.service.cancel(test_appointment.id, "Feels better", uuid4())

        assert await free(PractitionerService(self.session, self.events), test_practitioner) == MORNING + AFTERNOON

    async def test_book_stores_the_slot(self, test_patient: Patient, test_practitioner: Practitioner) -> None:
        data = AppointmentCreate(patient_id=test_patient.id, practitioner_id=test_practitioner.id, starts_at=NINE)

        booked = await self.service.book(data)

        await self.session.refresh(booked)
        assert (booked.patient_id, booked.practitioner_id) == (test_patient.id, test_practitioner.id)
        assert (booked.starts_at, booked.ends_at) == (NINE, HALF_PAST_NINE)
        assert booked.state is AppointmentState.BOOKED
        assert (booked.cancellation_reason, booked.reminded_at) == (None, None)

    async def test_book_publishes_an_event_about_the_patient(
        self,
        make_appointment: Factory[Appointment],
        test_practitioner: Practitioner,
    ) -> None:
        booked = await make_appointment(starts_at=NINE)

        event = self.published_events[-1]
        assert (event.name, event.record_id, event.about) == ("appointment.booked", booked.id, booked.patient_id)
        assert event.data == {
            "practitioner_id": str(test_practitioner.id),
            "starts_at": "2030-01-16T08:00:00Z",
            "ends_at": "2030-01-16T08:30:00Z",
        }

    async def test_a_start_may_be_given_in_any_offset(self, make_appointment: Factory[Appointment]) -> None:
        booked = await make_appointment(starts_at="2030-01-16T09:00:00+01:00")

        assert booked.starts_at.isoformat() == "2030-01-16T08:00:00+00:00"

    @pytest.mark.parametrize("party", ["practitioner_id", "patient_id"])
    async def test_patient_and_practitioner_must_exist(
        self,
        make_appointment: Factory[Appointment],
        party: str,
    ) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_appointment(**{party: uuid4()})

        assert error.value.fields == (party,)

    async def test_an_inactive_practitioner_cannot_be_booked(
        self,
        make_practitioner: Factory[Practitioner],
        make_appointment: Factory[Appointment],
    ) -> None:
        practitioner = await make_practitioner(active=False)

        with pytest.raises(Unprocessable, match=r" is not active\.$") as error:
            await make_appointment(practitioner_id=practitioner.id)

        assert error.value.fields == ("practitioner_id",)

    @pytest.mark.parametrize(
        "starts_at",
        [
            NINE + timedelta(minutes=15),
            NINE - timedelta(minutes=30),
            NINE + 2 * HOUR + timedelta(minutes=45),
            NINE + 3 * HOUR,
            NINE + 3 * DAY,
        ],
    )
    async def test_only_a_slot_can_be_booked(self, make_appointment: Factory[Appointment], starts_at: datetime) -> None:
        with pytest.raises(Unprocessable, match=r" has no slot that starts at this time\.$") as error:
            await make_appointment(starts_at=starts_at)

        assert error.value.fields == ("starts_at",)

    @pytest.mark.parametrize("delay", [timedelta(0), SECOND, DAY])
    async def test_the_past_cannot_be_booked(
        self,
        make_appointment: Factory[Appointment],
        frozen_time: Traveller,
        delay: timedelta,
    ) -> None:
        frozen_time.move_to(NINE + delay)

        with pytest.raises(Unprocessable, match=r"^An appointment must start in the future\.$") as error:
            await make_appointment(starts_at=NINE)

        assert error.value.fields == ("starts_at",)

    async def test_a_slot_can_be_booked_up_to_its_start(
        self,
        make_appointment: Factory[Appointment],
        frozen_time: Traveller,
    ) -> None:
        frozen_time.move_to(NINE - SECOND)

        appointment = await make_appointment(starts_at=NINE)

        assert appointment.starts_at == NINE

    async def test_a_practitioner_meets_one_patient_at_a_time(
        self,
        make_appointment: Factory[Appointment],
        make_patient: Factory[Patient],
    ) -> None:
        await make_appointment(starts_at=NINE)
        other = await make_patient()
        self.published_events.clear()

        with pytest.raises(Conflict, match=r"^The practitioner has another appointment at this time\.$") as error:
            await make_appointment(starts_at=NINE, patient_id=other.id)

        assert error.value.fields == ("practitioner_id",)
        assert self.published_events == []

    async def test_a_patient_meets_one_practitioner_at_a_time(
        self,
        make_appointment: Factory[Appointment],
        make_practitioner: Factory[Practitioner],
    ) -> None:
        await make_appointment(starts_at=NINE)
        other = await make_practitioner()

        with pytest.raises(Conflict, match=r"^The patient has another appointment at this time\.$") as error:
            await make_appointment(starts_at=NINE, practitioner_id=other.id)

        assert error.value.fields == ("patient_id",)

    @pytest.mark.parametrize("order", [("practitioner", "patient"), ("patient", "practitioner")])
    async def test_if_both_are_busy_the_error_names_the_practitioner(
        self,
        make_appointment: Factory[Appointment],
        make_practitioner: Factory[Practitioner],
        make_patient: Factory[Patient],
        order: tuple[str, str],
    ) -> None:
        patient, practitioner = await make_patient(), await make_practitioner()
        busy_with = {
            "practitioner": {"patient_id": patient.id},
            "patient": {"practitioner_id": practitioner.id},
        }
        for party in order:
            await make_appointment(starts_at=NINE, **busy_with[party])

        with pytest.raises(Conflict) as error:
            await make_appointment(starts_at=NINE)

        assert error.value.fields == ("practitioner_id",)

    async def test_appointments_may_be_adjacent(
        self,
        make_appointment: Factory[Appointment],
        make_practitioner: Factory[Practitioner],
    ) -> None:
        other = await make_practitioner()

        between = await make_appointment(starts_at=HALF_PAST_NINE)
        before = await make_appointment(starts_at=NINE)
        after = await make_appointment(starts_at=TEN, practitioner_id=other.id)

        assert (before.ends_at, between.ends_at) == (between.starts_at, after.starts_at)

    async def test_a_cancelled_slot_can_be_booked_again(
        self,
        make_appointment: Factory[Appointment],
        test_appointment: Appointment,
    ) -> None:
        await self.service.cancel(test_appointment.id, "Feels better", uuid4())

        booked = await make_appointment(starts_at=test_appointment.starts_at)

        assert booked.id != test_appointment.id

    async def test_book_does_not_change_updated_at_of_the_parties(
        self,
        make_appointment: Factory[Appointment],
        test_patient: Patient,
        test_practitioner: Practitioner,
        frozen_time: Traveller,
    ) -> None:
        frozen_time.shift(HOUR)

        await make_appointment()

        await self.session.refresh(test_patient)
        await self.session.refresh(test_practitioner)
        assert (test_patient.updated_at, test_practitioner.updated_at) == (FROZEN_NOW, FROZEN_NOW)

    async def test_book_locks_the_parties(
        self,
        make_appointment: Factory[Appointment],
        locked_tables: list[str],
    ) -> None:
        await make_appointment()

        assert locked_tables == ["patients", "practitioners"]

    async def test_reschedule_locks_the_parties_first(
        self,
        test_appointment: Appointment,
        locked_tables: list[str],
    ) -> None:
        await self.service.reschedule(test_appointment.id, AppointmentReschedule(starts_at=TEN))

        assert locked_tables == ["patients", "practitioners", "appointments"]

    async def test_offer_and_accept_lock_the_parties_first(
        self,
        test_patient: Patient,
        test_practitioner: Practitioner,
        locked_tables: list[str],
    ) -> None:
        offered = await self.service.offer(test_patient.id, test_practitioner.id, DAY)
        of_offer = [*locked_tables]
        assert offered is not None

        await self.service.accept(offered.id)

        assert of_offer == ["patients", "practitioners"]
        assert locked_tables[2:] == ["patients", "practitioners", "appointments"]

    async def test_a_concurrent_booking_waits_and_is_refused(
        self,
        concurrent_sessions: SessionFactory,
        test_patient: Patient,
        test_practitioner: Practitioner,
    ) -> None:
        async with concurrent_sessions() as first, concurrent_sessions() as second:
            await book_in(first, test_patient, test_practitioner, NINE)
            with pytest.raises(OperationalError, match="locked") as waiting:
                await book_in(second, test_patient, test_practitioner, NINE)
            await second.rollback()
            await first.commit()

            with pytest.raises(Conflict) as lost:
                await book_in(second, test_patient, test_practitioner, NINE)

        assert waiting.value.statement == "BEGIN IMMEDIATE"
        assert lost.value.fields == ("practitioner_id",)

    async def test_a_concurrent_rescheduling_waits_and_is_refused(
        self,
        concurrent_sessions: SessionFactory,
        test_patient: Patient,
        test_practitioner: Practitioner,
    ) -> None:
        async with concurrent_sessions.begin() as session:
            appointment = await book_in(session, test_patient, test_practitioner, NINE)
        to_ten = AppointmentReschedule(starts_at=TEN)
        async with concurrent_sessions() as first, concurrent_sessions() as second:
            await book_in(first, test_patient, test_practitioner, TEN)
            with pytest.raises(OperationalError, match="locked") as waiting:
                await AppointmentService(second, EventBus(second)).reschedule(appointment.id, to_ten)
            await second.rollback()
            await first.commit()

            with pytest.raises(Conflict) as lost:
                await AppointmentService(second, EventBus(second)).reschedule(appointment.id, to_ten)

        assert waiting.value.statement == "BEGIN IMMEDIATE"
        assert lost.value.fields == ("practitioner_id",)

    async def test_reschedule_moves_to_another_slot(self, test_appointment: Appointment) -> None:
        moved = await self.service.reschedule(test_appointment.id, AppointmentReschedule(starts_at=TEN))

        await self.session.refresh(moved)
        assert (moved.id, moved.state) == (test_appointment.id, AppointmentState.BOOKED)
        assert (moved.starts_at, moved.ends_at) == (TEN, TEN + HOUR / 2)

    async def test_reschedule_publishes_both_times(self, test_appointment: Appointment) -> None:
        await self.service.reschedule(test_appointment.id, AppointmentReschedule(starts_at=TEN))

        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("appointment.rescheduled", test_appointment.id)
        assert event.about == test_appointment.patient_id
        assert event.data == {
            "from": {"starts_at": "2030-01-16T08:00:00Z", "ends_at": "2030-01-16T08:30:00Z"},
            "to": {"starts_at": "2030-01-16T09:00:00Z", "ends_at": "2030-01-16T09:30:00Z"},
        }

    async def test_reschedule_to_the_same_slot_changes_nothing(self, test_appointment: Appointment) -> None:
        await self.service.mark_reminded(test_appointment.id)
        self.published_events.clear()

        same = await self.service.reschedule(test_appointment.id, AppointmentReschedule(starts_at=NINE))

        assert (same.starts_at, same.reminded_at) == (NINE, FROZEN_NOW)
        assert self.published_events == []

    async def test_the_new_slot_may_overlap_the_old_one(
        self,
        test_appointment: Appointment,
    ) -> None:
        practitioners = PractitionerService(self.session, self.events)
        await practitioners.update(test_appointment.practitioner_id, PractitionerUpdate(slot_minutes=60))

        moved = await self.service.reschedule(test_appointment.id, AppointmentReschedule(starts_at=NINE))

        assert (moved.starts_at, moved.ends_at) == (NINE, TEN)

    async def test_reschedule_leaves_the_old_slot_free(
        self,
        test_practitioner: Practitioner,
        test_appointment: Appointment,
    ) -> None:
        await self.service.reschedule(test_appointment.id, AppointmentReschedule(starts_at=TEN))

        slots = await free(PractitionerService(self.session, self.events), test_practitioner)
        assert slots == [*MORNING[:2], *MORNING[3:], *AFTERNOON]

    async def test_reschedule_to_a_booked_slot(
        self,
        make_appointment: Factory[Appointment],
        make_patient: Factory[Patient],
    ) -> None:
        moving = await make_appointment(starts_at=NINE)
        another = await make_patient()
        await make_appointment(starts_at=TEN, patient_id=another.id)
        self.published_events.clear()

        with pytest.raises(Conflict) as error:
            await self.service.reschedule(moving.id, AppointmentReschedule(starts_at=TEN))

        assert error.value.fields == ("practitioner_id",)
        assert (moving.starts_at, self.published_events) == (NINE, [])

    async def test_reschedule_to_a_time_when_the_patient_is_busy(
        self,
        make_appointment: Factory[Appointment],
        make_practitioner: Factory[Practitioner],
    ) -> None:
        moving = await make_appointment(starts_at=NINE)
        another = await make_practitioner()
        await make_appointment(starts_at=TEN, practitioner_id=another.id)

        with pytest.raises(Conflict) as error:
            await self.service.reschedule(moving.id, AppointmentReschedule(starts_at=TEN))

        assert error.value.fields == ("patient_id",)

    @pytest.mark.parametrize("starts_at", [FROZEN_NOW, FROZEN_NOW - DAY, NINE + timedelta(minutes=15)])
    async def test_reschedule_to_a_time_that_cannot_be_booked(
        self,
        test_appointment: Appointment,
        starts_at: datetime,
    ) -> None:
        with pytest.raises(Unprocessable) as error:
            await self.service.reschedule(test_appointment.id, AppointmentReschedule(starts_at=starts_at))

        assert error.value.fields == ("starts_at",)

    async def test_reschedule_after_the_start(self, test_appointment: Appointment, frozen_time: Traveller) -> None:
        frozen_time.move_to(NINE)

        with pytest.raises(Conflict, match=r"has already started\.$"):
            await self.service.reschedule(test_appointment.id, AppointmentReschedule(starts_at=TEN))

        assert test_appointment.starts_at == NINE

    async def test_reschedule_unknown(self) -> None:
        with pytest.raises(NotFound):
            await self.service.reschedule(uuid4(), AppointmentReschedule(starts_at=TEN))

    async def test_cancel_keeps_the_reason(self, test_appointment: Appointment) -> None:
        cancelled = await self.service.cancel(test_appointment.id, "Feels better", uuid4())

        await self.session.refresh(cancelled)
        assert (cancelled.id, cancelled.state) == (test_appointment.id, AppointmentState.CANCELLED)
        assert cancelled.cancellation_reason == "Feels better"

    async def test_cancel_publishes_reason_and_user(self, test_appointment: Appointment) -> None:
        by = uuid4()

        await self.service.cancel(test_appointment.id, "Feels better", by)

        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("appointment.cancelled", test_appointment.id)
        assert event.about == test_appointment.patient_id
        assert event.data == {"reason": "Feels better", "by": str(by)}

    async def test_cancel_up_to_the_start(self, test_appointment: Appointment, frozen_time: Traveller) -> None:
        frozen_time.move_to(NINE - SECOND)

        cancelled = await self.service.cancel(test_appointment.id, "Missed the bus", uuid4())

        assert cancelled.state is AppointmentState.CANCELLED

    async def test_cancel_after_the_start(self, test_appointment: Appointment, frozen_time: Traveller) -> None:
        frozen_time.move_to(NINE)

        with pytest.raises(Conflict, match=r"has already started\.$"):
            await self.service.cancel(test_appointment.id, "Missed the bus", uuid4())

        assert (test_appointment.state, test_appointment.cancellation_reason) == (AppointmentState.BOOKED, None)

    async def test_cancel_twice(self, test_appointment: Appointment) -> None:
        await self.service.cancel(test_appointment.id, "Feels better", uuid4())
        self.published_events.clear()

        with pytest.raises(InvalidTransition) as error:
            await self.service.cancel(test_appointment.id, "Feels even better", uuid4())

        assert error.value.hints == {"allowed": []}
        assert (test_appointment.cancellation_reason, self.published_events) == ("Feels better", [])

    @pytest.mark.parametrize(
        ("method", "state", "name"),
        [
            ("complete", AppointmentState.COMPLETED, "appointment.completed"),
            ("mark_no_show", AppointmentState.NO_SHOW, "appointment.no_show"),
        ],
    )
    async def test_close_after_the_start(
        self,
        test_appointment: Appointment,
        frozen_time: Traveller,
        method: str,
        state: AppointmentState,
        name: str,
    ) -> None:
        frozen_time.move_to(NINE)

        closed = await getattr(self.service, method)(test_appointment.id)

        await self.session.refresh(closed)
        assert (closed.id, closed.state) == (test_appointment.id, state)
        event = self.published_events[-1]
        assert (event.name, event.record_id, event.data) == (name, test_appointment.id, {})
        assert event.about == test_appointment.patient_id

    @pytest.mark.parametrize("method", ["complete", "mark_no_show"])
    async def test_close_before_the_start(
        self,
        test_appointment: Appointment,
        frozen_time: Traveller,
        method: str,
    ) -> None:
        frozen_time.move_to(NINE - SECOND)

        with pytest.raises(Conflict, match=r"has not yet started\.$"):
            await getattr(self.service, method)(test_appointment.id)

        assert test_appointment.state is AppointmentState.BOOKED

    @pytest.mark.parametrize(
        ("method", "arguments"),
        [
            ("complete", []),
            ("mark_no_show", []),
            ("mark_reminded", []),
            ("cancel", ["Feels better", UUID(int=1)]),
            ("reschedule", [AppointmentReschedule(starts_at=TEN)]),
        ],
    )
    async def test_a_closed_appointment_cannot_change(
        self,
        test_appointment: Appointment,
        frozen_time: Traveller,
        method: str,
        arguments: list[Any],
    ) -> None:
        for state, now in product(CLOSED, (NINE - SECOND, NINE)):
            test_appointment.state = state
            frozen_time.move_to(now)

            with pytest.raises(InvalidTransition):
                await getattr(self.service, method)(test_appointment.id, *arguments)

            assert (test_appointment.state, test_appointment.starts_at, test_appointment.reminded_at) == (
                state,
                NINE,
                None,
            )

    async def test_a_patient_who_has_appointments_cannot_be_deleted(
        self,
        patient_service: PatientService,
        test_appointment: Appointment,
    ) -> None:
        with pytest.raises(Conflict) as error:
            await patient_service.delete(test_appointment.patient_id)

        assert error.value.detail == f"This patient is needed by appointment {test_appointment.id}."

    async def test_a_reminder_is_due_a_day_ahead(self, test_appointment: Appointment, frozen_time: Traveller) -> None:
        due_ones = [test_appointment.id]
        expected = {DAY + SECOND: [], DAY: due_ones, HOUR: due_ones, SECOND: due_ones, timedelta(0): [], -SECOND: []}

        listed = {}
        for ahead in expected:
            frozen_time.move_to(NINE - ahead)
            listed[ahead] = await due(self.service)

        assert listed == expected

    async def test_the_lead_time_of_a_reminder_can_be_chosen(self, test_appointment: Appointment) -> None:
        listed = {hours: await due(self.service, lead_hours=hours) for hours in (19, 20, 21)}

        assert listed == {19: [], 20: [test_appointment.id], 21: [test_appointment.id]}

    async def test_the_default_lead_time_is_a_day(self, make_appointment: Factory[Appointment]) -> None:
        tomorrow = await make_appointment(starts_at=NINE)
        await make_appointment(starts_at=NINE + DAY)

        listing = await self.service.list(ReminderQuery())

        assert [appointment.id for appointment in listing.items] == [tomorrow.id]

    async def test_due_reminders_are_sorted_and_paged(self, make_appointment: Factory[Appointment]) -> None:
        later = await make_appointment(starts_at=TEN)
        sooner = await make_appointment(starts_at=NINE)

        assert await due(self.service) == [sooner.id, later.id]
        assert await due(self.service, limit=1, offset=1) == [later.id]

    @pytest.mark.parametrize("state", CLOSED)
    async def test_closed_appointments_need_no_reminder(
        self,
        test_appointment: Appointment,
        state: AppointmentState,
    ) -> None:
        test_appointment.state = state

        assert await due(self.service) == []

    async def test_a_patient_is_reminded_once(self, test_appointment: Appointment) -> None:
        reminded = await self.service.mark_reminded(test_appointment.id)

        await self.session.refresh(reminded)
        assert (reminded.id, reminded.reminded_at) == (test_appointment.id, FROZEN_NOW)
        assert await due(self.service) == []
        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("appointment.reminded", test_appointment.id)
        assert event.data == {"starts_at": "2030-01-16T08:00:00Z"}

    async def test_marking_a_reminder_twice_changes_nothing(
        self,
        test_appointment: Appointment,
        frozen_time: Traveller,
    ) -> None:
        await self.service.mark_reminded(test_appointment.id)
        self.published_events.clear()
        frozen_time.move_to(NINE)

        again = await self.service.mark_reminded(test_appointment.id)

        assert (again.reminded_at, self.published_events) == (FROZEN_NOW, [])

    async def test_a_reminder_cannot_be_marked_after_the_start(
        self,
        test_appointment: Appointment,
        frozen_time: Traveller,
    ) -> None:
        frozen_time.move_to(NINE)

        with pytest.raises(Conflict, match=r"has already started\.$"):
            await self.service.mark_reminded(test_appointment.id)

    async def test_a_rescheduled_appointment_needs_another_reminder(self, test_appointment: Appointment) -> None:
        await self.service.mark_reminded(test_appointment.id)

        await self.service.reschedule(test_appointment.id, AppointmentReschedule(starts_at=TEN))

        await self.session.refresh(test_appointment)
        assert test_appointment.reminded_at is None
        assert await due(self.service) == [test_appointment.id]

    async def test_list_puts_the_earliest_first(self, make_appointment: Factory[Appointment]) -> None:
        latest, earliest, between = [await make_appointment(starts_at=NINE + hours * HOUR) for hours in (2, 0, 1)]

        listing = await self.service.list(ListQuery(limit=2, with_total=True))

        assert ([each.id for each in listing.items], listing.total) == ([earliest.id, between.id], 3)
        assert await found(self.service, cursor=listing.next) == [latest.id]

    async def test_list_filters_by_patient_and_practitioner(
        self,
        make_appointment: Factory[Appointment],
        make_practitioner: Factory[Practitioner],
        make_patient: Factory[Patient],
    ) -> None:
        mine = await make_appointment()
        patient, practitioner = await make_patient(), await make_practitioner()
        theirs = await make_appointment(
            patient_id=patient.id,
            practitioner_id=practitioner.id,
        )

        assert await found(self.service, patient_id=mine.patient_id) == [mine.id]
        assert await found(self.service, practitioner_id=theirs.practitioner_id) == [theirs.id]

    async def test_list_filters_by_state(self, make_appointment: Factory[Appointment]) -> None:
        made = {state: await make_appointment() for state in AppointmentState}
        for state, appointment in made.items():
            appointment.state = state

        listed = {state: await found(self.service, state=state) for state in AppointmentState}

        assert listed == {state: [appointment.id] for state, appointment in made.items()}

    async def test_list_filters_by_time(self, make_appointment: Factory[Appointment]) -> None:
        nine, half_past, ten = [await make_appointment(starts_at=at) for at in (NINE, HALF_PAST_NINE, TEN)]
        expected = [
            ({"starts_from": NINE}, [nine.id, half_past.id, ten.id]),
            ({"starts_from": NINE + SECOND}, [half_past.id, ten.id]),
            ({"starts_before": TEN}, [nine.id, half_past.id]),
            ({"starts_before": TEN + SECOND}, [nine.id, half_past.id, ten.id]),
            ({"starts_from": HALF_PAST_NINE, "starts_before": TEN}, [half_past.id]),
            ({"starts_from": TEN, "starts_before": NINE}, []),
        ]

        listed = [(query, await found(self.service, **query)) for query, _ in expected]

        assert listed == expected
