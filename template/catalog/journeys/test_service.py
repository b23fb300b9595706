"""Tests of the services for journeys and their definitions."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel, ValidationError
from time_machine import Traveller

from your_service.core.database import SessionFactory
from your_service.core.errors import Conflict, InvalidTransition, NotFound, Unprocessable
from your_service.core.events import Event, EventBus, handles
from your_service.core.schemas import ListQuery, SearchQuery
from your_service.core.tenancy import Organisation
from your_service.modules.journeys.models import Journey, JourneyDefinition, JourneyState
from your_service.modules.journeys.schemas import (
    JourneyAdvance,
    JourneyCancel,
    JourneyDefinitionCreate,
    JourneyDefinitionUpdate,
    JourneyQuery,
    JourneyStart,
)
from your_service.modules.journeys.service import JourneyDefinitionService, JourneyService
from your_service.modules.patients.models import Patient

from tests.support.factories import Factory, Payload
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase, TenantContext

PRACTITIONER = "00000000-0000-4000-8000-000000000001"
SEND = {"action": "send_communication", "channel": "email", "subject": "Your surgery", "text": "Please do not eat."}
OFFER = {"action": "offer_appointment", "practitioner_id": PRACTITIONER, "after_days": 14}


def with_actions(name: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "actions": [*actions]}


@pytest.fixture
def handled(no_handlers: None) -> None:
    """Both actions have a handler, and no module carries them out."""

    @handles("journey.send_communication", "journey.offer_appointment")
    async def ignore(events: EventBus, event: Event) -> None:
        """Do nothing."""


@pytest.mark.parametrize("field", ["name", "stages"])
def test_define_requires(journey_definition_payload: Payload, field: str) -> None:
    payload = journey_definition_payload()
    del payload[field]

    with pytest.raises(ValidationError) as error:
        JourneyDefinitionCreate(**payload)

    assert error.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize("schema", [JourneyDefinitionCreate, JourneyDefinitionUpdate])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 201),
        ("name", None),
        ("stages", []),
        ("stages", [f"Stage {number}" for number in range(51)]),
        ("stages", ["Intake", "Intake"]),
        ("stages", ["Intake", "Surgery", " INTAKE "]),
        ("stages", ["Surgery", with_actions("surgery", SEND)]),
        ("stages", None),
    ],
)
def test_a_definition_refuses_a_bad_value(
    journey_definition_payload: Payload,
    schema: type[BaseModel],
    field: str,
    value: Any,
) -> None:
    with pytest.raises(ValidationError) as error:
        schema.model_validate(journey_definition_payload(**{field: value}))

    assert [problem["loc"] for problem in error.value.errors()] == [(field,)]


@pytest.mark.parametrize("stage", ["", " ", "x" * 201, None])
def test_a_definition_refuses_a_bad_stage_name(journey_definition_payload: Payload, stage: str | None) -> None:
    with pytest.raises(ValidationError) as error:
        JourneyDefinitionCreate(**journey_definition_payload(stages=["Intake", stage]))

    assert error.value.errors()[0]["loc"][:2] == ("stages", 1)


@pytest.mark.parametrize(
    "stage",
    [
        {"name": "Surgery"},
        {"name": " ", "actions": []},
        {"actions": [SEND]},
        with_actions("Surgery", *[SEND] * 11),
        with_actions("Surgery", {"action": "operate"}),
        with_actions("Surgery", SEND | {"channel": "fax"}),
        with_actions("Surgery", SEND | {"text": " "}),
        with_actions("Surgery", SEND | {"practitioner_id": PRACTITIONER}),
        with_actions("Surgery", OFFER | {"practitioner_id": "Dr Snow"}),
        with_actions("Surgery", OFFER | {"after_days": -1}),
        with_actions("Surgery", OFFER | {"after_days": 366}),
        with_actions("Surgery", OFFER) | {"room": 1},
    ],
)
def test_a_definition_refuses_a_bad_stage(journey_definition_payload: Payload, stage: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        JourneyDefinitionCreate(**journey_definition_payload(stages=["Intake", stage]))

    assert {problem["loc"][:2] for problem in error.value.errors()} == {("stages", 1)}


def test_a_stage_without_actions_is_a_name(journey_definition_payload: Payload) -> None:
    stages = ["Intake", with_actions(" Surgery ")]

    assert JourneyDefinitionCreate(**journey_definition_payload(stages=stages)).stages == ["Intake", "Surgery"]


def test_a_stage_has_up_to_ten_actions_with_defaults(journey_definition_payload: Payload) -> None:
    send: dict[str, Any] = {"action": "send_communication", "channel": "sms", "text": "Please come."}
    offer: dict[str, Any] = {"action": "offer_appointment", "practitioner_id": PRACTITIONER}

    data = JourneyDefinitionCreate(**journey_definition_payload(stages=[with_actions("Intake", *[send, offer] * 5)]))

    expected = [send | {"subject": None}, offer | {"after_days": 1}]
    assert data.model_dump()["stages"] == [with_actions("Intake", *expected * 5)]


@pytest.mark.parametrize("count", [1, 50])
def test_a_definition_has_one_to_fifty_stages(journey_definition_payload: Payload, count: int) -> None:
    stages = [f"Stage {number}" for number in range(count)]

    assert JourneyDefinitionCreate(**journey_definition_payload(stages=stages)).stages == stages


def test_a_step_strips_whitespace() -> None:
    assert JourneyAdvance(stage=" Surgery ").stage == "Surgery"
    assert JourneyCancel(reason=" A duplicate. ").reason == "A duplicate."


@pytest.mark.parametrize("reason", ["", " ", "x" * 201, None])
def test_cancel_requires_a_reason(reason: str | None) -> None:
    with pytest.raises(ValidationError) as error:
        JourneyCancel.model_validate({"reason": reason})

    assert error.value.errors()[0]["loc"] == ("reason",)


@pytest.mark.parametrize("stage", ["", " ", "x" * 201, None])
def test_advance_requires_a_stage_name(stage: str | None) -> None:
    with pytest.raises(ValidationError) as error:
        JourneyAdvance.model_validate({"stage": stage})

    assert error.value.errors()[0]["loc"] == ("stage",)


class TestJourneyDefinitionService(ServiceTestCase[JourneyDefinitionService]):
    service_class = JourneyDefinitionService

    async def test_define_stores_name_and_stages_in_order(
        self,
        make_journey_definition: Factory[JourneyDefinition],
    ) -> None:
        created = await make_journey_definition(name="Diabetes care", stages=["Triage", "Intake", "Follow-up"])

        stored = await self.service.get(created.id)
        assert (stored.name, stored.stages) == ("Diabetes care", ["Triage", "Intake", "Follow-up"])

    @pytest.mark.usefixtures("handled")
    async def test_define_stores_the_actions_of_stages(
        self,
        make_journey_definition: Factory[JourneyDefinition],
    ) -> None:
        stages = ["Referral", with_actions("Surgery", SEND, OFFER)]

        created = await make_journey_definition(stages=stages)

        await self.session.refresh(created)
        assert created.stages == stages

    @pytest.mark.parametrize(
        ("handled_action", "wanted", "missing"),
        [
            (None, [SEND], "send_communication"),
            ("send_communication", [SEND, OFFER], "offer_appointment"),
            ("offer_appointment", [OFFER, SEND], "send_communication"),
            (None, [SEND, OFFER], "offer_appointment and send_communication"),
        ],
    )
    @pytest.mark.usefixtures("no_handlers")
    async def test_an_action_that_no_module_carries_out_is_refused(
        self,
        make_journey_definition: Factory[JourneyDefinition],
        handled_action: str | None,
        wanted: list[dict[str, Any]],
        missing: str,
    ) -> None:
        @handles(f"journey.{handled_action}")
        async def ignore(events: EventBus, event: Event) -> None:
            """Do nothing."""

        with pytest.raises(Unprocessable) as error:
            await make_journey_definition(stages=["Referral", with_actions("Surgery", *wanted)])

        assert error.value.detail == f"No module of this service carries out {missing}."
        assert (error.value.fields, error.value.hints) == (
            ("stages",),
            {"allowed": [handled_action] if handled_action else []},
        )

    @pytest.mark.usefixtures("no_handlers")
    async def test_an_update_refuses_an_action_that_no_module_carries_out(
        self,
        test_journey_definition: JourneyDefinition,
    ) -> None:
        changes = JourneyDefinitionUpdate.model_validate({"stages": [with_actions("Surgery", OFFER)]})

        with pytest.raises(Unprocessable):
            await self.service.update(test_journey_definition.id, changes)

        await self.session.refresh(test_journey_definition)
        assert test_journey_definition.stages == ["Referral", "Surgery", "Rehabilitation"]

    async def test_define_publishes_an_event(self, make_journey_definition: Factory[JourneyDefinition]) -> None:
        created = await make_journey_definition()

        assert [(event.name, event.record_id, event.about) for event in self.published_events] == [
            ("journey_definition.created", created.id, None)
        ]

    async def test_the_name_of_a_definition_is_unique(
        self,
        make_journey_definition: Factory[JourneyDefinition],
    ) -> None:
        await make_journey_definition(name="Diabetes care")

        with pytest.raises(Conflict) as error:
            await make_journey_definition(name="Diabetes care")

        assert error.value.fields == ("name",)

    async def test_another_organisation_may_use_the_same_name(
        self,
        make_journey_definition: Factory[JourneyDefinition],
        other_org: Organisation,
    ) -> None:
        first = await make_journey_definition(name="Diabetes care")

        with TenantContext(other_org):
            second = await make_journey_definition(name="Diabetes care")

        assert second.name == first.name
        assert second.organisation_id == other_org.id != first.organisation_id

    async def test_search_finds_definitions_by_name(self, make_journey_definition: Factory[JourneyDefinition]) -> None:
        found = await make_journey_definition(name="Diabetes care")
        await make_journey_definition()

        listing = await self.service.list(SearchQuery(search="dIABETES"))

        assert [definition.id for definition in listing.items] == [found.id]

    async def test_update_of_a_definition_publishes_an_event(self, test_journey_definition: JourneyDefinition) -> None:
        changes = JourneyDefinitionUpdate(name="Hip replacement")

        updated = await self.service.update(test_journey_definition.id, changes)

        assert (updated.name, updated.stages) == ("Hip replacement", ["Referral", "Surgery", "Rehabilitation"])
        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("journey_definition.updated", updated.id)
        assert event.data == {"fields": ["name"]}

    async def test_a_definition_without_journeys_can_be_deleted(
        self,
        test_journey_definition: JourneyDefinition,
    ) -> None:
        await self.service.delete(test_journey_definition.id)

        with pytest.raises(NotFound):
            await self.service.get(test_journey_definition.id)

    async def test_a_definition_with_journeys_cannot_be_deleted(self, test_journey: Journey) -> None:
        with pytest.raises(Conflict) as error:
            await self.service.delete(test_journey.definition_id)

        assert error.value.detail == f"This journey_definition is needed by journey {test_journey.id}."
        kept = await self.service.get(test_journey.definition_id)
        assert kept.stages == ["Referral", "Surgery", "Rehabilitation"]

    async def test_a_journey_that_starts_later_has_the_new_stages(
        self,
        make_journey: Factory[Journey],
        test_journey: Journey,
    ) -> None:
        changes = JourneyDefinitionUpdate(stages=["Consultation", "Physiotherapy"])
        await self.service.update(test_journey.definition_id, changes)

        later = await make_journey()

        assert (later.stages, later.stage) == (["Consultation", "Physiotherapy"], "Consultation")


class TestJourneyService(ServiceTestCase[JourneyService]):
    service_class = JourneyService

    async def test_start_begins_at_the_first_stage(
        self,
        test_patient: Patient,
        test_journey_definition: JourneyDefinition,
    ) -> None:
        data = JourneyStart(patient_id=test_patient.id, definition_id=test_journey_definition.id)

        started = await self.service.start(data)

        stored = await self.service.get(started.id)
        assert (stored.patient_id, stored.definition_id) == (test_patient.id, test_journey_definition.id)
        assert (stored.stage, stored.next_stage) == ("Referral", "Surgery")
        assert (stored.state, stored.ended_at, stored.cancellation_reason) == (JourneyState.ACTIVE, None, None)

    async def test_start_publishes_an_event_about_the_patient(self, make_journey: Factory[Journey]) -> None:
        started = await make_journey()

        (event,) = [event for event in self.published_events if event.record_id == started.id]
        assert (event.name, event.about) == ("journey.started", started.patient_id)
        assert event.data == {"definition_id": str(started.definition_id), "stage": "Referral"}

    @pytest.mark.parametrize("field", ["patient_id", "definition_id"])
    async def test_start_requires_existing_records(self, make_journey: Factory[Journey], field: str) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_journey(**{field: uuid4()})

        assert error.value.fields == (field,)

    async def test_an_active_journey_keeps_its_stages(
        self,
        journey_definition_service: JourneyDefinitionService,
        test_journey: Journey,
    ) -> None:
        changes = JourneyDefinitionUpdate(stages=["Referral", "Physiotherapy"])
        await journey_definition_service.update(test_journey.definition_id, changes)

        advanced = await self.service.advance(test_journey.id, "Surgery")

        assert (advanced.stage, advanced.next_stage) == ("Surgery", "Rehabilitation")

    @pytest.mark.usefixtures("handled")
    async def test_start_publishes_the_actions_of_the_first_stage(
        self,
        make_journey_definition: Factory[JourneyDefinition],
        make_journey: Factory[Journey],
    ) -> None:
        definition = await make_journey_definition(stages=[with_actions("Referral", OFFER), with_actions("Next", SEND)])

        started = await make_journey(definition_id=definition.id)

        first, second = self.published_events[-2:]
        assert (started.stage, started.next_stage, first.name) == ("Referral", "Next", "journey.started")
        assert (second.name, second.record_id, second.about) == (
            "journey.offer_appointment",
            started.id,
            started.patient_id,
        )
        assert second.data == {"stage": "Referral", "practitioner_id": PRACTITIONER, "after_days": 14}

    @pytest.mark.usefixtures("handled")
    @pytest.mark.parametrize(
        ("channel", "recipient"),
        [("email", "ada@example.com"), ("sms", "+1 202 555 0100"), ("whatsapp", "+1 202 555 0100")],
    )
    async def test_advance_publishes_the_actions_of_the_stage_in_order(
        self,
        make_journey_definition: Factory[JourneyDefinition],
        make_journey: Factory[Journey],
        make_patient: Factory[Patient],
        channel: str,
        recipient: str,
    ) -> None:
        patient = await make_patient(email="ada@example.com", phone="+1 202 555 0100")
        surgery = with_actions("Surgery", SEND | {"channel": channel}, OFFER)
        definition = await make_journey_definition(stages=["Referral", surgery, "Rehabilitation"])
        journey = await make_journey(definition_id=definition.id, patient_id=patient.id)
        self.published_events.clear()

        advanced = await self.service.advance(journey.id, "Surgery")

        assert (advanced.stage, advanced.next_stage) == ("Surgery", "Rehabilitation")
        assert [event.name for event in self.published_events] == [
            "journey.advanced",
            "journey.send_communication",
            "journey.offer_appointment",
        ]
        communication = self.published_events[1]
        assert (communication.record_id, communication.about) == (journey.id, patient.id)
        assert communication.data == {
            "stage": "Surgery",
            "channel": channel,
            "recipient": recipient,
            "subject": "Your surgery",
            "text": "Please do not eat.",
        }

    @pytest.mark.usefixtures("handled")
    @pytest.mark.parametrize(("channel", "missing"), [("email", "email"), ("sms", "phone"), ("whatsapp", "phone")])
    async def test_a_patient_without_an_address_is_unreachable(
        self,
        make_journey_definition: Factory[JourneyDefinition],
        make_journey: Factory[Journey],
        make_patient: Factory[Patient],
        channel: str,
        missing: str,
    ) -> None:
        patient = await make_patient(**{"email": "ada@example.com", "phone": "112", missing: None})
        referral = with_actions("Referral", SEND | {"channel": channel})
        definition = await make_journey_definition(stages=[referral])

        journey = await make_journey(definition_id=definition.id, patient_id=patient.id)

        event = self.published_events[-1]
        assert (event.name, event.record_id, event.about) == ("journey.unreachable", journey.id, patient.id)
        assert event.data == {"stage": "Referral", "channel": channel}

    @pytest.mark.usefixtures("handled")
    async def test_leaving_a_stage_does_not_repeat_its_actions(
        self,
        make_journey_definition: Factory[JourneyDefinition],
        make_journey: Factory[Journey],
    ) -> None:
        definition = await make_journey_definition(stages=[with_actions("Referral", OFFER), "Surgery"])
        journey = await make_journey(definition_id=definition.id)
        self.published_events.clear()

        await self.service.advance(journey.id, "Surgery")
        await self.service.complete(journey.id)

        assert [event.name for event in self.published_events] == ["journey.advanced", "journey.completed"]

    async def test_advance_goes_to_the_next_stage(self, test_journey: Journey, frozen_time: Traveller) -> None:
        advanced = await self.service.advance(test_journey.id, "Surgery")

        assert (advanced.stage, advanced.next_stage) == ("Surgery", "Rehabilitation")
        assert (advanced.state, advanced.ended_at) == (JourneyState.ACTIVE, None)
        assert advanced.updated_at == FROZEN_NOW

    async def test_advance_publishes_both_stages(self, test_journey: Journey) -> None:
        await self.service.advance(test_journey.id, "Surgery")

        event = self.published_events[-1]
        assert (event.name, event.record_id, event.about) == (
            "journey.advanced",
            test_journey.id,
            test_journey.patient_id,
        )
        assert event.data == {"before": "Referral", "after": "Surgery"}

    @pytest.mark.parametrize("stage", ["Referral", "Rehabilitation", "surgery", "No such stage"])
    async def test_advance_refuses_any_other_stage(self, test_journey: Journey, stage: str) -> None:
        with pytest.raises(InvalidTransition, match=f"is at Referral and cannot advance to {stage}") as error:
            await self.service.advance(test_journey.id, stage)

        assert error.value.fields == ("stage",)
        assert error.value.hints == {"allowed": ["Surgery"]}
        assert test_journey.stage == "Referral"
        assert self.published_events[-1].name == "journey.started"

    @pytest.mark.parametrize("stage", ["Referral", "Surgery", "Rehabilitation"])
    async def test_no_stage_follows_the_last(self, test_journey: Journey, stage: str) -> None:
        test_journey.stage = "Rehabilitation"

        with pytest.raises(InvalidTransition) as error:
            await self.service.advance(test_journey.id, stage)

        assert error.value.hints == {"allowed": []}
        assert (test_journey.stage, test_journey.next_stage) == ("Rehabilitation", None)

    async def test_concurrent_advances_do_not_skip_a_stage(
        self,
        session_factory: SessionFactory,
        test_journey: Journey,
    ) -> None:
        async with session_factory.begin() as session:
            await JourneyService(session, EventBus(session)).advance(test_journey.id, "Surgery")

        with pytest.raises(InvalidTransition) as error:
            await self.service.advance(test_journey.id, "Surgery")

        assert error.value.hints == {"allowed": ["Rehabilitation"]}
        assert test_journey.stage == "Surgery"

    async def test_complete_ends_a_journey_at_its_last_stage(
        self,
        test_journey: Journey,
        frozen_time: Traveller,
    ) -> None:
        await self.service.advance(test_journey.id, "Surgery")
        await self.service.advance(test_journey.id, "Rehabilitation")

        completed = await self.service.complete(test_journey.id)

        assert (completed.state, completed.stage) == (JourneyState.COMPLETED, "Rehabilitation")
        assert (completed.ended_at, completed.updated_at) == (FROZEN_NOW, FROZEN_NOW)
        assert completed.cancellation_reason is None
        event = self.published_events[-1]
        assert (event.name, event.record_id, event.about) == (
            "journey.completed",
            test_journey.id,
            test_journey.patient_id,
        )
        assert event.data == {"stage": "Rehabilitation"}

    @pytest.mark.parametrize(
        ("stage", "following"),
        [
            ("Referral", "Surgery"),
            ("Surgery", "Rehabilitation"),
        ],
    )
    async def test_complete_refuses_a_journey_with_remaining_stages(
        self,
        test_journey: Journey,
        stage: str,
        following: str,
    ) -> None:
        test_journey.stage = stage

        with pytest.raises(InvalidTransition, match=f"is at {stage} and cannot be completed") as error:
            await self.service.complete(test_journey.id)

        assert error.value.hints == {"allowed": [following]}
        assert (test_journey.state, test_journey.ended_at) == (JourneyState.ACTIVE, None)
        assert self.published_events[-1].name == "journey.started"

    async def test_a_journey_with_one_stage_can_be_completed_immediately(
        self,
        make_journey_definition: Factory[JourneyDefinition],
        make_journey: Factory[Journey],
    ) -> None:
        definition = await make_journey_definition(stages=["Vaccination"])
        journey = await make_journey(definition_id=definition.id)

        completed = await self.service.complete(journey.id)

        assert completed.state is JourneyState.COMPLETED

    @pytest.mark.parametrize("stage", ["Referral", "Surgery", "Rehabilitation"])
    async def test_cancel_ends_a_journey_at_any_stage(
        self,
        test_journey: Journey,
        frozen_time: Traveller,
        stage: str,
    ) -> None:
        test_journey.stage = stage

        cancelled = await self.service.cancel(test_journey.id, "The patient moved away.")

        assert (cancelled.state, cancelled.stage, cancelled.next_stage) == (JourneyState.CANCELLED, stage, None)
        assert (cancelled.ended_at, cancelled.updated_at) == (FROZEN_NOW, FROZEN_NOW)
        assert cancelled.cancellation_reason == "The patient moved away."
        event = self.published_events[-1]
        assert (event.name, event.record_id, event.about) == (
            "journey.cancelled",
            test_journey.id,
            test_journey.patient_id,
        )
        assert event.data == {"stage": stage, "reason": "The patient moved away."}

    @pytest.mark.parametrize("state", [JourneyState.COMPLETED, JourneyState.CANCELLED])
    async def test_an_ended_journey_cannot_change(self, test_journey: Journey, state: JourneyState) -> None:
        test_journey.state = state

        with pytest.raises(InvalidTransition) as of_advance:
            await self.service.advance(test_journey.id, "Surgery")
        test_journey.stage = "Rehabilitation"
        with pytest.raises(InvalidTransition) as of_complete:
            await self.service.complete(test_journey.id)
        with pytest.raises(InvalidTransition, match=f"is {state} and cannot change") as of_cancel:
            await self.service.cancel(test_journey.id, "Too late.")

        assert [error.value.hints for error in (of_advance, of_complete, of_cancel)] == [{}] * 3
        assert (test_journey.state, test_journey.cancellation_reason) == (state, None)
        assert self.published_events[-1].name == "journey.started"

    async def test_list_returns_a_page_and_the_total(self, make_journey: Factory[Journey]) -> None:
        made = [await make_journey() for _ in range(3)]

        page = await self.service.list(ListQuery(limit=2, offset=1, with_total=True))

        assert [journey.id for journey in page.items] == [journey.id for journey in made[1:]]
        assert page.total == 3

    async def test_list_filters_by_patient(
        self,
        make_journey: Factory[Journey],
        make_patient: Factory[Patient],
    ) -> None:
        patient = await make_patient()
        found, _ = await make_journey(patient_id=patient.id), await make_journey()

        listing = await self.service.list(JourneyQuery(patient_id=patient.id))

        assert [journey.id for journey in listing.items] == [found.id]

    async def test_list_filters_by_definition(
        self,
        make_journey: Factory[Journey],
        make_journey_definition: Factory[JourneyDefinition],
    ) -> None:
        definition = await make_journey_definition()
        found, _ = await make_journey(definition_id=definition.id), await make_journey()

        listing = await self.service.list(JourneyQuery(definition_id=definition.id))

        assert [journey.id for journey in listing.items] == [found.id]

    async def test_list_filters_by_state(self, make_journey: Factory[Journey]) -> None:
        found, _ = await make_journey(), await make_journey()
        await self.service.cancel(found.id, "The patient moved away.")

        listing = await self.service.list(JourneyQuery(state=JourneyState.CANCELLED))

        assert [journey.id for journey in listing.items] == [found.id]

    async def test_list_filters_by_stage(self, make_journey: Factory[Journey]) -> None:
        found, _ = await make_journey(), await make_journey()
        await self.service.advance(found.id, "Surgery")

        listing = await self.service.list(JourneyQuery(stage="Surgery"))

        assert [journey.id for journey in listing.items] == [found.id]
