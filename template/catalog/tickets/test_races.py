"""Tests of concurrent requests for tickets, on PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.tickets.models import Ticket
from your_service.modules.tickets.schemas import TicketUpdate
from your_service.modules.tickets.service import TicketService

from tests.support.races import Race, Racer


def retitling(ticket: Ticket, version: int, title: str) -> Racer:
    async def retitle(session: AsyncSession) -> Ticket:
        service = TicketService(session, EventBus(session))
        await service.lock(ticket.id, version)
        return await service.update(ticket.id, TicketUpdate(version=version, title=title))

    return retitle


async def test_one_of_several_concurrent_changes_succeeds(
    race: Race,
    ticket_service: TicketService,
    test_ticket: Ticket,
) -> None:
    version = test_ticket.version
    await ticket_service.session.commit()

    outcomes = await race(*(retitling(test_ticket, version, f"Title {number}") for number in range(5)))

    await ticket_service.session.refresh(test_ticket)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["Conflict"] * 4, "Ticket"]
    assert [test_ticket.title] == [outcome.title for outcome in outcomes if isinstance(outcome, Ticket)]
