"""Routes for tickets. A change names the version it is based on, and gets a 409 if that is not the latest.

The header `If-Match` can name the version, too, as for other versioned records; then the status is 412.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.resource import Listing
from ...core.schemas import Page
from ...core.security import ADMIN_ONLY, PrincipalDep
from ...core.versions import VersionedRouter
from .models import Ticket
from .schemas import (
    RequestedTicket,
    TicketAssign,
    TicketChange,
    TicketCreate,
    TicketMove,
    TicketQuery,
    TicketRead,
    TicketUpdate,
)
from .service import TicketService

router = VersionedRouter(prefix="/tickets", tags=["tickets"])

Service = Annotated[TicketService, Depends(TicketService.of_request)]
ChangeService = Annotated[TicketService, Depends(TicketService.of_change)]


@router.post("", status_code=status.HTTP_201_CREATED, response_model=TicketRead)
async def create_ticket(data: TicketCreate, service: Service, principal: PrincipalDep) -> Ticket:
    """Create a ticket; the requester is the authenticated user."""
    return await service.create(RequestedTicket(**data.model_dump(), requester_id=principal.user_id))


@router.get("", response_model=Page[TicketRead])
async def list_tickets(query: Annotated[TicketQuery, Query()], service: Service) -> Listing[Ticket]:
    """List tickets, most urgent first, then oldest first."""
    return await service.list(query)


@router.get("/{ticket_id}", response_model=TicketRead)
async def get_ticket(ticket_id: UUID, service: Service) -> Ticket:
    """Return a ticket."""
    return await service.get(ticket_id)


@router.patch("/{ticket_id}", response_model=TicketRead)
async def update_ticket(ticket_id: UUID, changes: TicketUpdate, service: ChangeService) -> Ticket:
    """Change a ticket."""
    await service.lock(ticket_id, changes.version)
    return await service.update(ticket_id, changes)


@router.post("/{ticket_id}/assign", response_model=TicketRead)
async def assign_ticket(ticket_id: UUID, change: TicketAssign, service: ChangeService) -> Ticket:
    """Assign a ticket to an active user."""
    await service.lock(ticket_id, change.version)
    return await service.assign(ticket_id, change.assignee_id)


@router.post("/{ticket_id}/assign-automatically", response_model=TicketRead)
async def assign_ticket_automatically(ticket_id: UUID, change: TicketChange, service: ChangeService) -> Ticket:
    """Assign a ticket to the active user with the fewest unresolved tickets."""
    await service.lock(ticket_id, change.version)
    return await service.assign_automatically(ticket_id)


@router.post("/{ticket_id}/unassign", response_model=TicketRead)
async def unassign_ticket(ticket_id: UUID, change: TicketChange, service: ChangeService) -> Ticket:
    """Remove the assignee of a ticket."""
    await service.lock(ticket_id, change.version)
    return await service.unassign(ticket_id)


@router.post("/{ticket_id}/move", response_model=TicketRead)
async def move_ticket(ticket_id: UUID, move: TicketMove, service: ChangeService) -> Ticket:
    """Move a ticket to another state."""
    await service.lock(ticket_id, move.version)
    return await service.move_to(ticket_id, move.state)


@router.delete("/{ticket_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_ticket(ticket_id: UUID, service: ChangeService) -> None:
    """Delete a ticket."""
    await service.delete(ticket_id)
