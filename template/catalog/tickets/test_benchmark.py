"""Benchmarks of the service for tickets."""

import pytest

from your_service.core.users import User
from your_service.modules.tickets.models import Ticket, TicketState
from your_service.modules.tickets.schemas import RequestedTicket, TicketQuery
from your_service.modules.tickets.service import TicketService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_tickets(make_ticket: Factory[Ticket]) -> list[Ticket]:
    """Two hundred tickets."""
    return [await make_ticket() for _ in range(200)]


def test_create(
    measure: Measure,
    ticket_service: TicketService,
    ticket_payload: Payload,
    acting_user: User,
    many_tickets: list[Ticket],
) -> None:
    requests = [RequestedTicket(**ticket_payload(requester_id=acting_user.id)) for _ in range(ROUNDS)]

    created = measure(lambda: ticket_service.create(requests.pop()))

    assert created.requester_id == acting_user.id


def test_list_open(measure: Measure, ticket_service: TicketService, many_tickets: list[Ticket]) -> None:
    query = TicketQuery(state=TicketState.OPEN)

    found = measure(lambda: ticket_service.list(query))

    assert list(found.items) == many_tickets[: query.limit]
