"""The service for patients."""

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from http import HTTPStatus
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Select, and_, case, false, inspect, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from ...core.clock import utcnow
from ...core.concurrency import lock_keys
from ...core.errors import Conflict, NotFound, Unprocessable
from ...core.events import Event
from ...core.idempotency import forget_responses
from ...core.resource import Conditions, Listing, Resource, record_models, references_to, table_of
from ...core.schemas import ListQuery, Page
from ...core.tenancy import Record
from .models import AccessKind, Patient, PatientAccess
from .rules import (
    COMPARED_COLUMNS,
    DuplicateReason,
    changed_reasons,
    compared_values,
    likely_reasons,
    name_key,
    phone_key,
)
from .schemas import AccessQuery, Duplicate, PatientExport, PatientUpdate

ERASED: dict[str, Any] = {
    "given_name": "Erased",
    "family_name": "Erased",
    "birth_date": dt.date(1900, 1, 1),
    "sex": None,
    "phone": None,
    "email": None,
    "address": None,
}
"""The details of every person whose data was erased."""


class PatientMerged(NotFound):
    """The patient was merged into the one that `records` names."""

    status = HTTPStatus.GONE


class PatientErased(NotFound):
    """The personal data of the patient was erased."""

    status = HTTPStatus.GONE


class PatientService(Resource[Patient]):
    """Patients of the current organisation. Lists and searches leave out merged and erased records."""

    model = Patient
    name = "patient"

    async def create(self, data: BaseModel, *, allow_duplicate: bool = False) -> Patient:
        """Register a patient; raise `Conflict` for a likely duplicate, unless `allow_duplicate` is set."""
        if not allow_duplicate:
            await self._refuse_duplicates(Patient(**data.model_dump()), list(DuplicateReason))
        return await super().create(data)

    async def get(self, record_id: UUID, *, lock: bool = False) -> Patient:
        """Return a patient; raise `NotFound`, or `PatientMerged` or `PatientErased`."""
        return _current(await super().get(record_id, lock=lock))

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

    async def find_similar(
        self,
        person: BaseModel,
        query: ListQuery | None = None,
        *,
        lock: bool = False,
    ) -> Page[Duplicate]:
        """Return the patients who are likely to be a person, most likely first.

        With `lock`, concurrent requests that store a similar patient wait until the transaction ends.
        """
        patient = Patient(**person.model_dump())
        if lock:
            await self._lock_similar(patient, list(DuplicateReason))
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
        records = _with_merged(patient)
        concerned = or_(Event.record_id.in_(records), Event.about.in_(records))
        return await self._listing(Event, [concerned], [Event.occurred_at, Event.id], query or ListQuery())

    def note_access(self, user_id: UUID, kind: AccessKind, *patient_ids: UUID) -> None:
        """Record, in the transaction of the read, that a user reads something about patients."""
        accesses = (PatientAccess(user_id=user_id, kind=kind, patient_id=patient_id) for patient_id in patient_ids)
        self.session.add_all(accesses)

    async def accesses(self, patient_id: UUID, query: AccessQuery | None = None) -> Listing[PatientAccess]:
        """Return who has read something about a patient and the records merged into it, oldest first.

        Raises `NotFound`, but neither `PatientMerged` nor `PatientErased`.
        """
        query = query or AccessQuery()
        patient = await Resource.get(self, patient_id)
        filters = query.model_dump(exclude_none=True)
        conditions = [getattr(PatientAccess, column) == value for column, value in filters.items()]
        conditions.append(PatientAccess.patient_id.in_(_with_merged(patient)))
        return await self._listing(PatientAccess, conditions, [PatientAccess.created_at, PatientAccess.id], query)

    async def export(self, patient_id: UUID) -> PatientExport:
        """Return everything that is stored about a patient in all modules; raise what `get` raises."""
        patient = await self.get(patient_id)
        related = await self._find_related(patient, await self._known_as(patient))
        records: dict[str, list[dict[str, Any]]] = {}
        for model, ids in related.items():
            found = await self.session.scalars(select(model).where(model.id.in_(ids)).order_by(model.created_at))
            records[model.__tablename__] = [_columns(record) for record in found]
        concerned = select(Event).where(_concerning(related)).order_by(Event.occurred_at, Event.id)
        events = await self.session.scalars(concerned)
        return PatientExport(patient_id=patient.id, exported_at=utcnow(), records=records, events=events.all())

    async def erase(self, patient_id: UUID) -> None:
        """Erase the personal data of a patient, in events too; a second call does nothing.

        The event `patient.erased`, of each merged record too, makes other modules erase what they store. In this
        transaction, its `known_as` has what identifies the patient in their records. Raises `NotFound` or `PatientMerged`.
        """
        patient = await Resource.get(self, patient_id, lock=True)
        if patient.erased_at is not None:
            return
        known_as = await self._known_as(_current(patient))
        related = await self._find_related(patient, known_as)
        with_merged = select(Patient).where(Patient.id.in_(related[Patient])).order_by(Patient.id).with_for_update()
        records = await self.session.scalars(with_merged)
        for record in records.all():
            for field, value in ERASED.items():
                setattr(record, field, value)
            record.erased_at = utcnow()
            await self._publish("erased", record, known_as=known_as)
        # Those that were published above, too.
        await self.session.execute(update(Event).where(_concerning(related)).values(data={}))
        await forget_responses(self.session, set().union(*related.values()))

    async def _known_as(self, patient: Patient) -> list[str]:
        # By which texts records mention the patient. Families share numbers and addresses: these do not count.
        found = await self.session.scalars(select(Patient).where(Patient.id.in_(_with_merged(patient))))
        records = found.all()
        others = select(Patient.phone_key, Patient.email).where(
            Patient.referable(),
            Patient.id.not_in([record.id for record in records]),
            or_(
                Patient.phone_key.in_([record.phone_key for record in records]),
                Patient.email.in_([record.email for record in records]),
            ),
        )
        rows = await self.session.execute(others)
        shared = {text for row in rows for text in row}
        texts = {str(record.id) for record in records}
        texts |= {record.email for record in records if record.email and record.email not in shared}
        for record in records:
            # Without a country code, it could be anything.
            if record.phone and record.phone_key and record.phone_key[0] == "+" and record.phone_key not in shared:
                texts |= {record.phone, record.phone_key}
        return sorted(texts)

    async def _find_related(self, patient: Patient, known_as: Sequence[str]) -> dict[type[Record], set[UUID]]:
        # The merged records, those of events about them, those that mention the patient, what refers to all of these,
        # what refers to that and so on.
        related: dict[type[Record], set[UUID]] = {}
        unread: list[tuple[type[Record], Select[UUID]]] = [(Patient, _with_merged(patient))]
        named = select(Event.record_id).where(Event.about.in_(_with_merged(patient)))
        for model in record_models():
            unread.append((model, select(model.id).where(or_(model.id.in_(named), model.mentions(known_as)))))
        while unread:
            model, statement = unread.pop()
            found = await self.session.scalars(statement)
            new = set(found) - related.get(model, set())
            if not new:
                continue
            related[model] = related.get(model, set()) | new
            referring = [(other, column) for other, column in references_to(model) if other]
            unread += [(other, select(other.id).where(column.in_(new))) for other, column in referring]
        return related

    async def _refuse_duplicates(self, patient: Patient, reasons: Sequence[DuplicateReason]) -> None:
        await self._lock_similar(patient, reasons)
        found = await self._find_duplicates(patient, reasons, ListQuery())
        if found.items:
            raise Conflict(
                "A patient like this exists already. Set allow_duplicate if it is another person.",
                records=[{"kind": self.name, **duplicate.model_dump()} for duplicate in found.items],
            )

    async def _lock_similar(self, patient: Patient, reasons: Sequence[DuplicateReason]) -> None:
        # Concurrent requests that store a similar patient wait.
        keys = [("patients", reason, key) for reason in reasons if (key := compared_values(patient, reason))]
        await lock_keys(self.session, *keys)

    async def _find_duplicates(
        self,
        patient: Patient,
        reasons: Sequence[DuplicateReason],
        query: ListQuery,
    ) -> Page[Duplicate]:
        matches = [_matches(patient, reason) for reason in reasons]
        where = [Patient.id != patient.id, Patient.referable(), or_(false(), *matches)]
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
        survivor, duplicate = _current(locked[survivor_id]), locked[duplicate_id]
        if duplicate.merged_into_id is not None:
            raise Conflict(
                f"Patient {duplicate_id} has already been merged.",
                records=[{"kind": self.name, "id": duplicate.merged_into_id}],
            )
        return survivor, _current(duplicate)

    async def _move_references(self, from_id: UUID, to_id: UUID) -> None:
        # In the tables of all modules, this one included: records merged earlier move to the survivor too.
        for model, column in references_to(Patient):
            values = {column: to_id, **_next_version(model)}
            moved = update(model or column.table).where(column == from_id).values(values)
            await self.session.execute(moved)

    def _conditions(self, query: ListQuery) -> Conditions:
        return [*super()._conditions(query), Patient.referable()]

    def _contains(self, text: str) -> ColumnElement[bool]:
        words = [key for key in map(name_key, text.split()) if key]
        return or_(
            and_(*map(_is_named, words)) if words else false(),
            _includes(Patient.phone_key, phone_key(text)),
            _includes(Patient.email, text.lower()),
        )


def _next_version(model: type[Any] | None) -> dict[Any, Any]:
    # An UPDATE of many rows does not raise the versions of records that have one.
    version = inspect(model).version_id_col if model else None
    return {} if version is None else {version: version + 1}


def _current(patient: Patient) -> Patient:
    if patient.erased_at is not None:
        raise PatientErased(f"The data of patient {patient.id} was erased.")
    if patient.merged_into_id is not None:
        raise PatientMerged(
            f"Patient {patient.id} has been merged into {patient.merged_into_id}.",
            records=[{"kind": PatientService.name, "id": patient.merged_into_id}],
        )
    return patient


def _with_merged(patient: Patient) -> Select[UUID]:
    return select(Patient.id).where(or_(Patient.id == patient.id, Patient.merged_into_id == patient.id))


def _concerning(related: Mapping[Any, Set[UUID]]) -> ColumnElement[bool]:
    ids = set().union(*related.values())
    return or_(Event.record_id.in_(ids), Event.about.in_(ids))


def _columns(record: Record) -> dict[str, Any]:
    names = [column.key for column in table_of(type(record)).columns if column.key != "organisation_id"]
    values: dict[str, Any] = to_jsonable_python({name: getattr(record, name) for name in names}, bytes_mode="base64")
    return values


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
