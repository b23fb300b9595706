"""Tests of concurrent requests for tickets, on PostgreSQL."""

from collections import Counter

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.users import User
from your_service.modules.tickets.models import Ticket
from your_service.modules.tickets.schemas import TicketUpdate
from your_service.modules.tickets.service import TicketService

from tests.support.factories import Factory
from tests.support.races import Racer, RaceRunner


def retitling(ticket: Ticket, version: int, title: str) -> Racer:
    async def retitle(session: AsyncSession) -> Ticket:
        service = TicketService(session, EventBus(session))
        await service.lock(ticket.id, version)
        return await service.update(ticket.id, TicketUpdate(version=version, title=title))

    return retitle


async def test_one_of_several_concurrent_changes_succeeds(
    race: RaceRunner,
    ticket_service: TicketService,
    test_ticket: Ticket,
) -> None:
    version = test_ticket.version
    await ticket_service.session.commit()

    outcomes = await race(*(retitling(test_ticket, version, f"Title {number}") for number in range(5)))

    await ticket_service.session.refresh(test_ticket)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["Conflict"] * 4, "Ticket"]
    assert [test_ticket.title] == [outcome.title for outcome in outcomes if isinstance(outcome, Ticket)]


async def test_concurrent_automatic_assignments_take_turns(
    race_in_order: RaceRunner,
    ticket_service: TicketService,
    make_ticket: Factory[Ticket],
    add_user: Factory[User],
) -> None:
    tickets = [await make_ticket() for _ in range(4)]
    await add_user()
    await ticket_service.session.commit()

    def assigning(ticket: Ticket) -> Racer:
        async def assign(session: AsyncSession) -> Ticket:
            return await TicketService(session, EventBus(session)).assign_automatically(ticket.id)

        return assign

    assigned = await race_in_order(*map(assigning, tickets))

    # There are two users, with the requester of the tickets.
    loads = Counter(ticket.assignee_id for ticket in assigned)
    assert sorted(loads.values()) == [2, 2]


async def test_a_ticket_cannot_be_assigned_to_a_user_who_is_being_deactivated(
    race_in_order: RaceRunner,
    ticket_service: TicketService,
    test_ticket: Ticket,
    add_user: Factory[User],
) -> None:
    user = await add_user()
    await ticket_service.session.commit()

    async def deactivate(session: AsyncSession) -> None:
        found = await session.get_one(User, user.id)
        found.active = False

    async def assign(session: AsyncSession) -> Ticket:
        return await TicketService(session, EventBus(session)).assign(test_ticket.id, user.id)

    _, outcome = await race_in_order(deactivate, assign)

    assert type(outcome).__name__ == "Unprocessable"
