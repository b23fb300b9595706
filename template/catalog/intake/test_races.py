"""Tests of concurrent requests for intake sessions, on PostgreSQL."""

from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.intake.models import IntakeSession
from your_service.modules.intake.schemas import IntakeOpen
from your_service.modules.intake.service import IntakeSessionService
from your_service.modules.patients.models import Patient
from your_service.modules.patients.service import PatientService

from tests.support.factories import Factory, Payload
from tests.support.races import Racer, RaceRunner


def submitting(intake: IntakeSession) -> Racer:
    async def submit(session: AsyncSession) -> IntakeSession:
        return await IntakeSessionService(session, EventBus(session)).submit(intake.id)

    return submit


async def test_concurrent_requests_with_one_key_open_one_session(
    race: RaceRunner,
    intake_session_service: IntakeSessionService,
    intake_session_payload: Payload,
) -> None:
    data = IntakeOpen(**intake_session_payload())
    await intake_session_service.session.commit()

    async def open_session(session: AsyncSession) -> tuple[IntakeSession, bool]:
        return await IntakeSessionService(session, EventBus(session)).open(data)

    outcomes = await race(*[open_session] * 5)

    assert len({intake.id for intake, _ in outcomes}) == 1
    assert sorted(is_new for _, is_new in outcomes) == [False] * 4 + [True]


async def test_the_second_request_with_a_key_waits_for_the_first(
    race_in_order: RaceRunner,
    intake_session_service: IntakeSessionService,
    intake_session_payload: Payload,
) -> None:
    data = IntakeOpen(**intake_session_payload())
    await intake_session_service.session.commit()

    async def open_session(session: AsyncSession) -> tuple[IntakeSession, bool]:
        return await IntakeSessionService(session, EventBus(session)).open(data)

    (first, _), (second, is_new) = await race_in_order(open_session, open_session)

    assert (second.id, is_new) == (first.id, False)


async def test_a_session_that_is_submitted_twice_registers_one_patient(
    race_in_order: RaceRunner,
    intake_session_service: IntakeSessionService,
    make_intake_session: Factory[IntakeSession],
) -> None:
    intake = await make_intake_session()
    await intake_session_service.session.commit()

    outcomes = await race_in_order(submitting(intake), submitting(intake))

    assert [type(outcome).__name__ for outcome in outcomes] == ["IntakeSession", "InvalidTransition"]
    assert await intake_session_service.session.scalar(select(func.count(Patient.id))) == 1


async def test_two_sessions_about_one_person_register_one_patient(
    race_in_order: RaceRunner,
    intake_session_service: IntakeSessionService,
    make_intake_session: Factory[IntakeSession],
    patient_payload: Payload,
) -> None:
    person = patient_payload()
    sessions = [await make_intake_session(person=person) for _ in range(2)]
    await intake_session_service.session.commit()

    first, second = await race_in_order(*map(submitting, sessions))

    assert first.patient_id == second.patient_id
    assert await intake_session_service.session.scalar(select(func.count(Patient.id))) == 1


async def test_the_end_of_a_call_that_arrives_twice_registers_one_patient(
    race_in_order: RaceRunner,
    intake_session_service: IntakeSessionService,
    patient_payload: Payload,
) -> None:
    call: dict[str, Any] = {"call_id": "call-1", "caller": None, "collected": patient_payload()}
    await intake_session_service.session.commit()

    async def end(session: AsyncSession) -> str:
        event = await EventBus(session).publish("voice_call.ended", uuid4(), **call)
        return event.name

    outcomes = await race_in_order(end, end)

    assert outcomes == ["voice_call.ended"] * 2
    sessions = await intake_session_service.session.scalars(select(IntakeSession.state))
    assert list(sessions) == ["completed"]
    assert await intake_session_service.session.scalar(select(func.count(Patient.id))) == 1


async def test_a_patient_who_is_being_merged_is_not_linked(
    race_in_order: RaceRunner,
    intake_session_service: IntakeSessionService,
    test_intake_session: IntakeSession,
    make_patient: Factory[Patient],
) -> None:
    survivor, duplicate = await make_patient(), await make_patient()
    await intake_session_service.session.commit()

    async def merge(session: AsyncSession) -> Patient:
        return await PatientService(session, EventBus(session)).merge(survivor.id, duplicate.id)

    async def link(session: AsyncSession) -> IntakeSession:
        service = IntakeSessionService(session, EventBus(session))
        return await service.link(test_intake_session.id, duplicate.id)

    _, outcome = await race_in_order(merge, link)

    assert type(outcome).__name__ == "Unprocessable"
