"""Fixtures of tickets."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.modules.tickets.models import Ticket
from your_service.modules.tickets.schemas import RequestedTicket
from your_service.modules.tickets.service import TicketService

from tests.support.factories import Factory, Payload


@pytest.fixture
def ticket_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> TicketService:
    """The service for tickets of the test's organisation."""
    return TicketService(db_session, event_bus)


@pytest.fixture
def ticket_payload() -> Payload:
    """Return a function that makes the request body of a ticket, with a different title each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        number = next(numbers)
        return {
            "title": f"Printer {number} is jammed",
            "description": "The paper tray does not close.",
            "priority": "normal",
            **overrides,
        }

    return make


@pytest.fixture
def make_ticket(ticket_service: TicketService, ticket_payload: Payload, acting_user: User) -> Factory[Ticket]:
    """Return a function that creates a ticket of `acting_user`; arguments override the payload."""

    async def make(**overrides: Any) -> Ticket:
        data = RequestedTicket(**ticket_payload(**{"requester_id": acting_user.id, **overrides}))
        return await ticket_service.create(data)

    return make


@pytest.fixture
async def test_ticket(make_ticket: Factory[Ticket]) -> Ticket:
    """An open ticket without an assignee."""
    return await make_ticket()


@pytest.fixture
def test_ticket_id(test_ticket: Ticket) -> UUID:
    """The identifier of `test_ticket`."""
    return test_ticket.id
