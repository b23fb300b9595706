"""What requests and responses about tickets hold."""

import datetime as dt
from uuid import UUID

from pydantic import Field

from ...core.schemas import Integer, LongText, RequestModel, ResponseModel, SearchQuery, ShortText, unchanged
from .models import TicketPriority, TicketState


class TicketCreate(RequestModel):
    """What it takes to ask for support."""

    title: ShortText
    description: LongText
    priority: TicketPriority = TicketPriority.NORMAL


class RequestedTicket(TicketCreate):
    """A request for support, with the user who asks."""

    requester_id: UUID


class TicketChange(RequestModel):
    """A change to a ticket as it was at the version that the client has read."""

    # Compared with the stored version, never stored.
    version: Integer = Field(exclude=True)


class TicketUpdate(TicketChange):
    """The fields of a ticket that change; what is left out stays as it is."""

    title: ShortText = unchanged()
    description: LongText = unchanged()
    priority: TicketPriority = unchanged()


class TicketAssign(TicketChange):
    """The user to whom a ticket is assigned."""

    assignee_id: UUID


class TicketMove(TicketChange):
    """The state that a ticket moves to."""

    state: TicketState


class TicketQuery(SearchQuery):
    """Which tickets are wanted."""

    state: TicketState | None = None
    priority: TicketPriority | None = None
    requester_id: UUID | None = None
    assignee_id: UUID | None = None
    # No column, hence excluded from the filters: whether nobody is assigned.
    unassigned: bool | None = Field(default=None, exclude=True)


class TicketRead(ResponseModel):
    """A ticket, as it is told."""

    id: UUID
    title: str
    description: str
    priority: TicketPriority
    state: TicketState
    requester_id: UUID
    assignee_id: UUID | None
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
