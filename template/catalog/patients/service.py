"""The service for patients."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, case, false, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from ...core.concurrency import lock_keys
from ...core.errors import Conflict, NotFound, Unprocessable
from ...core.events import Event
from ...core.resource import Conditions, Listing, Resource, references_to
from ...core.schemas import ListQuery, Page
from .models import Patient
from .rules import (
    COMPARED_COLUMNS,
    DuplicateReason,
    changed_reasons,
    compared_values,
    likely_reasons,
    name_key,
    phone_key,
)
from .schemas import Duplicate, PatientUpdate


class PatientMerged(NotFound):
    """The patient was merged into the one that `records` names."""

    status = HTTPStatus.GONE


class PatientService(Resource[Patient]):
    """Patients of the current organisation. Lists and searches leave out merged records."""

    model = Patient
    name = "patient"

    async def create(self, data: BaseModel, *, allow_duplicate: bool = False) -> Patient:
        """Register a patient; raise `Conflict` for a likely duplicate, unless `allow_duplicate` is set."""
        if not allow_duplicate:
            await self._refuse_duplicates(Patient(**data.model_dump()), list(DuplicateReason))
        return await super().create(data)

    async def get(self, record_id: UUID, *, lock: bool = False) -> Patient:
        """Return a patient; raise `NotFound`, or `PatientMerged` for a merged record."""
        return _unmerged(await super().get(record_id, lock=lock))

    async def update(self, record_id: UUID, changes: BaseModel, *, allow_duplicate: bool = False) -> Patient:
        """Change a patient; raise `NotFound`, `PatientMerged`, or `Conflict` if the change causes a likely duplicate.

        Only the changed fields are compared: earlier matches were accepted before.
        """
        patient = await self.get(record_id, lock=True)
        values = changes.model_dump(exclude_unset=True)
        if not allow_duplicate:
            changed = Patient(**{**_details(patient), **values})
            await self._refuse_duplicates(changed, changed_reasons(patient, changed))
        return await self._change(patient, values)

    async def duplicates(self, patient_id: UUID, query: ListQuery | None = None) -> Page[Duplicate]:
        """Return the likely duplicates of a patient, most likely first; raise `NotFound` or `PatientMerged`."""
        patient = await self.get(patient_id)
        return await self._find_duplicates(patient, list(DuplicateReason), query or ListQuery())

    async def merge(self, survivor_id: UUID, duplicate_id: UUID) -> Patient:
        """Merge the duplicate into the survivor: fill its empty fields and move all references to it.

        Raises `NotFound`, `PatientMerged` if the survivor is merged itself, `Unprocessable` for a merge into itself,
        and `Conflict` if the duplicate is merged already or moving a reference violates a unique constraint.
        """
        if survivor_id == duplicate_id:
            raise Unprocessable("A patient cannot be merged with itself.", "duplicate_id")
        survivor, duplicate = await self._lock_both(survivor_id, duplicate_id)
        empty = [field for field, value in _details(survivor).items() if value is None]
        gained = {field: value for field, value in _details(duplicate).items() if field in empty and value is not None}
        async with self._writing():
            for field, value in gained.items():
                setattr(survivor, field, value)
            await self._move_references(duplicate_id, survivor_id)
            duplicate.merged_into_id = survivor_id
        await self._publish("merged", survivor, duplicate_id=duplicate_id, gained=sorted(gained))
        await self._publish("superseded", duplicate, survivor_id=survivor_id)
        return survivor

    async def timeline(self, patient_id: UUID, query: ListQuery | None = None) -> Listing[Event]:
        """Return the events of a patient and of the records merged into it, oldest first."""
        patient = await self.get(patient_id)
        records = select(Patient.id).where(or_(Patient.id == patient.id, Patient.merged_into_id == patient.id))
        concerned = or_(Event.record_id.in_(records), Event.about.in_(records))
        return await self._listing(Event, [concerned], [Event.occurred_at, Event.id], query or ListQuery())

    async def _refuse_duplicates(self, patient: Patient, reasons: Sequence[DuplicateReason]) -> None:
        # Concurrent requests that store a similar patient wait.
        keys = [("patients", reason, key) for reason in reasons if (key := compared_values(patient, reason))]
        await lock_keys(self.session, *keys)
        found = await self._find_duplicates(patient, reasons, ListQuery())
        if found.items:
            raise Conflict(
                "A patient like this exists already. Set allow_duplicate if it is another person.",
                records=[{"kind": self.name, **duplicate.model_dump()} for duplicate in found.items],
            )

    async def _find_duplicates(
        self,
        patient: Patient,
        reasons: Sequence[DuplicateReason],
        query: ListQuery,
    ) -> Page[Duplicate]:
        matches = [_matches(patient, reason) for reason in reasons]
        where = [Patient.id != patient.id, Patient.merged_into_id.is_(None), or_(false(), *matches)]
        most_likely_first = [case((match, 0), else_=1) for match in matches]
        found = await self._listing(Patient, where, [*most_likely_first, *self._order()], query)
        items = [
            Duplicate(id=other.id, **_details(other), reasons=likely_reasons(patient, other)) for other in found.items
        ]
        return Page(items=items, next=found.next, total=found.total)

    async def _lock_both(self, survivor_id: UUID, duplicate_id: UUID) -> tuple[Patient, Patient]:
        # One merge at a time: it also locks the records that were merged into the duplicate earlier.
        await lock_keys(self.session, ("patients.merge",))
        # In the same order in which references to them are locked.
        both = sorted((survivor_id, duplicate_id))
        locked = {record_id: await Resource.get(self, record_id, lock=True) for record_id in both}
        survivor, duplicate = _unmerged(locked[survivor_id]), locked[duplicate_id]
        if duplicate.merged_into_id is not None:
            raise Conflict(
                f"Patient {duplicate_id} has already been merged.",
                records=[{"kind": self.name, "id": duplicate.merged_into_id}],
            )
        return survivor, duplicate

    async def _move_references(self, from_id: UUID, to_id: UUID) -> None:
        # In the tables of all modules, this one included: records merged earlier move to the survivor too.
        for model, column in references_to(Patient):
            moved = update(model or column.table).where(column == from_id).values({column: to_id})
            await self.session.execute(moved)

    def _conditions(self, query: ListQuery) -> Conditions:
        return [*super()._conditions(query), Patient.merged_into_id.is_(None)]

    def _contains(self, text: str) -> ColumnElement[bool]:
        words = [key for key in map(name_key, text.split()) if key]
        return or_(
            and_(*map(_is_named, words)) if words else false(),
            _includes(Patient.phone_key, phone_key(text)),
            _includes(Patient.email, text.lower()),
        )


def _unmerged(patient: Patient) -> Patient:
    if patient.merged_into_id is not None:
        raise PatientMerged(
            f"Patient {patient.id} has been merged into {patient.merged_into_id}.",
            records=[{"kind": PatientService.name, "id": patient.merged_into_id}],
        )
    return patient


def _details(patient: Patient) -> dict[str, Any]:
    return {field: getattr(patient, field) for field in PatientUpdate.model_fields}


def _matches(patient: Patient, reason: DuplicateReason) -> ColumnElement[bool]:
    key = compared_values(patient, reason)
    columns = [getattr(Patient, column) for column in COMPARED_COLUMNS[reason]]
    return false() if key is None else and_(*(column == value for column, value in zip(columns, key, strict=True)))


def _is_named(word: str) -> ColumnElement[bool]:
    return or_(_includes(Patient.given_name_key, word), _includes(Patient.family_name_key, word))


def _includes(column: InstrumentedAttribute[Any], part: str) -> ColumnElement[bool]:
    # An empty part would match every patient.
    return column.contains(part, autoescape=True) if part else false()
