"""Requests and responses about tickets."""

from uuid import UUID

from pydantic import Field

from ...core.schemas import Integer, LongText, RequestModel, SearchQuery, ShortText, unchanged
from ...core.versions import VersionedRead
from .models import TicketPriority, TicketState


class TicketCreate(RequestModel):
    """Fields of a new ticket."""

    title: ShortText
    description: LongText
    priority: TicketPriority = TicketPriority.NORMAL


class RequestedTicket(TicketCreate):
    """Fields of a new ticket, with the user who requests it."""

    requester_id: UUID


class TicketChange(RequestModel):
    """A change to a ticket; `version` is the one that the client has read."""

    # Only compared with the stored version.
    version: Integer = Field(exclude=True)


class TicketUpdate(TicketChange):
    """Fields of a ticket to change; a field that is left out keeps its value."""

    title: ShortText = unchanged()
    description: LongText = unchanged()
    priority: TicketPriority = unchanged()


class TicketAssign(TicketChange):
    """The user to assign a ticket to."""

    assignee_id: UUID


class TicketMove(TicketChange):
    """The state to move a ticket to."""

    state: TicketState


class TicketQuery(SearchQuery):
    """Filters of the list of tickets."""

    state: TicketState | None = None
    priority: TicketPriority | None = None
    requester_id: UUID | None = None
    assignee_id: UUID | None = None
    unassigned: bool | None = None


class TicketRead(VersionedRead):
    """A ticket in a response."""

    title: str
    description: str
    priority: TicketPriority
    state: TicketState
    requester_id: UUID
    assignee_id: UUID | None
