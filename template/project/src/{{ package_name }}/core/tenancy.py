"""Tenancy: every row belongs to an organisation, and queries return only rows of the current one."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, cast
from uuid import UUID, uuid4

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Table,
    Uuid,
    bindparam,
    event,
    false,
    inspect,
    text,
    true,
)
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import conv
from sqlalchemy.types import TypeDecorator

from .clock import utcnow
from .comparisons import Comparison
from .database import Base

_organisation: ContextVar[UUID | None] = ContextVar("organisation", default=None)


class OrganisationNotSet(DontWrapMixin, LookupError):
    """A query ran outside of `organisation_scope`."""


class OutOfScope(DontWrapMixin, RuntimeError):
    """A statement or a change could reach rows of another organisation than the current one."""


class OrganisationKey(TypeDecorator[UUID]):
    """The id of the current organisation; statements of every kind refuse another one."""

    impl = Uuid
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: object) -> UUID | None:
        """Return `value`, or raise `OutOfScope`."""
        if value != current_organisation():
            raise OutOfScope(f"organisation_id: use the current organisation, not {value}")
        return value


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
    __sortable__: ClassVar[tuple[str, ...]] = ()
    """Other columns by which a request can sort a list; each table has an index of each of them."""
    __checks__: ClassVar[tuple[str, ...]] = ()
    """Rules that compare two columns, such as `ends > starts`; the service checks them, and so do constraints."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID] = mapped_column(
        OrganisationKey, ForeignKey("core_organisations.id"), default=lambda: current_organisation()
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)

    def __init_subclass__(cls, **options: Any) -> None:
        """Map the class, and add the index of its lists and the constraints of its checks."""
        super().__init_subclass__(**options)
        if "__tablename__" in vars(cls):
            columns = (getattr(cls, name) for name in ("organisation_id", *cls.list_order))
            Index(f"ix_{cls.__tablename__}_organisation_id", *columns)
            for sortable in cls.__sortable__:
                columns = (getattr(cls, name) for name in ("organisation_id", sortable, *cls.list_order))
                Index(f"ix_{cls.__tablename__}_{sortable}", *columns)
            for rule in cls.__checks__:
                Comparison.parse(rule).constrain(cls.metadata.tables[cls.__tablename__])

    @classmethod
    def referable(cls) -> ColumnElement[bool]:
        """Return the condition under which new records may refer to a record; models can override it."""
        return true()

    @classmethod
    def mentions(cls, texts: Collection[str]) -> ColumnElement[bool]:
        """Return the condition under which a record is about a person who is known by one of `texts`.

        These are ids, phone numbers and e-mail addresses. Models without a reference to the person override it.
        """
        return false()


class StatefulRecord(Record):
    """A record with a state; the model defines the states and the initial one."""

    __abstract__ = True

    state: Mapped[StrEnum] = mapped_column(index=True)


class Restorable:
    """A record that a service marks as deleted, and can restore: queries find it only with `INCLUDE_DELETED`."""

    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


INCLUDE_DELETED: Mapping[str, Any] = MappingProxyType({"include_deleted": True})
"""The execution options of a statement that also finds deleted records."""


def unique_unless_deleted(table: str, *columns: str) -> Index:
    """Return an index by which records of an organisation have different values, except for those that are deleted."""
    columns = ("organisation_id", *columns)
    kept = text("deleted_at IS NULL")
    name = conv(f"uq_{table}_{'_'.join(columns)}")
    return Index(name, *columns, unique=True, postgresql_where=kept, sqlite_where=kept, info={"unless_deleted": True})


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
_limit_to_kept = with_loader_criteria(Restorable, lambda record: record.deleted_at.is_(None), include_aliases=True)


# The criterion applies wherever a statement names a record, including joins and subqueries.
@event.listens_for(Session, "do_orm_execute")
def _limit_to_organisation(state: ORMExecuteState) -> None:
    model = state.bind_mapper.class_ if state.bind_mapper else Base
    if not state.is_orm_statement:
        _refuse_tables(state.statement)
    elif issubclass(model, Record) and not state.is_select:
        _refuse_unlimited(state)
    elif issubclass(model, Record) and state.is_column_load:
        # SQLAlchemy adds no criteria when it refreshes an object.
        state.statement = state.statement.where(model.organisation_id == _in_scope)  # type: ignore[attr-defined, union-attr]
    state.statement = state.statement.options(_limit_to_scope)
    if not state.execution_options.get("include_deleted"):
        state.statement = state.statement.options(_limit_to_kept)


def _refuse_tables(statement: Any) -> None:
    records = {mapper.local_table for mapper in Record.registry.mappers if issubclass(mapper.class_, Record)}
    parts = list(visitors.iterate(statement))
    # The columns of models, as in exists().where(User.active), are of a subclass; their criterion is added.
    sources = [part.table for part in parts if isinstance(part, Column) and type(part) is not Column]
    limited = {getattr(source, "element", source) for source in sources}
    tables = {part for part in parts if type(part) is Table} - limited
    columns = {part.table for part in parts if type(part) is Column}
    if not records.isdisjoint(tables | columns):
        raise OutOfScope("use the model in this statement, not its table")


def _refuse_unlimited(state: ORMExecuteState) -> None:
    if state.is_update and isinstance(state.parameters, list):
        raise OutOfScope("use update().where() for each row, not one UPDATE with a list of primary keys")
    if state.execution_options.get("dml_strategy", "auto") != "auto":
        raise OutOfScope("use the execution option dml_strategy=auto, because the others add no criteria")
    if any(part.__visit_name__ == "on_conflict_do_update" for part in visitors.iterate(cast(Any, state.statement))):
        raise OutOfScope("use on_conflict_do_nothing(), because the existing row may belong to another organisation")


@event.listens_for(Record, "before_update", propagate=True)
@event.listens_for(Record, "before_delete", propagate=True)
def _refuse_change(_: object, __: object, record: Record) -> None:
    # A session can still hold a record that it read in another scope.
    unchanged = inspect(record).attrs.organisation_id.load_history().unchanged
    if unchanged != [current_organisation()]:
        raise OutOfScope(f"{type(record).__name__} {record.id} does not belong to the current organisation")
