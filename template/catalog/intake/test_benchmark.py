"""Benchmarks of the service for intake sessions."""

import pytest

from your_service.modules.intake.models import IntakeSession
from your_service.modules.intake.schemas import IntakeOpen
from your_service.modules.intake.service import IntakeSessionService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_sessions(make_intake_session: Factory[IntakeSession]) -> list[IntakeSession]:
    """Two hundred sessions."""
    return [await make_intake_session() for _ in range(200)]


@pytest.fixture
async def completed_session(
    intake_session_service: IntakeSessionService,
    many_sessions: list[IntakeSession],
) -> IntakeSession:
    """A session with a patient."""
    return await intake_session_service.submit(many_sessions[7].id)


def test_open(
    measure: Measure,
    intake_session_service: IntakeSessionService,
    intake_session_payload: Payload,
    many_sessions: list[IntakeSession],
) -> None:
    requests = [IntakeOpen(**intake_session_payload()) for _ in range(ROUNDS)]

    _, is_new = measure(lambda: intake_session_service.open(requests.pop()))

    assert is_new


def test_export(
    measure: Measure,
    intake_session_service: IntakeSessionService,
    completed_session: IntakeSession,
) -> None:
    patient_id, _ = measure(lambda: intake_session_service.export(completed_session.id))

    assert patient_id == completed_session.patient_id
