"""The service for tickets."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Select, func, select

from ...core.concurrency import lock_keys
from ...core.errors import Conflict, Unprocessable
from ...core.resource import Lifecycle, Transitions
from ...core.users import User
from ...core.versions import VersionedResource
from .models import Ticket, TicketState

UNRESOLVED = (TicketState.OPEN, TicketState.IN_PROGRESS, TicketState.WAITING)
"""The states in which a ticket counts towards the load of its assignee."""


class TicketService(VersionedResource[Ticket], Lifecycle[Ticket]):
    """Tickets of the current organisation; lists put the most urgent first, then the oldest."""

    model = Ticket
    name = "ticket"
    searchable = ("title", "description")
    # The body of a change names the version, too.
    must_match = False
    transitions: ClassVar[Transitions] = {
        TicketState.OPEN: {TicketState.IN_PROGRESS, TicketState.CLOSED},
        TicketState.IN_PROGRESS: {TicketState.WAITING, TicketState.RESOLVED},
        TicketState.WAITING: {TicketState.IN_PROGRESS, TicketState.RESOLVED},
        TicketState.RESOLVED: {TicketState.OPEN, TicketState.CLOSED},
        TicketState.CLOSED: set(),
    }

    async def lock(self, ticket_id: UUID, version: int) -> Ticket:
        """Return a ticket, locked until the transaction ends.

        Raises `NotFound`, or `Conflict` if the ticket has changed since `version` was read.
        """
        ticket = await self.get(ticket_id, lock=True)
        if ticket.version != version:
            raise Conflict(f"This ticket has changed since version {version}.", "version", allowed=[ticket.version])
        return ticket

    async def update(self, record_id: UUID, changes: BaseModel) -> Ticket:
        """Change the fields that are set in `changes`; raise `NotFound`, or `Conflict` if the ticket is closed."""
        ticket = await self._unclosed(record_id)
        return await self._change(ticket, changes.model_dump(exclude_unset=True))

    async def assign(self, ticket_id: UUID, assignee_id: UUID) -> Ticket:
        """Assign a ticket.

        Raises `NotFound`, `Conflict` if the ticket is closed, and `Unprocessable` unless the user is active.
        """
        ticket = await self._unclosed(ticket_id)
        # Locked, so that nobody can deactivate the user in the meantime.
        active = select(User.id).where(User.id == assignee_id, User.active).with_for_update(read=True)
        if await self.session.scalar(active) is None:
            raise Unprocessable(f"assignee_id {assignee_id} is not an active user.", "assignee_id")
        return await self._set_assignee(ticket, assignee_id)

    async def assign_automatically(self, ticket_id: UUID) -> Ticket:
        """Assign a ticket to the active user with the fewest other unresolved tickets; names break ties.

        Raises `NotFound`, or `Conflict` if the ticket is closed or no user is active.
        """
        ticket = await self._unclosed(ticket_id)
        # One at a time, so that each counts the tickets that the others have assigned.
        await lock_keys(self.session, ("tickets.assign_automatically",))
        least_loaded = _by_load_without(ticket).limit(1).with_for_update(read=True, of=User)
        assignee_id = await self.session.scalar(least_loaded)
        if assignee_id is None:
            raise Conflict("There is no active user to assign this ticket to.")
        return await self._set_assignee(ticket, assignee_id)

    async def unassign(self, ticket_id: UUID) -> Ticket:
        """Remove the assignee of a ticket; raise `NotFound`, or `Conflict` if the ticket is closed."""
        ticket = await self._unclosed(ticket_id)
        return await self._set_assignee(ticket, None)

    async def _set_assignee(self, ticket: Ticket, assignee_id: UUID | None) -> Ticket:
        before = ticket.assignee_id
        if assignee_id == before:
            return ticket
        ticket.assignee_id = assignee_id
        return await self._publish("assigned", ticket, before=before, after=assignee_id)

    async def _unclosed(self, ticket_id: UUID) -> Ticket:
        ticket = await self.get(ticket_id, lock=True)
        if ticket.state is TicketState.CLOSED:
            raise Conflict("A closed ticket cannot be changed.")
        return ticket


def _by_load_without(ticket: Ticket) -> Select[UUID]:
    load = select(func.count(Ticket.id)).where(
        Ticket.assignee_id == User.id,
        Ticket.state.in_(UNRESOLVED),
        Ticket.id != ticket.id,
    )
    return select(User.id).where(User.active).order_by(load.scalar_subquery(), User.name, User.id)
