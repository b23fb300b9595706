"""Tests of offers, which wait until the patient accepts them, and of the erasure of a patient's data."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from time_machine import Traveller

from your_service.core.errors import Conflict, InvalidTransition, NotFound
from your_service.core.events import is_handled
from your_service.modules.appointments.models import Appointment, AppointmentState, Practitioner
from your_service.modules.appointments.rules import Weekday, WorkingInterval
from your_service.modules.appointments.schemas import (
    AppointmentQuery,
    AppointmentReschedule,
    ReminderQuery,
    SlotQuery,
)
from your_service.modules.appointments.service import AppointmentService, PractitionerService
from your_service.modules.patients.models import Patient
from your_service.modules.patients.service import PatientService

from tests.support.checks import find_texts
from tests.support.factories import Factory
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase

pytestmark = pytest.mark.usefixtures("frozen_time")

# `frozen_time` is noon of a Tuesday in January; Berlin is one hour ahead of UTC.
NINE = datetime(2030, 1, 16, 8, 0, tzinfo=UTC)
SLOT = timedelta(minutes=30)
DAY = timedelta(days=1)
JOURNEY = UUID(int=1)
ACCEPT_FIRST = r"^This appointment is only offered: accept it first\.$"


class TestOffers(ServiceTestCase[AppointmentService]):
    service_class = AppointmentService

    async def enter_stage(self, about: UUID | None, practitioner_id: UUID, after_days: int = 0) -> None:
        """Publish that a journey entered a stage that offers an appointment."""
        data: dict[str, Any] = {"stage": "Surgery", "practitioner_id": practitioner_id, "after_days": after_days}
        await self.events.publish("journey.offer_appointment", JOURNEY, about=about, **data)

    async def offers(self) -> list[Appointment]:
        listing = await self.service.list(AppointmentQuery(state=AppointmentState.OFFERED))
        return [*listing.items]

    def test_journeys_can_offer_appointments(self) -> None:
        assert is_handled("journey.offer_appointment")

    async def test_the_first_free_slot_is_offered(
        self,
        make_appointment: Factory[Appointment],
        make_patient: Factory[Patient],
        test_practitioner: Practitioner,
        frozen_time: Traveller,
    ) -> None:
        frozen_time.move_to(NINE - SLOT)
        other, patient = await make_patient(), await make_patient()
        await make_appointment(patient_id=other.id, starts_at=NINE)

        await self.enter_stage(patient.id, test_practitioner.id)

        [offer] = await self.offers()
        assert (offer.patient_id, offer.practitioner_id) == (patient.id, test_practitioner.id)
        assert (offer.starts_at, offer.ends_at) == (NINE + SLOT, NINE + 2 * SLOT)
        event = self.published_events[-1]
        assert (event.name, event.record_id, event.about) == ("appointment.offered", offer.id, patient.id)
        assert event.data == {
            "practitioner_id": str(test_practitioner.id),
            "starts_at": "2030-01-16T08:30:00Z",
            "ends_at": "2030-01-16T09:00:00Z",
        }

    @pytest.mark.parametrize(
        ("after_days", "starts_at", "held_until"),
        [
            (0, FROZEN_NOW + SLOT, FROZEN_NOW + SLOT),
            (1, FROZEN_NOW + DAY, FROZEN_NOW + DAY),
            (4, NINE + 5 * DAY, FROZEN_NOW + 3 * DAY),
            (365, FROZEN_NOW + 365 * DAY, FROZEN_NOW + 3 * DAY),
        ],
    )
    async def test_an_offer_is_some_days_away_and_is_held_for_three_days(
        self,
        test_patient: Patient,
        test_practitioner: Practitioner,
        after_days: int,
        starts_at: datetime,
        held_until: datetime,
    ) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, after_days)

        [offer] = await self.offers()
        assert (offer.starts_at, offer.held_until) == (starts_at, held_until)

    async def test_a_time_when_the_patient_is_busy_is_not_offered(
        self,
        make_appointment: Factory[Appointment],
        make_practitioner: Factory[Practitioner],
        test_patient: Patient,
        frozen_time: Traveller,
    ) -> None:
        frozen_time.move_to(NINE - SLOT)
        await make_appointment(starts_at=NINE)
        practitioner = await make_practitioner()

        await self.enter_stage(test_patient.id, practitioner.id)

        [offer] = await self.offers()
        assert offer.starts_at == NINE + SLOT

    @pytest.mark.parametrize(("booked_weeks", "offered"), [(4, [NINE + 28 * DAY]), (5, [])])
    async def test_an_offer_is_at_most_a_month_away(
        self,
        make_appointment: Factory[Appointment],
        make_practitioner: Factory[Practitioner],
        make_patient: Factory[Patient],
        test_patient: Patient,
        booked_weeks: int,
        offered: list[datetime],
    ) -> None:
        hours = (WorkingInterval(weekday=Weekday.WEDNESDAY, starts_at=time(9), ends_at=time(9, 30)),)
        practitioner = await make_practitioner(working_hours=hours)
        other = await make_patient()
        for week in range(booked_weeks):
            wish = {"patient_id": other.id, "practitioner_id": practitioner.id}
            await make_appointment(starts_at=NINE + 7 * week * DAY, **wish)

        await self.enter_stage(test_patient.id, practitioner.id)

        assert [offer.starts_at for offer in await self.offers()] == offered

    @pytest.mark.parametrize("options", [{"active": False}, {"working_hours": ()}], ids=["inactive", "no hours"])
    async def test_without_a_free_slot_nothing_is_offered(
        self,
        make_practitioner: Factory[Practitioner],
        test_patient: Patient,
        options: dict[str, Any],
    ) -> None:
        practitioner = await make_practitioner(**options)

        await self.enter_stage(test_patient.id, practitioner.id)

        assert await self.offers() == []
        event = self.published_events[-1]
        assert (event.name, event.record_id, event.about) == ("appointment.not_offered", JOURNEY, test_patient.id)
        assert event.data == {"stage": "Surgery", "practitioner_id": str(practitioner.id), "after_days": 0}

    async def test_an_unknown_practitioner_offers_nothing(self, test_patient: Patient) -> None:
        await self.enter_stage(test_patient.id, uuid4())

        assert await self.offers() == []
        assert self.published_events[-1].name == "appointment.not_offered"

    async def test_nobody_gets_no_offer(self, test_practitioner: Practitioner) -> None:
        await self.enter_stage(None, test_practitioner.id)

        assert await self.offers() == []

    async def test_an_offered_slot_is_taken_while_it_is_held(
        self,
        test_patient: Patient,
        make_patient: Factory[Patient],
        make_appointment: Factory[Appointment],
        test_practitioner: Practitioner,
        frozen_time: Traveller,
    ) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, 5)
        [offer] = await self.offers()
        other = await make_patient()
        wish = {"patient_id": other.id, "starts_at": offer.starts_at}
        practitioners = PractitionerService(self.session, self.events)
        day = SlotQuery(first=offer.starts_at.date())

        with pytest.raises(Conflict):
            await make_appointment(**wish)
        assert offer.span not in await practitioners.free_slots(test_practitioner.id, day)
        frozen_time.shift(3 * DAY)

        assert offer.span in await practitioners.free_slots(test_practitioner.id, day)
        booked = await make_appointment(**wish)
        assert booked.span == offer.span

    async def test_a_second_offer_is_for_the_next_slot(
        self,
        test_patient: Patient,
        make_patient: Factory[Patient],
        test_practitioner: Practitioner,
    ) -> None:
        other = await make_patient()

        await self.enter_stage(test_patient.id, test_practitioner.id)
        await self.enter_stage(other.id, test_practitioner.id)

        first, second = await self.offers()
        assert (first.patient_id, second.patient_id) == (test_patient.id, other.id)
        assert second.starts_at == first.ends_at

    async def test_accept_books_an_offer(self, test_patient: Patient, test_practitioner: Practitioner) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, 1)
        [offer] = await self.offers()

        accepted = await self.service.accept(offer.id)

        await self.session.refresh(accepted)
        assert (accepted.id, accepted.state) == (offer.id, AppointmentState.BOOKED)
        event = self.published_events[-1]
        assert (event.name, event.record_id, event.about) == ("appointment.booked", offer.id, test_patient.id)
        assert event.data == {
            "practitioner_id": str(test_practitioner.id),
            "starts_at": "2030-01-16T12:00:00Z",
            "ends_at": "2030-01-16T12:30:00Z",
        }

    async def test_a_slot_that_is_confirmed_elsewhere_is_booked(
        self,
        test_patient: Patient,
        test_practitioner: Practitioner,
    ) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, 1)
        [offer] = await self.offers()

        await self.events.publish("slot.confirmed", JOURNEY, appointment_id=offer.id)

        assert offer.state is AppointmentState.BOOKED
        with pytest.raises(InvalidTransition):
            await self.events.publish("slot.confirmed", JOURNEY, appointment_id=offer.id)

    async def test_an_offer_can_be_accepted_later_if_its_slot_is_still_free(
        self,
        test_patient: Patient,
        test_practitioner: Practitioner,
        frozen_time: Traveller,
    ) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, 5)
        [offer] = await self.offers()
        frozen_time.shift(4 * DAY)

        accepted = await self.service.accept(offer.id)

        assert accepted.state is AppointmentState.BOOKED

    async def test_a_slot_that_was_given_to_somebody_else_cannot_be_accepted(
        self,
        test_patient: Patient,
        make_patient: Factory[Patient],
        make_appointment: Factory[Appointment],
        test_practitioner: Practitioner,
        frozen_time: Traveller,
    ) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, 5)
        [offer] = await self.offers()
        frozen_time.shift(3 * DAY)
        other = await make_patient()
        await make_appointment(patient_id=other.id, starts_at=offer.starts_at)

        with pytest.raises(Conflict, match=r"^The practitioner has another appointment at this time\.$"):
            await self.service.accept(offer.id)

        assert offer.state is AppointmentState.OFFERED

    async def test_an_offer_of_a_practitioner_who_is_not_active_any_more_cannot_be_accepted(
        self, test_patient: Patient, test_practitioner: Practitioner
    ) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, 5)
        [offer] = await self.offers()
        test_practitioner.active = False

        with pytest.raises(Conflict, match=r" is not active any more\.$") as error:
            await self.service.accept(offer.id)

        assert (error.value.fields, offer.state) == (("practitioner_id",), AppointmentState.OFFERED)

    async def test_an_offer_cannot_be_accepted_after_its_start(
        self,
        test_patient: Patient,
        test_practitioner: Practitioner,
        frozen_time: Traveller,
    ) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, 1)
        [offer] = await self.offers()
        frozen_time.move_to(offer.starts_at)

        with pytest.raises(Conflict, match=r"^This appointment has already started\.$"):
            await self.service.accept(offer.id)

    async def test_only_an_offer_can_be_accepted(self, test_appointment: Appointment) -> None:
        with pytest.raises(InvalidTransition, match=r"^This appointment is booked and cannot be accepted\.$") as error:
            await self.service.accept(test_appointment.id)

        assert error.value.fields == ("state",)

    async def test_accept_unknown(self) -> None:
        with pytest.raises(NotFound):
            await self.service.accept(uuid4())

    async def test_an_offer_must_be_accepted_before_it_is_moved_or_reminded(
        self,
        test_patient: Patient,
        test_practitioner: Practitioner,
    ) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, 1)
        [offer] = await self.offers()

        with pytest.raises(InvalidTransition, match=ACCEPT_FIRST):
            await self.service.reschedule(offer.id, AppointmentReschedule(starts_at=offer.ends_at))
        with pytest.raises(InvalidTransition, match=ACCEPT_FIRST):
            await self.service.mark_reminded(offer.id)
        due = await self.service.list(ReminderQuery(lead_hours=48))

        assert (due.items, offer.reminded_at) == ([], None)

    async def test_a_declined_offer_leaves_its_slot_free(
        self,
        test_patient: Patient,
        test_practitioner: Practitioner,
        make_appointment: Factory[Appointment],
    ) -> None:
        await self.enter_stage(test_patient.id, test_practitioner.id, 1)
        [offer] = await self.offers()

        declined = await self.service.cancel(offer.id, "No time", uuid4())

        assert declined.state is AppointmentState.CANCELLED
        booked = await make_appointment(starts_at=offer.starts_at)
        assert booked.span == offer.span

    async def test_a_booked_appointment_cannot_become_an_offer_again(self, test_appointment: Appointment) -> None:
        with pytest.raises(InvalidTransition):
            await self.service.move_to(test_appointment.id, AppointmentState.OFFERED)


class TestErasure(ServiceTestCase[AppointmentService]):
    service_class = AppointmentService

    async def test_what_has_not_started_is_cancelled_without_a_reason(
        self,
        make_appointment: Factory[Appointment],
        patient_service: PatientService,
        test_patient: Patient,
        frozen_time: Traveller,
    ) -> None:
        started, booked, cancelled = [await make_appointment(starts_at=NINE + day * DAY) for day in range(3)]
        offered = await make_appointment(starts_at=NINE + 5 * DAY)
        offered.state = AppointmentState.OFFERED
        await self.service.cancel(cancelled.id, "Planted reason", uuid4())
        frozen_time.move_to(NINE)
        self.published_events.clear()

        await patient_service.erase(test_patient.id)

        assert await find_texts(self.session, "planted") == set()
        assert [appointment.state for appointment in (started, booked, cancelled, offered)] == [
            AppointmentState.BOOKED,
            AppointmentState.CANCELLED,
            AppointmentState.CANCELLED,
            AppointmentState.CANCELLED,
        ]
        events = {(event.name, event.record_id) for event in self.published_events}
        assert events == {
            ("patient.erased", test_patient.id),
            ("appointment.cancelled", booked.id),
            ("appointment.cancelled", offered.id),
        }

    async def test_appointments_of_other_patients_stay(
        self,
        make_appointment: Factory[Appointment],
        make_patient: Factory[Patient],
        patient_service: PatientService,
        test_patient: Patient,
    ) -> None:
        other = await make_patient()
        booked = await make_appointment(patient_id=other.id)
        cancelled = await make_appointment(patient_id=other.id, starts_at=NINE + DAY)
        await self.service.cancel(cancelled.id, "No time", uuid4())

        await patient_service.erase(test_patient.id)

        assert (booked.state, cancelled.cancellation_reason) == (AppointmentState.BOOKED, "No time")
