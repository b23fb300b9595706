"""Fixtures of intake sessions."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.intake.models import IntakeSession
from your_service.modules.intake.schemas import IntakeOpen, IntakeUpdate
from your_service.modules.intake.service import IntakeSessionService

from tests.support.factories import Factory, Payload


@pytest.fixture
def intake_session_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> IntakeSessionService:
    """The service for intake sessions of the test's organisation."""
    return IntakeSessionService(db_session, event_bus)


@pytest.fixture
def intake_session_payload() -> Payload:
    """Return a function that makes the request body of a new session, with a different key each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        return {"key": f"form-{next(numbers)}", "channel": "form", **overrides}

    return make


@pytest.fixture
def make_intake_session(
    intake_session_service: IntakeSessionService,
    intake_session_payload: Payload,
    patient_payload: Payload,
) -> Factory[IntakeSession]:
    """Return a function that opens a session about a different person each time.

    `person` overrides their details, `answers` are the answers, and other arguments override the payload.
    """

    async def make(*, person: dict[str, Any] | None = None, answers: Any = (), **overrides: Any) -> IntakeSession:
        intake, _ = await intake_session_service.open(IntakeOpen(**intake_session_payload(**overrides)))
        said = {"person": patient_payload(**person or {}), "answers": answers}
        return await intake_session_service.update(intake.id, IntakeUpdate.model_validate(said))

    return make


@pytest.fixture
async def test_intake_session(make_intake_session: Factory[IntakeSession]) -> IntakeSession:
    """An open session with all details of a person who is no patient yet."""
    return await make_intake_session()


@pytest.fixture
def test_intake_session_id(test_intake_session: IntakeSession) -> UUID:
    """The identifier of `test_intake_session`."""
    return test_intake_session.id
