"""Tests of what intake does about telephone calls, and when the data of a patient is erased."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import Event, EventBus
from your_service.modules.intake.models import IntakeChannel, IntakeSession, IntakeState
from your_service.modules.intake.schemas import IntakeOpen
from your_service.modules.intake.service import IntakeSessionService
from your_service.modules.patients.models import Patient
from your_service.modules.patients.service import PatientService

from tests.support.checks import find_texts
from tests.support.factories import Factory

CALLER = "+1 202 555 0142"
ADA = {"given_name": "Ada", "family_name": "Lovelace", "birth_date": "1990-05-17"}


@pytest.fixture
def calls(event_bus: EventBus, intake_session_service: IntakeSessionService) -> "Calls":
    """The events of a voice agent."""
    return Calls(event_bus)


class Calls:
    """Publishes the events of a voice agent."""

    def __init__(self, events: EventBus) -> None:
        self.events = events
        self.call_id = f"call-{uuid4()}"

    async def start(self, **data: Any) -> None:
        await self._publish("voice_call.started", data)

    async def end(self, collected: dict[str, Any], **data: Any) -> None:
        await self._publish("voice_call.ended", {"collected": collected, **data})

    async def find(self) -> IntakeSession:
        """Return the only session."""
        found = await self.events.session.scalars(select(IntakeSession))
        return found.one()

    async def _publish(self, name: str, data: dict[str, Any]) -> None:
        await self.events.publish(name, uuid4(), **{"call_id": self.call_id, "caller": CALLER, **data})
        await self.events.session.flush()


async def test_a_call_opens_a_session(calls: Calls) -> None:
    await calls.start()

    intake = await calls.find()
    assert (intake.key, intake.channel, intake.state) == (calls.call_id, IntakeChannel.VOICE, IntakeState.OPEN)
    assert (intake.person, intake.answers) == ({"phone": CALLER}, [])


@pytest.mark.parametrize(
    ("channel", "is_same"),
    [(IntakeChannel.FORM, False), (IntakeChannel.VOICE, True)],
)
async def test_a_call_may_have_the_key_of_another_session(
    calls: Calls,
    intake_session_service: IntakeSessionService,
    channel: IntakeChannel,
    is_same: bool,
) -> None:
    url = "https://example.com/questionnaire"
    known, _ = await intake_session_service.open(IntakeOpen(key=calls.call_id, channel=channel, questionnaire=url))

    await calls.end(ADA)

    found = await calls.events.session.scalars(select(IntakeSession).order_by(IntakeSession.created_at))
    sessions = found.all()
    assert (sessions[-1].id == known.id, sessions[-1].person) == (is_same, {**ADA, "phone": CALLER})
    assert [each.questionnaire for each in sessions] == ([url] if is_same else [url, None])


async def test_a_call_of_a_new_person_registers_a_patient(calls: Calls, db_session: AsyncSession) -> None:
    await calls.start()
    await calls.end({**ADA, "reason": "Headache"})

    intake = await calls.find()
    patient = await db_session.get_one(Patient, intake.patient_id)
    assert (intake.state, patient.family_name, patient.phone) == (IntakeState.COMPLETED, "Lovelace", CALLER)
    assert intake.answers == [{"link_id": "reason", "text": None, "type": "text", "value": "Headache"}]


async def test_a_call_of_a_patient_is_linked(calls: Calls, make_patient: Factory[Patient]) -> None:
    ada = await make_patient(**ADA, phone=CALLER)

    await calls.end(ADA)

    intake = await calls.find()
    assert (intake.state, intake.patient_id) == (IntakeState.COMPLETED, ada.id)


async def test_an_unknown_number_waits_for_a_decision(calls: Calls, make_patient: Factory[Patient]) -> None:
    await make_patient(**ADA, phone="+49 30 123456")

    await calls.end(ADA, caller=None)

    intake = await calls.find()
    assert (intake.state, intake.patient_id) == (IntakeState.SUBMITTED, None)
    assert intake.person == ADA


async def test_an_incomplete_call_leaves_the_session_open(calls: Calls) -> None:
    await calls.start()
    await calls.end({"given_name": "Ada"})

    intake = await calls.find()
    assert (intake.state, intake.missing) == (IntakeState.OPEN, ["family_name", "birth_date"])


async def test_what_is_no_valid_detail_is_kept_as_an_answer(calls: Calls) -> None:
    unclear = {"birth_date": "17 May", "email": "ada at example", "smoker": False, "pain": ["head"], "notes": ""}

    await calls.end({**ADA, **unclear}, caller="anonymous")

    intake = await calls.find()
    assert intake.state is IntakeState.OPEN
    assert intake.person == {"given_name": "Ada", "family_name": "Lovelace"}
    assert {answer["link_id"]: answer["value"] for answer in intake.answers} == {
        "phone": "anonymous",
        "birth_date": "17 May",
        "email": "ada at example",
        "smoker": "false",
        "pain": '["head"]',
    }


async def test_no_text_of_a_caller_is_refused(calls: Calls) -> None:
    await calls.end({"\x00": "\x00\ud800", "long" * 100: "x" * 20_001, **{f"q{number}": "a" for number in range(600)}})

    intake = await calls.find()
    assert (intake.answers[0]["link_id"], intake.answers[0]["value"]) == ("?", "?")
    assert (len(intake.answers[1]["link_id"]), len(intake.answers[1]["value"])) == (200, 20_000)
    assert len(intake.answers) == 500


async def test_a_call_is_not_submitted_before_its_end(calls: Calls) -> None:
    await calls.start(collected=ADA)

    intake = await calls.find()
    assert (intake.state, intake.missing) == (IntakeState.OPEN, [])


async def test_repeated_events_change_nothing(calls: Calls, published_events: list[Event]) -> None:
    await calls.start()
    await calls.end(ADA)
    before = await calls.find()
    stored = (before.state, before.patient_id, before.person, before.updated_at)
    published_events.clear()

    await calls.start()
    await calls.end({**ADA, "given_name": "Grace"})

    intake = await calls.find()
    assert (intake.state, intake.patient_id, intake.person, intake.updated_at) == stored
    assert [event.name for event in published_events] == ["voice_call.started", "voice_call.ended"]


async def test_a_start_does_not_replace_what_somebody_has_stored(calls: Calls, db_session: AsyncSession) -> None:
    await calls.end({"given_name": "Ada", "phone": "112"})

    await calls.start()

    intake = await calls.find()
    assert intake.person == {"given_name": "Ada", "phone": "112"}


async def test_erasure_leaves_nothing_that_a_patient_said(
    calls: Calls,
    db_session: AsyncSession,
    patient_service: PatientService,
) -> None:
    calls.call_id = "planted-call"
    await calls.start()
    await calls.end({**ADA, "family_name": "Planted", "reason": "Planted reason"})
    intake = await calls.find()
    assert await find_texts(db_session, "planted", "555 0142") >= {
        "core_events.data",
        "intake_sessions.answers",
        "intake_sessions.key",
        "intake_sessions.person",
    }

    await patient_service.erase(intake.patient_id or uuid4())

    assert await find_texts(db_session, "planted", "555 0142") == set()
    assert intake.state is IntakeState.COMPLETED


async def test_erasure_leaves_other_sessions_alone(
    calls: Calls,
    patient_service: PatientService,
    test_patient: Patient,
    event_bus: EventBus,
) -> None:
    await calls.end(ADA)

    await patient_service.erase(test_patient.id)

    intake = await calls.find()
    assert (intake.key, intake.person) == (calls.call_id, {**ADA, "phone": CALLER})
    ended = await event_bus.session.scalars(select(Event).where(Event.name == "voice_call.ended"))
    assert ended.one().data["collected"] == ADA


async def test_erasure_finds_sessions_without_a_patient_by_number_and_address(
    calls: Calls,
    make_intake_session: Factory[IntakeSession],
    make_patient: Factory[Patient],
    patient_service: PatientService,
) -> None:
    ada = await make_patient(phone="+1 202 555 0142", email="ada@example.com")
    await calls.start(caller="+12025550142")
    by_number = await calls.find()
    by_address = await make_intake_session(person={"phone": None, "email": "ada@example.com"})
    linked = await make_intake_session(person={"email": "ada@example.com"})
    other = await make_patient()
    await calls.events.session.flush()
    await IntakeSessionService(calls.events.session, calls.events).link(linked.id, other.id)
    stays = await make_intake_session()

    await patient_service.erase(ada.id)

    assert [(each.state, each.person, each.answers) for each in (by_number, by_address)] == [("abandoned", {}, [])] * 2
    assert (by_number.key, by_address.key) == (f"erased {by_number.id}", f"erased {by_address.id}")
    assert [(each.state, each.person == {}) for each in (linked, stays)] == [("completed", False), ("open", False)]
    events = await calls.events.session.scalars(select(Event.data).where(Event.name == "voice_call.started"))
    assert events.all() == [{}]
