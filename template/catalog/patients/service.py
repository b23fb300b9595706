"""The use cases of patients."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, case, false, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from ...core.database import Base
from ...core.errors import Conflict, NotFound, Unprocessable
from ...core.events import Event
from ...core.resource import Conditions, Listing, Resource, table_of
from ...core.schemas import ListQuery, Page
from .models import Patient
from .rules import (
    RECOGNISED_BY,
    DuplicateReason,
    changed_reasons,
    email_key,
    fill_gaps,
    likely_reasons,
    name_key,
    phone_key,
)
from .schemas import Duplicate, PatientUpdate


class PatientMerged(NotFound):
    """The record was merged into another; the member `merged_into_id` says into which."""

    status = HTTPStatus.GONE


class PatientService(Resource[Patient]):
    """Patients of the organisation in scope. A record that was merged is found by its identifier alone."""

    model = Patient
    name = "patient"

    async def create(self, data: BaseModel, *, allow_duplicate: bool = False) -> Patient:
        """Register a patient; raise Conflict for a likely duplicate, unless it is known to be another person."""
        if not allow_duplicate:
            await self._refuse_look_alikes(Patient(**data.model_dump()), list(DuplicateReason))
        return await super().create(data)

    async def get(self, record_id: UUID) -> Patient:
        """Return a patient; raise NotFound, and PatientMerged for a record that was merged."""
        return _unmerged(await super().get(record_id))

    async def update(self, record_id: UUID, changes: BaseModel, *, allow_duplicate: bool = False) -> Patient:
        """Change a patient; raise what `get` raises, and Conflict where the change makes a likely duplicate.

        Likenesses that the change leaves alone are no obstacle: they were judged when they came about.
        """
        patient = await self.get(record_id)
        if not allow_duplicate:
            changed = Patient(**{**_details(patient), **changes.model_dump(exclude_unset=True)})
            await self._refuse_look_alikes(changed, changed_reasons(patient, changed))
        return await super().update(record_id, changes)

    async def duplicates(self, patient_id: UUID, query: ListQuery | None = None) -> Page[Duplicate]:
        """List who is likely to be the same person as a patient, the likeliest first; raise what `get` raises."""
        patient = await self.get(patient_id)
        return await self._look_alikes(patient, list(DuplicateReason), query or ListQuery())

    async def merge(self, survivor_id: UUID, duplicate_id: UUID) -> Patient:
        """Merge the duplicate into the survivor, which takes over what it lacks and whatever refers to the other.

        Raises NotFound, PatientMerged where the survivor is none, Unprocessable for a merge into itself, and
        Conflict where the duplicate was merged before or both are referred to where only one may be.
        """
        if survivor_id == duplicate_id:
            raise Unprocessable("A patient cannot be merged into itself.", field="duplicate_id")
        survivor, duplicate = await self._lock_both(survivor_id, duplicate_id)
        gained = fill_gaps(_details(survivor), _details(duplicate))
        async with self._writing():
            for field, value in gained.items():
                setattr(survivor, field, value)
            await self._move_references(duplicate_id, survivor_id)
            duplicate.merged_into_id = survivor_id
        self._publish("merged", survivor, duplicate_id=duplicate_id, gained=sorted(gained))
        self._publish("superseded", duplicate, survivor_id=survivor_id)
        return survivor

    async def timeline(self, patient_id: UUID, query: ListQuery | None = None) -> Listing[Event]:
        """List what happened to a patient, and to the records merged into it, the newest last."""
        patient = await self.get(patient_id)
        records = select(Patient.id).where(or_(Patient.id == patient.id, Patient.merged_into_id == patient.id))
        concerned = or_(Event.record_id.in_(records), Event.about.in_(records))
        return await self._listing(Event, [concerned], [Event.occurred_at, Event.id], query or ListQuery())

    async def _refuse_look_alikes(self, patient: Patient, reasons: Sequence[DuplicateReason]) -> None:
        found = await self._look_alikes(patient, reasons, ListQuery())
        if found.items:
            raise Conflict("This is likely to be a patient who is known already.", duplicates=found.items)

    async def _look_alikes(
        self,
        patient: Patient,
        reasons: Sequence[DuplicateReason],
        query: ListQuery,
    ) -> Page[Duplicate]:
        likenesses = [_is_like(patient, reason) for reason in reasons]
        where = [Patient.id != patient.id, Patient.merged_into_id.is_(None), or_(false(), *likenesses)]
        likeliest_first = [case((likeness, 0), else_=1) for likeness in likenesses]
        found = await self._listing(Patient, where, [*likeliest_first, *self._order()], query)
        items = [_as_duplicate(other, patient) for other in found.items]
        return Page(items=items, total=found.total, limit=found.limit, offset=found.offset)

    async def _lock_both(self, survivor_id: UUID, duplicate_id: UUID) -> tuple[Patient, Patient]:
        # Two merges of one pair lock in the same order: neither waits for the other forever.
        locked = {record_id: await self._locked(record_id) for record_id in sorted((survivor_id, duplicate_id))}
        survivor, duplicate = _unmerged(locked[survivor_id]), locked[duplicate_id]
        if duplicate.merged_into_id is not None:
            raise Conflict(
                f"Patient {duplicate_id} has been merged before.",
                merged_into_id=duplicate.merged_into_id,
            )
        return survivor, duplicate

    async def _move_references(self, from_id: UUID, to_id: UUID) -> None:
        # Whatever module they belong to, so that a new one needs no line here; a chain of merges gets shorter as well.
        models = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
        for table in Base.metadata.tables.values():
            for column in (key.parent for key in table.foreign_keys if key.column is table_of(Patient).c.id):
                target = models.get(table, table)
                await self.session.execute(update(target).where(column == from_id).values({column: to_id}))

    def _conditions(self, query: ListQuery) -> Conditions:
        return [*super()._conditions(query), Patient.merged_into_id.is_(None)]

    def _contains(self, text: str) -> ColumnElement[bool]:
        words = [key for key in map(name_key, text.split()) if key]
        return or_(
            and_(*map(_is_named, words)) if words else false(),
            _includes(Patient.phone_key, phone_key(text)),
            _includes(Patient.email_key, email_key(text)),
        )


def _unmerged(patient: Patient) -> Patient:
    if patient.merged_into_id is not None:
        raise PatientMerged(
            f"Patient {patient.id} has been merged into {patient.merged_into_id}.",
            merged_into_id=patient.merged_into_id,
        )
    return patient


def _details(patient: Patient) -> dict[str, Any]:
    return {field: getattr(patient, field) for field in PatientUpdate.model_fields}


def _as_duplicate(other: Patient, patient: Patient) -> Duplicate:
    return Duplicate(
        id=other.id,
        given_name=other.given_name,
        family_name=other.family_name,
        birth_date=other.birth_date,
        reasons=likely_reasons(patient, other),
    )


def _is_like(patient: Patient, reason: DuplicateReason) -> ColumnElement[bool]:
    values = {column: getattr(patient, column) for column in RECOGNISED_BY[reason]}
    if None in values.values():
        return false()
    return and_(*(getattr(Patient, column) == value for column, value in values.items()))


def _is_named(word: str) -> ColumnElement[bool]:
    return or_(_includes(Patient.given_name_key, word), _includes(Patient.family_name_key, word))


def _includes(column: InstrumentedAttribute[Any], part: str) -> ColumnElement[bool]:
    # Every text includes the empty one: it would find everybody.
    return column.contains(part, autoescape=True) if part else false()
