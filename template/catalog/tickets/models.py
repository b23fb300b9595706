"""The table of tickets."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Enum, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, column_property, mapped_column

from ...core.tenancy import StatefulRecord
from ...core.versions import VersionedRecord


class TicketPriority(StrEnum):
    """The priority of a ticket, most urgent first."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class TicketState(StrEnum):
    """The state of a ticket."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Ticket(VersionedRecord, StatefulRecord):
    """A support request."""

    __tablename__ = "tickets"
    list_order: ClassVar[tuple[str, ...]] = ("priority", *StatefulRecord.list_order)

    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    # Stored as its position, so that the most urgent tickets come first.
    priority: Mapped[TicketPriority] = mapped_column(
        Enum(TicketPriority, native_enum=False, values_callable=lambda kind: [str(n) for n in range(len(kind))])
    )
    state: Mapped[TicketState] = mapped_column(default=TicketState.OPEN, index=True)
    requester_id: Mapped[UUID] = mapped_column(ForeignKey("core_users.id"), index=True)
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("core_users.id"), index=True)
    unassigned: Mapped[bool] = column_property(assignee_id.is_(None), deferred=True)
