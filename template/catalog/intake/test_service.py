"""Tests of the service for intake sessions."""

import json
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from your_service.core.errors import Conflict, InvalidTransition, NotFound, Unprocessable
from your_service.core.tenancy import Organisation
from your_service.modules.intake.models import IntakeChannel, IntakeSession, IntakeState
from your_service.modules.intake.schemas import IntakeOpen, IntakeQuery, IntakeUpdate
from your_service.modules.intake.service import IntakeSessionService
from your_service.modules.patients.models import Patient
from your_service.modules.patients.schemas import PatientUpdate
from your_service.modules.patients.service import PatientService

from tests.support.factories import Factory
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase, TenantContext

PERSON = {
    "given_name": "Ada",
    "family_name": "Lovelace",
    "birth_date": "1990-05-17",
    "phone": "+49 30 123456",
    "email": "ada@example.com",
}
HEADACHE = {"link_id": "reason", "text": None, "type": "text", "value": "Headache"}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"person": {"birth_date": "17 May 1990"}}, ("person", "birth_date")),
        ({"person": {"birth_date": "2999-01-01"}}, ("person", "birth_date")),
        ({"person": {"sex": "Female"}}, ("person", "sex")),
        ({"person": {"phone": "call me"}}, ("person", "phone")),
        ({"person": {"given_name": None}}, ("person", "given_name")),
        ({"person": {"shoe_size": 38}}, ("person", "shoe_size")),
        ({"answers": [{**HEADACHE, "type": "integer"}]}, ("answers", 0, "integer", "value")),
        ({"answers": [{**HEADACHE, "type": "integer", "value": 2**31}]}, ("answers", 0, "integer", "value")),
        ({"answers": [{**HEADACHE, "type": "boolean", "value": 1}]}, ("answers", 0, "boolean", "value")),
        ({"answers": [{**HEADACHE, "type": "decimal", "value": "1.005"}]}, ("answers", 0, "decimal", "value")),
        ({"answers": [HEADACHE, {**HEADACHE, "type": "date"}]}, ("answers", 1, "date", "value")),
        ({"answers": [{**HEADACHE, "type": "date", "value": "2019-02-29"}]}, ("answers", 0, "date", "value")),
        ({"answers": [{**HEADACHE, "type": "date", "value": "2019-13"}]}, ("answers", 0, "date", "value")),
        ({"answers": [{**HEADACHE, "type": "date", "value": "0000"}]}, ("answers", 0, "date", "value")),
        ({"answers": [{**HEADACHE, "type": "choice"}]}, ("answers", 0)),
        ({"answers": [{**HEADACHE, "link_id": ""}]}, ("answers", 0, "text", "link_id")),
    ],
)
def test_an_invalid_intake_names_the_field(changes: dict[str, Any], place: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as error:
        IntakeUpdate.model_validate(changes)

    assert [problem["loc"] for problem in error.value.errors()] == [place]


@pytest.mark.parametrize("value", ["2019", "2020-02", "2020-02-29"])
def test_a_date_may_lack_its_day_and_month(value: str) -> None:
    changes = IntakeUpdate.model_validate({"answers": [{**HEADACHE, "type": "date", "value": value}]})

    assert changes.answers[0].value == value


class TestIntakeSessionService(ServiceTestCase[IntakeSessionService]):
    service_class = IntakeSessionService

    async def _find_patients(self) -> list[Patient]:
        listing = await PatientService(self.session, self.events).list()
        return list(listing.items)

    async def _take(self, step: str, intake_id: UUID) -> None:
        steps: dict[str, Any] = {
            "update": partial(self.service.update, changes=IntakeUpdate()),
            "submit": self.service.submit,
            "link": partial(self.service.link, patient_id=None),
            "abandon": self.service.abandon,
        }
        await steps[step](intake_id)

    def _last_event(self, name: str) -> dict[str, Any]:
        return [event.data for event in self.published_events if event.name == f"intake_session.{name}"][-1]

    async def test_open_stores_the_session(self) -> None:
        data = IntakeOpen(key="call-1", channel=IntakeChannel.VOICE, questionnaire="https://example.com/q|1")

        intake, is_new = await self.service.open(data)

        stored = await self.service.get(intake.id)
        assert {field: getattr(stored, field) for field in data.model_dump()} == data.model_dump()
        assert (stored.state, stored.person, stored.answers, stored.patient_id) == (IntakeState.OPEN, {}, [], None)
        assert is_new
        assert self._last_event("opened") == {"channel": "voice"}

    async def test_opening_again_returns_the_same_session(self, test_intake_session: IntakeSession) -> None:
        await self.service.submit(test_intake_session.id)
        before = len(self.published_events)

        again, is_new = await self.service.open(IntakeOpen(key=test_intake_session.key))

        assert (again.id, is_new) == (test_intake_session.id, False)
        assert (again.state, again.person["given_name"]) == (IntakeState.COMPLETED, "Given 1")
        assert len(self.published_events) == before

    async def test_another_key_opens_another_session(self, test_intake_session: IntakeSession) -> None:
        other, is_new = await self.service.open(IntakeOpen(key=test_intake_session.key + "0"))

        assert other.id != test_intake_session.id
        assert is_new

    @pytest.mark.parametrize("other", ["https://example.com/q", None])
    async def test_a_key_is_refused_for_another_questionnaire(
        self,
        make_intake_session: Factory[IntakeSession],
        other: str | None,
    ) -> None:
        intake = await make_intake_session(questionnaire="https://example.com/questionnaire")

        with pytest.raises(Conflict) as error:
            await self.service.open(IntakeOpen(key=intake.key, questionnaire=other))

        assert error.value.detail == "The session with this key has another questionnaire."
        assert (error.value.fields, error.value.hints["records"]) == (
            ("questionnaire",),
            [{"kind": "intake_session", "id": intake.id}],
        )

    async def test_a_session_is_found_by_its_key_alone(self, make_intake_session: Factory[IntakeSession]) -> None:
        intake = await make_intake_session(questionnaire="https://example.com/questionnaire")

        assert await self.service.open(IntakeOpen(key=intake.key)) == (intake, False)

    async def test_a_key_is_unique_on_its_channel(self, test_intake_session: IntakeSession) -> None:
        key = test_intake_session.key

        call, is_new = await self.service.open(IntakeOpen(key=key, channel=IntakeChannel.VOICE))

        assert (call.id != test_intake_session.id, call.key, is_new) == (True, key, True)

    async def test_a_key_is_unique_only_within_the_organisation(
        self,
        test_intake_session: IntakeSession,
        other_org: Organisation,
    ) -> None:
        with TenantContext(other_org):
            theirs, is_new = await self.service.open(IntakeOpen(key=test_intake_session.key))

        assert theirs.id != test_intake_session.id
        assert is_new

    async def test_details_that_are_left_out_keep_their_value(
        self,
        make_intake_session: Factory[IntakeSession],
    ) -> None:
        intake = await make_intake_session(person=PERSON, answers=[HEADACHE])

        changed = await self.service.update(intake.id, IntakeUpdate(person=PatientUpdate(phone=None, sex="female")))

        assert changed.person == {**PERSON, "phone": None, "sex": "female"}
        assert changed.answers == [HEADACHE]
        assert self._last_event("updated") == {"fields": ["person"]}

    async def test_answers_replace_all_answers(self, make_intake_session: Factory[IntakeSession]) -> None:
        intake = await make_intake_session(person=PERSON, answers=[HEADACHE])
        answer = {"link_id": "weight", "type": "decimal", "value": "72.50"}

        changed = await self.service.update(intake.id, IntakeUpdate.model_validate({"answers": [answer]}))

        assert (changed.answers, changed.person) == ([{**answer, "text": None}], PERSON)

    async def test_a_submitted_session_cannot_be_changed(self, test_intake_session_id: UUID) -> None:
        await self.service.submit(test_intake_session_id)

        with pytest.raises(InvalidTransition, match="is completed and cannot be changed"):
            await self.service.update(test_intake_session_id, IntakeUpdate(person=PatientUpdate(phone=None)))

    @pytest.mark.usefixtures("frozen_time")
    async def test_submit_registers_a_new_patient(self, make_intake_session: Factory[IntakeSession]) -> None:
        intake = await make_intake_session(person=PERSON)

        submitted = await self.service.submit(intake.id)

        [patient] = await self._find_patients()
        assert {name: str(getattr(patient, name)) for name in PERSON} == PERSON
        assert (submitted.state, submitted.patient_id, submitted.submitted_at) == (
            IntakeState.COMPLETED,
            patient.id,
            FROZEN_NOW,
        )
        assert self._last_event("completed") == {"channel": "form", "registered": True}
        assert self.published_events[-1].about == patient.id

    @pytest.mark.parametrize("address", [{"email": None}, {"phone": None}, {}])
    async def test_submit_finds_the_patient(
        self,
        make_intake_session: Factory[IntakeSession],
        make_patient: Factory[Patient],
        address: dict[str, None],
    ) -> None:
        ada = await make_patient(**PERSON)
        await make_patient()
        # Another member of the family has the same telephone.
        await make_patient(phone=PERSON["phone"])
        intake = await make_intake_session(person={**PERSON, "given_name": "ADA", **address})

        submitted = await self.service.submit(intake.id)

        assert (submitted.state, submitted.patient_id) == (IntakeState.COMPLETED, ada.id)
        assert self._last_event("completed") == {"channel": "form", "registered": False}
        assert len(await self._find_patients()) == 3

    @pytest.mark.parametrize(
        "difference",
        [
            {"phone": None, "email": None},
            {"phone": "+49 30 999", "email": "other@example.com"},
            {"birth_date": "1990-05-18"},
        ],
    )
    async def test_a_person_who_may_be_somebody_else_is_not_linked(
        self,
        make_intake_session: Factory[IntakeSession],
        make_patient: Factory[Patient],
        difference: dict[str, Any],
    ) -> None:
        ada = await make_patient(**PERSON)
        intake = await make_intake_session(person={**PERSON, **difference})

        submitted = await self.service.submit(intake.id)

        assert (submitted.state, submitted.patient_id) == (IntakeState.SUBMITTED, None)
        assert self._last_event("submitted") == {"likely_patients": 1}
        candidates = await self.service.candidates(intake.id)
        assert [candidate.id for candidate in candidates.items] == [ada.id]
        assert len(await self._find_patients()) == 1

    async def test_two_patients_who_may_be_the_person_are_not_linked(
        self,
        make_intake_session: Factory[IntakeSession],
        make_patient: Factory[Patient],
    ) -> None:
        twice = [await make_patient(**PERSON) for _ in range(2)]
        intake = await make_intake_session(person=PERSON)

        submitted = await self.service.submit(intake.id)

        assert (submitted.state, submitted.patient_id) == (IntakeState.SUBMITTED, None)
        candidates = await self.service.candidates(intake.id)
        assert [candidate.id for candidate in candidates.items] == [patient.id for patient in twice]

    async def test_a_patient_of_another_organisation_is_not_found(
        self,
        make_intake_session: Factory[IntakeSession],
        make_patient: Factory[Patient],
        other_org: Organisation,
    ) -> None:
        with TenantContext(other_org):
            theirs = await make_patient(**PERSON)
        intake = await make_intake_session(person=PERSON)

        submitted = await self.service.submit(intake.id)

        assert submitted.patient_id not in (None, theirs.id)

    @pytest.mark.parametrize("step", ["submit", "link"])
    async def test_missing_details_are_named(self, step: str) -> None:
        intake, _ = await self.service.open(IntakeOpen(key="call-1"))
        await self.service.update(intake.id, IntakeUpdate(person=PatientUpdate(given_name="Ada")))

        with pytest.raises(Unprocessable) as error:
            await self._take(step, intake.id)

        assert error.value.fields == ("family_name", "birth_date")
        assert error.value.detail == "The person's family_name and birth_date is missing."
        assert await self._find_patients() == []

    async def test_link_decides_about_a_submitted_session(
        self,
        make_intake_session: Factory[IntakeSession],
        make_patient: Factory[Patient],
    ) -> None:
        _, ada = [await make_patient(**PERSON) for _ in range(2)]
        intake = await make_intake_session(person=PERSON)
        submitted = await self.service.submit(intake.id)
        submitted_at = submitted.submitted_at

        linked = await self.service.link(intake.id, ada.id)

        assert (linked.state, linked.patient_id) == (IntakeState.COMPLETED, ada.id)
        assert linked.submitted_at == submitted_at

    @pytest.mark.usefixtures("frozen_time")
    async def test_link_needs_no_details_for_an_existing_patient(self, test_patient: Patient) -> None:
        intake, _ = await self.service.open(IntakeOpen(key="call-1"))

        linked = await self.service.link(intake.id, test_patient.id)

        assert (linked.state, linked.patient_id, linked.submitted_at) == (
            IntakeState.COMPLETED,
            test_patient.id,
            FROZEN_NOW,
        )

    async def test_link_to_no_patient_registers_a_namesake(
        self,
        make_intake_session: Factory[IntakeSession],
        make_patient: Factory[Patient],
    ) -> None:
        ada = await make_patient(**PERSON)
        intake = await make_intake_session(person=PERSON)

        linked = await self.service.link(intake.id, None)

        assert [patient.id for patient in await self._find_patients()] == [ada.id, linked.patient_id]
        assert self._last_event("completed")["registered"] is True

    async def test_link_refuses_an_unknown_patient(self, test_intake_session_id: UUID) -> None:
        patient_id = uuid4()

        with pytest.raises(Unprocessable, match=f"patient_id {patient_id} does not exist"):
            await self.service.link(test_intake_session_id, patient_id)

    async def test_link_refuses_a_merged_patient(
        self,
        test_intake_session_id: UUID,
        patient_service: PatientService,
        make_patient: Factory[Patient],
    ) -> None:
        survivor, duplicate = await make_patient(), await make_patient()
        await patient_service.merge(survivor.id, duplicate.id)

        with pytest.raises(Unprocessable, match="does not exist"):
            await self.service.link(test_intake_session_id, duplicate.id)

    async def test_a_session_follows_its_patient_in_a_merge(
        self,
        test_intake_session: IntakeSession,
        test_patient: Patient,
        patient_service: PatientService,
    ) -> None:
        await self.service.submit(test_intake_session.id)

        await patient_service.merge(test_patient.id, test_intake_session.patient_id or uuid4())

        await self.session.refresh(test_intake_session)
        assert test_intake_session.patient_id == test_patient.id

    async def test_abandon_ends_a_session(self, test_intake_session_id: UUID) -> None:
        abandoned = await self.service.abandon(test_intake_session_id)

        assert (abandoned.state, abandoned.patient_id) == (IntakeState.ABANDONED, None)
        assert self.published_events[-1].name == "intake_session.abandoned"

    @pytest.mark.parametrize("end", ["submit", "abandon"])
    @pytest.mark.parametrize("step", ["submit", "link", "abandon"])
    async def test_a_session_that_has_ended_stays_so(self, test_intake_session_id: UUID, end: str, step: str) -> None:
        await self._take(end, test_intake_session_id)

        with pytest.raises(InvalidTransition):
            await self._take(step, test_intake_session_id)

    @pytest.mark.parametrize("step", ["update", "submit", "link", "abandon"])
    async def test_a_session_is_locked_before_it_changes(
        self,
        test_intake_session_id: UUID,
        locked_tables: list[str],
        step: str,
    ) -> None:
        await self._take(step, test_intake_session_id)

        assert locked_tables == ["intake_sessions"]

    async def test_a_submitted_session_is_not_submitted_again(
        self,
        make_intake_session: Factory[IntakeSession],
        make_patient: Factory[Patient],
    ) -> None:
        await make_patient(**PERSON)
        intake = await make_intake_session(person={**PERSON, "phone": None, "email": None})
        await self.service.submit(intake.id)

        with pytest.raises(InvalidTransition):
            await self.service.submit(intake.id)

        abandoned = await self.service.abandon(intake.id)
        assert abandoned.state is IntakeState.ABANDONED

    async def test_list_filters(self, make_intake_session: Factory[IntakeSession], test_patient: Patient) -> None:
        form = await make_intake_session()
        call = await make_intake_session(channel="voice")
        linked = await make_intake_session()
        await self.service.link(linked.id, test_patient.id)
        expected: list[tuple[IntakeQuery, list[IntakeSession]]] = [
            (IntakeQuery(), [form, call, linked]),
            (IntakeQuery(channel=IntakeChannel.VOICE), [call]),
            (IntakeQuery(state=IntakeState.OPEN), [form, call]),
            (IntakeQuery(patient_id=test_patient.id), [linked]),
        ]

        listings = [await self.service.list(query) for query, _ in expected]

        assert [listing.items for listing in listings] == [sessions for _, sessions in expected]

    async def test_export_has_the_patient_as_stored(
        self,
        make_intake_session: Factory[IntakeSession],
        make_patient: Factory[Patient],
    ) -> None:
        ada = await make_patient(**PERSON)
        intake = await make_intake_session(person={**PERSON, "email": "new@example.com"}, answers=[HEADACHE])
        await self.service.submit(intake.id)

        patient_id, bundle = await self.service.export(intake.id)

        patient, response = [entry["resource"] for entry in json.loads(bundle)["entry"]]
        assert (patient_id, patient["id"], patient["telecom"][1]["value"]) == (ada.id, str(ada.id), ada.email)
        assert response["subject"] == {"reference": f"urn:uuid:{ada.id}"}
        assert response["item"] == [{"linkId": "reason", "answer": [{"valueString": "Headache"}]}]

    async def test_a_session_without_a_patient_is_not_exported(self, test_intake_session_id: UUID) -> None:
        with pytest.raises(Conflict, match="is not linked to a patient yet"):
            await self.service.export(test_intake_session_id)

    async def test_delete_leaves_the_patient(self, test_intake_session_id: UUID) -> None:
        await self.service.submit(test_intake_session_id)

        await self.service.delete(test_intake_session_id)

        with pytest.raises(NotFound):
            await self.service.get(test_intake_session_id)
        assert len(await self._find_patients()) == 1
