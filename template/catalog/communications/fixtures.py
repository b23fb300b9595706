"""Fixtures of communications."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.communications.models import Communication
from your_service.modules.communications.schemas import CommunicationCreate
from your_service.modules.communications.service import TOKEN_ISSUERS, CommunicationService

from tests.support.factories import Factory, Payload


@pytest.fixture
def communication_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> CommunicationService:
    """The service for communications of the test's organisation."""
    return CommunicationService(db_session, event_bus)


@pytest.fixture
def communication_payload() -> Payload:
    """Return a function that makes the request body of a text message, with a different text each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        number = next(numbers)
        return {"channel": "sms", "address": "+12025550123", "text": f"Message {number}", **overrides}

    return make


@pytest.fixture
def make_communication(
    communication_service: CommunicationService,
    communication_payload: Payload,
) -> Factory[Communication]:
    """Return a function that schedules a message; arguments override the payload."""

    async def make(**overrides: Any) -> Communication:
        data = CommunicationCreate(**communication_payload(**overrides))
        return await communication_service.schedule(data)

    return make


@pytest.fixture
def issued_tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The one-time tokens of the kind "test" that were issued: `issued 1`, `issued 2`, ..."""
    issued: list[str] = []

    async def issue(_: EventBus, __: Communication, /) -> str:
        issued.append(f"issued {len(issued) + 1}")
        return issued[-1]

    monkeypatch.setitem(TOKEN_ISSUERS, "test", issue)
    return issued


@pytest.fixture
async def test_communication(make_communication: Factory[Communication]) -> Communication:
    """A text message that is due."""
    return await make_communication()


@pytest.fixture
def test_communication_id(test_communication: Communication) -> UUID:
    """The identifier of `test_communication`."""
    return test_communication.id
