"""Tenancy: every row belongs to an organisation, and queries return only rows of the current one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Uuid, bindparam, event, true
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria

from .clock import utcnow
from .database import Base

_organisation: ContextVar[UUID | None] = ContextVar("organisation", default=None)


class OrganisationNotSet(DontWrapMixin, LookupError):
    """A query ran outside of `organisation_scope`."""


class Organisation(Base):
    """A customer of the service; others cannot see its rows."""

    __tablename__ = "core_organisations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(200))


class Record(Base):
    """A row of an organisation, with an id and timestamps."""

    __abstract__ = True
    # Values that the database computes come back with the statement that writes the row.
    __mapper_args__ = MappingProxyType({"eager_defaults": True})

    list_order: ClassVar[tuple[str, ...]] = ("created_at", "id")
    """The columns by which lists are sorted, the last one unique; each table has an index of them."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID] = mapped_column(
        ForeignKey("core_organisations.id"), default=lambda: current_organisation()
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    def __init_subclass__(cls, **options: Any) -> None:
        """Map the class, and add the index of its lists."""
        super().__init_subclass__(**options)
        if "__tablename__" in vars(cls):
            columns = (getattr(cls, name) for name in ("organisation_id", *cls.list_order))
            Index(f"ix_{cls.__tablename__}_organisation_id", *columns)

    @classmethod
    def referable(cls) -> ColumnElement[bool]:
        """Return the condition under which new records may refer to a record; models can override it."""
        return true()


def current_organisation() -> UUID:
    """Return the id of the current organisation, or raise `OrganisationNotSet`."""
    organisation_id = _organisation.get()
    if organisation_id is None:
        raise OrganisationNotSet("enter organisation_scope() before you query an organisation's rows")
    return organisation_id


@contextmanager
def organisation_scope(organisation_id: UUID) -> Iterator[None]:
    """Set the current organisation within a `with` block."""
    token = _organisation.set(organisation_id)
    try:
        yield
    finally:
        _organisation.reset(token)


_in_scope = bindparam("organisation_in_scope", type_=Uuid(), callable_=current_organisation)
_limit_to_scope = with_loader_criteria(Record, lambda record: record.organisation_id == _in_scope, include_aliases=True)


# The criterion applies wherever a statement names a record, including joins and subqueries.
@event.listens_for(Session, "do_orm_execute")
def _limit_to_organisation(state: ORMExecuteState) -> None:
    state.statement = state.statement.options(_limit_to_scope)
