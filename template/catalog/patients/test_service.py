"""Tests of the service for patients."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from sqlalchemy import Column, ColumnElement, ForeignKey, String, Table, UniqueConstraint, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable

from your_service.core.clock import utcnow
from your_service.core.database import Base
from your_service.core.errors import Conflict, NotFound, Unprocessable
from your_service.core.events import Event, EventBus, handles
from your_service.core.idempotency import StoredResponse
from your_service.core.resource import Resource, kind_of, table_of
from your_service.core.schemas import ListQuery
from your_service.core.tenancy import Organisation, Record
from your_service.core.users import User
from your_service.modules.patients.models import AccessKind, Patient, Sex
from your_service.modules.patients.rules import DuplicateReason
from your_service.modules.patients.schemas import (
    AccessQuery,
    Duplicate,
    PatientCreate,
    PatientQuery,
    PatientUpdate,
)
from your_service.modules.patients.service import ERASED, PatientErased, PatientMerged, PatientService

from tests.support.checks import find_texts
from tests.support.factories import Factory, Payload
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase, TenantContext

if TYPE_CHECKING:
    from time_machine import Traveller

ADA = {
    "given_name": "Ada",
    "family_name": "Lovelace",
    "birth_date": "1990-05-17",
    "phone": "+49 30 123456",
    "email": "ada@example.com",
}
DETAILS = {"sex": "female", "phone": "+49 30 123456", "email": "ada@example.com", "address": "12 St James's Square"}

visit_numbers = count(1)


class VisitCreate(BaseModel):
    """Fields of a new visit."""

    patient_id: UUID


class VisitService(Resource[Any]):
    """The service of a module that refers to patients."""

    name = "visit"


@pytest.fixture
async def visit_service(
    patient_service: PatientService,
    db_session: AsyncSession,
    event_bus: EventBus,
) -> AsyncIterator[VisitService]:
    """The service of a module that exists only during the test, with one visit per patient and purpose."""
    number = next(visit_numbers)
    model: type[Any] = type(
        f"Visit{number}",
        (Record,),
        {
            "__tablename__": f"patients_test_visits_{number}",
            "__table_args__": (UniqueConstraint("patient_id", "purpose"),),
            "patient_id": Column(ForeignKey("patients.id")),
            "purpose": Column(String(50), default="examination"),
        },
    )
    await db_session.execute(CreateTable(table_of(model)))
    service = VisitService(db_session, event_bus)
    service.model = model
    yield service
    Base.metadata.remove(table_of(model))


@pytest.fixture
async def note_model(visit_service: VisitService, db_session: AsyncSession) -> AsyncIterator[type[Any]]:
    """A model that refers to visits; it exists only during the test."""
    visits = table_of(visit_service.model).name
    values = {
        "__tablename__": f"{visits}_notes",
        "visit_id": Column(ForeignKey(f"{visits}.id")),
        "text": Column(String(50)),
    }
    model: type[Any] = type(f"Note{next(visit_numbers)}", (Record,), values)
    await db_session.execute(CreateTable(table_of(model)))
    yield model
    Base.metadata.remove(table_of(model))


@pytest.fixture
async def call_model(db_session: AsyncSession) -> AsyncIterator[type[Any]]:
    """A model that knows only the address of a person; it exists only during the test."""

    def mentions(cls: Any, texts: Sequence[str]) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = cls.caller.in_(texts)
        return condition

    values = {
        "__tablename__": "patients_test_calls",
        "caller": Column(String(50)),
        "mentions": classmethod(mentions),
    }
    model: type[Any] = type(f"Call{next(visit_numbers)}", (Record,), values)
    await db_session.execute(CreateTable(table_of(model)))
    yield model
    Base.metadata.remove(table_of(model))


@pytest.fixture
async def reminded(db_session: AsyncSession) -> AsyncIterator[Table]:
    """A table without a model that refers to patients; it exists only during the test."""
    table = Table("patients_test_reminded", Base.metadata, Column("patient_id", ForeignKey("patients.id")))
    await db_session.execute(CreateTable(table))
    yield table
    Base.metadata.remove(table)


@pytest.mark.parametrize("field", ["given_name", "family_name", "birth_date"])
def test_create_requires(field: str) -> None:
    payload = {name: value for name, value in ADA.items() if name != field}

    with pytest.raises(ValidationError) as error:
        PatientCreate.model_validate(payload)

    assert [problem["loc"] for problem in error.value.errors()] == [(field,)]


@pytest.mark.parametrize("schema", [PatientCreate, PatientUpdate])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given_name", " "),
        ("given_name", None),
        ("given_name", "\u202eadA"),
        ("family_name", "Love\tlace"),
        ("family_name", "x" * 201),
        ("family_name", None),
        ("birth_date", "2001-02-29"),
        ("birth_date", None),
        ("sex", "no such choice"),
        ("phone", "call me"),
        ("phone", "12"),
        ("phone", "030\n123456"),
        ("phone", "0" + " " * 48 + "30"),
        ("email", "ada at example.com"),
        ("email", "Ada <ada@example.com>"),
        ("address", ""),
        ("merged_into_id", "00000000-0000-4000-8000-000000000001"),
    ],
)
def test_refuses_a_bad_value(schema: type[PatientCreate | PatientUpdate], field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        schema.model_validate({**ADA, field: value})

    assert [problem["loc"] for problem in error.value.errors()] == [(field,)]


@pytest.mark.usefixtures("frozen_time")
@pytest.mark.parametrize("schema", [PatientCreate, PatientUpdate])
def test_birth_date_must_not_be_in_the_future(schema: type[PatientCreate | PatientUpdate]) -> None:
    latest = (FROZEN_NOW + timedelta(hours=14)).date()

    assert schema.model_validate({**ADA, "birth_date": latest}).birth_date == latest
    with pytest.raises(ValidationError, match="must not be in the future"):
        schema.model_validate({**ADA, "birth_date": latest + timedelta(days=1)})


@pytest.fixture
async def jose(make_patient: Factory[Patient]) -> Patient:
    """The patient to search for; another patient exists too."""
    await make_patient(given_name="Grace", family_name="Hopper", phone="555 0100", email="grace@example.org")
    return await make_patient(
        given_name="José",
        family_name="García-López",
        phone="+49 (0)30 123-456",
        email="Jose.Garcia@example.com",
    )


class TestPatientService(ServiceTestCase[PatientService]):
    service_class = PatientService

    async def test_create_stores_all_fields(self) -> None:
        data = PatientCreate.model_validate({**ADA, **DETAILS})

        created = await self.service.create(data)

        stored = await self.service.get(created.id)
        assert {field: getattr(stored, field) for field in data.model_dump()} == data.model_dump()

    async def test_create_requires_only_names_and_birth_date(self) -> None:
        data = PatientCreate(given_name="Ada", family_name="Lovelace", birth_date=date(1990, 5, 17))

        created = await self.service.create(data)

        assert [getattr(created, field) for field in DETAILS] == [None, None, None, None]

    async def test_create_publishes_an_event(self) -> None:
        created = await self.service.create(PatientCreate.model_validate(ADA))

        (event,) = self.published_events
        assert (event.name, event.record_id) == ("patient.created", created.id)

    @pytest.mark.parametrize("sex", ["female", "male", "other"])
    async def test_sex_accepts_each_choice(self, make_patient: Factory[Patient], sex: str) -> None:
        patient = await make_patient(sex=sex)

        assert patient.sex == sex

    async def test_phone_keeps_its_spelling(self, make_patient: Factory[Patient]) -> None:
        patient = await make_patient(phone=" 0049 (0)30 12-34-56 ")

        assert (patient.phone, patient.phone_key) == ("0049 (0)30 12-34-56", "+4930123456")

    async def test_list_returns_a_page_and_the_total(self, make_patient: Factory[Patient]) -> None:
        made = [await make_patient() for _ in range(3)]

        first = await self.service.list(ListQuery(limit=2, with_total=True))
        second = await self.service.list(ListQuery(limit=2, cursor=first.next))

        assert [patient.id for patient in [*first.items, *second.items]] == [patient.id for patient in made]
        assert (len(first.items), first.total, second.next) == (2, 3, None)

    async def test_list_filters_by_birth_date(self, make_patient: Factory[Patient]) -> None:
        expected = await make_patient(birth_date="1990-05-17")
        await make_patient(birth_date="1990-05-18")

        listing = await self.service.list(PatientQuery(birth_date=date(1990, 5, 17)))

        assert [patient.id for patient in listing.items] == [expected.id]

    async def test_search_finds(self, jose: Patient) -> None:
        searches = [
            "José",
            "García-López",
            "José García-López",
            "García-López José",
            "lopez, jose",
            "GARCIA LOPEZ",
            "arc",
            "gar - os",
            "+49 (0)30 123-456",
            "0049 30 123456",
            "(00 49) 30/123.456",
            "123 456",
            "Jose.Garcia@example.com",
            "JOSE.GARCIA@EXAMPLE",
        ]

        listings = {search: await self.service.list(PatientQuery(search=search)) for search in searches}

        assert [search for search in searches if listings[search].items != [jose]] == []

    async def test_search_does_not_find(self, jose: Patient) -> None:
        searches = ["José Hopper", "osega", "garcia@example.org", "4930124", "%", "_", "-"]

        listings = {search: await self.service.list(PatientQuery(search=search)) for search in searches}

        assert [search for search, listing in listings.items() if jose in listing.items] == []

    @pytest.mark.parametrize(
        ("details", "reasons"),
        [
            (
                {"given_name": "ADA", "family_name": "Lóve-Lace", "birth_date": "1990-05-17"},
                [DuplicateReason.NAME_AND_BIRTH_DATE],
            ),
            (
                {"given_name": "Ada Love", "family_name": "Lace", "birth_date": "1990-05-17"},
                [DuplicateReason.NAME_AND_BIRTH_DATE],
            ),
            ({"phone": "0049 (30) 12-34-56"}, [DuplicateReason.PHONE]),
            ({"email": "ADA@example.com"}, [DuplicateReason.EMAIL]),
            (ADA, [DuplicateReason.NAME_AND_BIRTH_DATE, DuplicateReason.PHONE, DuplicateReason.EMAIL]),
        ],
    )
    async def test_create_refuses_a_likely_duplicate(
        self,
        make_patient: Factory[Patient],
        patient_payload: Payload,
        details: dict[str, Any],
        reasons: list[DuplicateReason],
    ) -> None:
        ada = await make_patient(**ADA)

        with pytest.raises(Conflict) as error:
            await self.service.create(PatientCreate(**patient_payload(**details)))

        duplicate = Duplicate(
            id=ada.id,
            given_name="Ada",
            family_name="Lovelace",
            birth_date=date(1990, 5, 17),
            reasons=reasons,
        )
        assert error.value.detail == "A patient like this exists already. Set allow_duplicate if it is another person."
        assert error.value.hints == {"records": [{"kind": "patient", **duplicate.model_dump()}]}
        listing = await self.service.list()
        assert len(listing.items) == 1

    @pytest.mark.parametrize(
        "details",
        [
            {"given_name": "Ada", "family_name": "Lovelace"},
            {"birth_date": "1990-05-17"},
            {"given_name": "Ada", "family_name": "Byron", "birth_date": "1990-05-17"},
            {"phone": "+49 30 123457"},
            {"email": "ada@example.org"},
        ],
    )
    async def test_create_accepts_a_partly_similar_patient(
        self,
        make_patient: Factory[Patient],
        patient_payload: Payload,
        details: dict[str, Any],
    ) -> None:
        ada = await make_patient(**ADA)

        created = await self.service.create(PatientCreate(**patient_payload(**details)))

        assert created.id != ada.id

    async def test_empty_phone_and_email_do_not_match(
        self,
        make_patient: Factory[Patient],
        patient_payload: Payload,
    ) -> None:
        await make_patient(phone=None, email=None)

        created = await self.service.create(PatientCreate(**patient_payload(phone=None, email=None)))

        duplicates = await self.service.duplicates(created.id)
        assert duplicates.items == []

    async def test_create_accepts_a_duplicate_if_allowed(self) -> None:
        data = PatientCreate.model_validate(ADA)
        ada = await self.service.create(data)

        namesake = await self.service.create(data, allow_duplicate=True)

        duplicates = await self.service.duplicates(ada.id)
        assert [found.id for found in duplicates.items] == [namesake.id]

    async def test_a_patient_of_another_organisation_is_not_a_duplicate(self, other_org: Organisation) -> None:
        data = PatientCreate.model_validate(ADA)
        with TenantContext(other_org):
            await self.service.create(data)

        created = await self.service.create(data)

        duplicates = await self.service.duplicates(created.id)
        assert duplicates.items == []

    async def test_duplicates_are_sorted_by_reason(self, make_patient: Factory[Patient]) -> None:
        ada = await make_patient(**ADA)
        same_email = await make_patient(email=ADA["email"])
        same_phone = await make_patient(phone=ADA["phone"])
        same_name = await make_patient(**{**ADA, "phone": None, "email": None})
        same_name_and_phone = await make_patient(**{**ADA, "email": None})

        page = await self.service.duplicates(ada.id)

        assert [(found.id, found.reasons) for found in page.items] == [
            (same_name_and_phone.id, [DuplicateReason.NAME_AND_BIRTH_DATE, DuplicateReason.PHONE]),
            (same_name.id, [DuplicateReason.NAME_AND_BIRTH_DATE]),
            (same_phone.id, [DuplicateReason.PHONE]),
            (same_email.id, [DuplicateReason.EMAIL]),
        ]

    async def test_duplicates_are_paged_oldest_first(
        self,
        make_patient: Factory[Patient],
        frozen_time: "Traveller",
    ) -> None:
        ada = await make_patient(**ADA)
        newest_first = []
        for _ in range(3):
            newest_first.append(await make_patient(**ADA))
            frozen_time.shift(-1)

        first = await self.service.duplicates(ada.id, ListQuery(limit=2, with_total=True))
        second = await self.service.duplicates(ada.id, ListQuery(limit=2, cursor=first.next))

        assert [found.id for found in first.items] == [newest_first[2].id, newest_first[1].id]
        assert [found.id for found in second.items] == [newest_first[0].id]
        assert (first.total, second.next) == (3, None)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("given_name", "Augusta"),
            ("family_name", "King"),
            ("birth_date", date(1990, 5, 18)),
            ("sex", Sex.OTHER),
            ("phone", "112"),
            ("phone", None),
            ("email", "countess@example.com"),
            ("email", None),
            ("address", "Ockham Park"),
            ("address", None),
        ],
    )
    async def test_update_changes_only_one_field(self, make_patient: Factory[Patient], field: str, value: Any) -> None:
        patient = await make_patient(**{**ADA, **DETAILS})
        before = {name: getattr(patient, name) for name in PatientCreate.model_fields}

        updated = await self.service.update(patient.id, PatientUpdate.model_validate({field: value}))

        after = {name: getattr(updated, name) for name in PatientCreate.model_fields}
        assert after == {**before, field: value} != before

    async def test_update_publishes_the_changed_fields(self, test_patient: Patient) -> None:
        await self.service.update(test_patient.id, PatientUpdate(phone="112", address="Ockham Park"))

        _, event = self.published_events
        assert (event.name, event.record_id) == ("patient.updated", test_patient.id)
        assert event.data == {"fields": ["address", "phone"]}

    async def test_search_finds_updated_values(self, test_patient: Patient) -> None:
        changes = PatientUpdate(given_name="Björk", family_name="Ångström", phone="00354 555", email="Bjork@example.is")

        await self.service.update(test_patient.id, changes)

        for search in ("bjork", "angstrom", "+354555", "bjork@example.is"):
            listing = await self.service.list(PatientQuery(search=search))
            assert len(listing.items) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"given_name": "Ada", "family_name": "Lovelace", "birth_date": "1990-05-17"},
            {"phone": "004930123456"},
            {"email": "Ada@Example.com"},
        ],
    )
    async def test_update_refuses_a_likely_duplicate(
        self,
        make_patient: Factory[Patient],
        test_patient: Patient,
        changes: dict[str, Any],
    ) -> None:
        ada = await make_patient(**ADA)

        with pytest.raises(Conflict) as error:
            await self.service.update(test_patient.id, PatientUpdate.model_validate(changes))

        assert [duplicate["id"] for duplicate in error.value.hints["records"]] == [ada.id]
        duplicates = await self.service.duplicates(ada.id)
        assert duplicates.items == []

    async def test_update_accepts_a_duplicate_if_allowed(
        self,
        make_patient: Factory[Patient],
        test_patient: Patient,
    ) -> None:
        mother = await make_patient(**ADA)

        child = await self.service.update(test_patient.id, PatientUpdate(phone=mother.phone), allow_duplicate=True)

        assert child.phone == mother.phone

    @pytest.mark.parametrize("changes", [{"address": "Ockham Park"}, {"phone": "0049 30 123456"}, ADA])
    async def test_update_ignores_matches_that_existed_before(
        self,
        make_patient: Factory[Patient],
        changes: dict[str, Any],
    ) -> None:
        await make_patient(**ADA)
        namesake = await make_patient(**ADA)

        updated = await self.service.update(namesake.id, PatientUpdate.model_validate(changes))

        assert {field: str(getattr(updated, field)) for field in changes} == changes

    async def test_delete(self, test_patient: Patient) -> None:
        await self.service.delete(test_patient.id)

        with pytest.raises(NotFound):
            await self.service.get(test_patient.id)
        _, event = self.published_events
        assert (event.name, event.record_id) == ("patient.deleted", test_patient.id)

    async def test_delete_is_refused_while_another_record_refers_to_the_patient(
        self,
        visit_service: VisitService,
        test_patient: Patient,
        make_patient: Factory[Patient],
    ) -> None:
        # It would be deleted with the patient.
        merged = await make_patient()
        await self.service.merge(test_patient.id, merged.id)
        visit = await visit_service.create(VisitCreate(patient_id=test_patient.id))

        with pytest.raises(Conflict) as error:
            await self.service.delete(test_patient.id)

        kind = kind_of(visit_service.model)
        assert error.value.detail == f"This patient is needed by {kind} {visit.id}."
        assert error.value.hints == {"records": [{"kind": kind, "id": visit.id}]}
        listing = await self.service.list()
        assert len(listing.items) == 1

    async def test_delete_also_deletes_merged_records(self, make_patient: Factory[Patient]) -> None:
        survivor, duplicate = await make_patient(), await make_patient()
        await self.service.merge(survivor.id, duplicate.id)

        await self.service.delete(survivor.id)

        with pytest.raises(NotFound) as error:
            await self.service.get(duplicate.id)
        assert (error.value.fields, error.value.hints) == ((), {})

    async def test_merge_keeps_the_values_of_the_survivor(self, make_patient: Factory[Patient]) -> None:
        survivor = await make_patient(**{**ADA, **DETAILS})
        duplicate = await make_patient(sex="male", address="Ockham Park")
        before = {name: getattr(survivor, name) for name in PatientCreate.model_fields}

        merged = await self.service.merge(survivor.id, duplicate.id)

        assert merged.id == survivor.id
        assert {name: getattr(merged, name) for name in PatientCreate.model_fields} == before

    async def test_merge_fills_empty_fields_of_the_survivor(self, make_patient: Factory[Patient]) -> None:
        survivor = await make_patient(sex=None, phone=None, email=None, address=None)
        duplicate = await make_patient(**DETAILS)

        merged = await self.service.merge(survivor.id, duplicate.id)

        assert {field: getattr(merged, field) for field in DETAILS} == DETAILS
        found = await self.service.list(PatientQuery(search="30 123456"))
        assert [patient.id for patient in found.items] == [survivor.id]

    async def test_merge_publishes_an_event_for_each_record(self, make_patient: Factory[Patient]) -> None:
        survivor = await make_patient(phone=None, sex="female", address=None)
        duplicate = await make_patient(phone="112", sex="male", address="Ockham Park")

        await self.service.merge(survivor.id, duplicate.id)

        assert [(event.name, event.record_id, event.data) for event in self.published_events[2:]] == [
            ("patient.merged", survivor.id, {"duplicate_id": str(duplicate.id), "gained": ["address", "phone"]}),
            ("patient.superseded", duplicate.id, {"survivor_id": str(survivor.id)}),
        ]

    async def test_a_merged_patient_refers_to_the_survivor(self, make_patient: Factory[Patient]) -> None:
        survivor, duplicate = await make_patient(), await make_patient()
        await self.service.merge(survivor.id, duplicate.id)

        with pytest.raises(PatientMerged) as error:
            await self.service.get(duplicate.id)

        assert error.value.detail == f"Patient {duplicate.id} has been merged into {survivor.id}."
        assert error.value.hints == {"records": [{"kind": "patient", "id": survivor.id}]}

    async def test_a_merged_patient_cannot_be_used(self, make_patient: Factory[Patient]) -> None:
        survivor, duplicate, other = await make_patient(), await make_patient(), await make_patient()
        await self.service.merge(survivor.id, duplicate.id)

        with pytest.raises(PatientMerged):
            await self.service.update(duplicate.id, PatientUpdate(phone="112"), allow_duplicate=True)
        with pytest.raises(PatientMerged):
            await self.service.delete(duplicate.id)
        with pytest.raises(PatientMerged):
            await self.service.duplicates(duplicate.id)
        with pytest.raises(PatientMerged):
            await self.service.timeline(duplicate.id)
        with pytest.raises(PatientMerged):
            await self.service.merge(duplicate.id, other.id)

    async def test_a_merged_patient_is_neither_listed_nor_searched(self, make_patient: Factory[Patient]) -> None:
        survivor, duplicate = await make_patient(), await make_patient(given_name="Needle")
        await self.service.merge(survivor.id, duplicate.id)

        listing = await self.service.list()

        assert [patient.id for patient in listing.items] == [survivor.id]
        found = await self.service.list(PatientQuery(search="needle"))
        assert found.items == []

    async def test_a_merged_patient_is_not_a_duplicate(self, make_patient: Factory[Patient]) -> None:
        survivor, duplicate = await make_patient(), await make_patient(**ADA)
        await self.service.merge(survivor.id, duplicate.id)

        created = await self.service.create(PatientCreate.model_validate(ADA))

        duplicates = await self.service.duplicates(created.id)
        assert duplicates.items == []

    async def test_a_patient_cannot_be_merged_with_itself(self, test_patient: Patient) -> None:
        with pytest.raises(Unprocessable) as error:
            await self.service.merge(test_patient.id, test_patient.id)

        assert error.value.detail == "A patient cannot be merged with itself."
        assert error.value.fields == ("duplicate_id",)

    async def test_a_merged_patient_cannot_be_merged_again(self, make_patient: Factory[Patient]) -> None:
        survivor, duplicate, other = await make_patient(), await make_patient(), await make_patient()
        await self.service.merge(survivor.id, duplicate.id)

        with pytest.raises(Conflict) as error:
            await self.service.merge(other.id, duplicate.id)

        assert error.value.detail == f"Patient {duplicate.id} has already been merged."
        assert error.value.hints == {"records": [{"kind": "patient", "id": survivor.id}]}

    async def test_merge_requires_existing_patients(self, test_patient: Patient) -> None:
        with pytest.raises(NotFound):
            await self.service.merge(test_patient.id, uuid4())
        with pytest.raises(NotFound):
            await self.service.merge(uuid4(), test_patient.id)

    async def test_merge_also_moves_records_merged_earlier(self, make_patient: Factory[Patient]) -> None:
        first, second, last = await make_patient(), await make_patient(), await make_patient()
        await self.service.merge(second.id, first.id)

        await self.service.merge(last.id, second.id)

        for merged in (first, second):
            with pytest.raises(PatientMerged) as error:
                await self.service.get(merged.id)
            assert error.value.hints == {"records": [{"kind": "patient", "id": last.id}]}

    async def test_merge_moves_references_of_other_modules(
        self,
        visit_service: VisitService,
        make_patient: Factory[Patient],
    ) -> None:
        survivor, duplicate, other = await make_patient(), await make_patient(), await make_patient()
        visit = await visit_service.create(VisitCreate(patient_id=duplicate.id))
        unconcerned = await visit_service.create(VisitCreate(patient_id=other.id))

        await self.service.merge(survivor.id, duplicate.id)

        assert (visit.patient_id, unconcerned.patient_id) == (survivor.id, other.id)

    async def test_merge_moves_the_rows_of_a_table_without_a_model(
        self,
        make_patient: Factory[Patient],
        reminded: Table,
    ) -> None:
        survivor, duplicate, other = await make_patient(), await make_patient(), await make_patient()
        for patient in (duplicate, other):
            await self.session.execute(insert(reminded).values(patient_id=patient.id))

        await self.service.merge(survivor.id, duplicate.id)

        rows = await self.session.scalars(select(reminded.c.patient_id))
        assert set(rows) == {survivor.id, other.id}

    async def test_merge_that_violates_a_constraint_changes_nothing(
        self,
        visit_service: VisitService,
        make_patient: Factory[Patient],
    ) -> None:
        survivor, duplicate, merged = await make_patient(phone=None), await make_patient(), await make_patient()
        await self.service.merge(duplicate.id, merged.id)
        for patient in (survivor, duplicate):
            await visit_service.create(VisitCreate(patient_id=patient.id))
        self.published_events.clear()

        with pytest.raises(Conflict):
            await self.service.merge(survivor.id, duplicate.id)

        for patient in (survivor, duplicate, merged):
            await self.session.refresh(patient)
        assert survivor.phone is None
        assert duplicate.merged_into_id is None
        assert merged.merged_into_id == duplicate.id
        assert self.published_events == []

    async def test_new_records_cannot_refer_to_a_merged_patient(
        self,
        visit_service: VisitService,
        make_patient: Factory[Patient],
    ) -> None:
        survivor, duplicate = await make_patient(), await make_patient()
        await self.service.merge(survivor.id, duplicate.id)

        with pytest.raises(Unprocessable) as error:
            await visit_service.create(VisitCreate(patient_id=duplicate.id))

        assert error.value.fields == ("patient_id",)

    async def test_timeline_lists_the_events_of_a_patient(self, make_patient: Factory[Patient]) -> None:
        patient = await make_patient()
        visit_id = uuid4()
        await self.service.update(patient.id, PatientUpdate(phone="112"))
        await self.events.publish("visit.created", visit_id, about=patient.id)
        await make_patient()
        await self.events.publish("visit.created", uuid4())

        timeline = await self.service.timeline(patient.id)

        assert [(event.name, event.record_id) for event in timeline.items] == [
            ("patient.created", patient.id),
            ("patient.updated", patient.id),
            ("visit.created", visit_id),
        ]

    async def test_timeline_includes_merged_records(self, make_patient: Factory[Patient]) -> None:
        first, second, last = await make_patient(), await make_patient(), await make_patient()
        await self.events.publish("visit.created", uuid4(), about=first.id)
        await self.service.merge(second.id, first.id)
        await self.service.merge(last.id, second.id)
        of_these_three = [*self.published_events]
        await make_patient()

        timeline = await self.service.timeline(last.id)

        assert timeline.items == of_these_three

    async def test_timeline_is_paged(self, test_patient: Patient) -> None:
        for number in range(3):
            await self.events.publish(f"visit.{number}", uuid4(), about=test_patient.id)

        page = await self.service.timeline(test_patient.id, ListQuery(limit=2, offset=1, with_total=True))

        assert [event.name for event in page.items] == ["visit.0", "visit.1"]
        assert page.total == 4

    async def test_timeline_is_ordered_by_time(self, test_patient: Patient, frozen_time: "Traveller") -> None:
        newest_first = []
        for _ in range(3):
            newest_first.append(await self.events.publish("visit.created", uuid4(), about=test_patient.id))
            frozen_time.shift(-1)

        timeline = await self.service.timeline(test_patient.id)

        visits = [event for event in timeline.items if event.name == "visit.created"]
        assert visits == newest_first[::-1]

    @pytest.mark.usefixtures("frozen_time")
    async def test_timeline_sorts_events_of_the_same_time_by_id(self) -> None:
        ada = await self.service.create(PatientCreate.model_validate(ADA))
        for _ in range(5):
            await self.events.publish("visit.created", uuid4(), about=ada.id)

        timeline = await self.service.timeline(ada.id)

        found = [event.id for event in timeline.items]
        assert found == sorted(found)


PLANTED = {
    "given_name": "Planted-given-name",
    "family_name": "Planted-family-name",
    "birth_date": "1915-12-10",
    "sex": "other",
    "phone": "+1 202 555 0142",
    "email": "planted@example.com",
    "address": "Planted Street 1",
}
TRACES = ("planted", "5550142", "555 0142", "1915-12-10")


class TestPersonalData(ServiceTestCase[PatientService]):
    service_class = PatientService

    async def test_accesses_are_listed_in_order(
        self,
        make_patient: Factory[Patient],
        acting_user: User,
        frozen_time: "Traveller",
    ) -> None:
        patient, other = await make_patient(), await make_patient()
        self.service.note_access(acting_user.id, AccessKind.LIST, patient.id, other.id)
        await self.session.flush()
        frozen_time.shift(1)
        self.service.note_access(acting_user.id, AccessKind.RECORD, patient.id)

        listing = await self.service.accesses(patient.id)

        assert [(access.user_id, access.patient_id, access.kind, access.created_at) for access in listing.items] == [
            (acting_user.id, patient.id, AccessKind.LIST, FROZEN_NOW),
            (acting_user.id, patient.id, AccessKind.RECORD, FROZEN_NOW + timedelta(seconds=1)),
        ]

    async def test_accesses_are_filtered_and_paged(
        self,
        test_patient: Patient,
        acting_user: User,
        admin_user: User,
    ) -> None:
        for user in (acting_user, admin_user):
            self.service.note_access(user.id, AccessKind.RECORD, test_patient.id)
        self.service.note_access(admin_user.id, AccessKind.EXPORT, test_patient.id)

        by_user = await self.service.accesses(test_patient.id, AccessQuery(user_id=admin_user.id))
        by_kind = await self.service.accesses(test_patient.id, AccessQuery(kind=AccessKind.RECORD))
        page = await self.service.accesses(test_patient.id, AccessQuery(limit=2, with_total=True))

        assert {access.kind for access in by_user.items} == {AccessKind.RECORD, AccessKind.EXPORT}
        assert {access.user_id for access in by_kind.items} == {acting_user.id, admin_user.id}
        assert (len(page.items), page.total, page.next is not None) == (2, 3, True)

    async def test_accesses_include_merged_and_erased_records(
        self,
        make_patient: Factory[Patient],
        acting_user: User,
    ) -> None:
        survivor, duplicate = await make_patient(), await make_patient()
        for patient in (survivor, duplicate):
            self.service.note_access(acting_user.id, AccessKind.RECORD, patient.id)
        await self.service.merge(survivor.id, duplicate.id)
        await self.service.erase(survivor.id)

        listing = await self.service.accesses(survivor.id)

        assert {access.patient_id for access in listing.items} == {survivor.id, duplicate.id}

    async def test_accesses_require_an_existing_patient(self) -> None:
        with pytest.raises(NotFound):
            await self.service.accesses(uuid4())

    @pytest.mark.usefixtures("frozen_time")
    async def test_export_contains_the_records_of_all_modules(
        self,
        make_patient: Factory[Patient],
        visit_service: VisitService,
        note_model: type[Any],
        reminded: Table,
    ) -> None:
        patient, duplicate, other = await make_patient(**ADA), await make_patient(), await make_patient()
        await self.service.merge(patient.id, duplicate.id)
        visits = [await visit_service.create(VisitCreate(patient_id=each.id)) for each in (patient, other)]
        notes = [note_model(visit_id=visit.id, text="Headache") for visit in visits]
        self.session.add_all(notes)
        call = visit_service.model()
        self.session.add(call)
        await self.session.flush()
        await self.events.publish("call.ended", call.id, about=duplicate.id)
        await self.session.execute(insert(reminded).values(patient_id=patient.id))

        export = await self.service.export(patient.id)

        assert (export.patient_id, export.exported_at) == (patient.id, FROZEN_NOW)
        found = {table: {row["id"] for row in rows} for table, rows in export.records.items() if rows}
        assert found == {
            "patients": {str(patient.id), str(duplicate.id)},
            visit_service.model.__tablename__: {str(visits[0].id), str(call.id)},
            note_model.__tablename__: {str(notes[0].id)},
        }
        [ada] = [row for row in export.records["patients"] if row["id"] == str(patient.id)]
        assert ada.items() >= ADA.items()
        assert "organisation_id" not in ada

    async def calls_of(self, patient: Patient, model: type[Any], *callers: str) -> set[str]:
        """Return those callers whose calls the export of a patient contains, each with its event."""
        calls = [model(caller=caller) for caller in callers]
        self.session.add_all(calls)
        await self.session.flush()
        for call in calls:
            await self.events.publish("call.ended", call.id, caller=call.caller)
        export = await self.service.export(patient.id)
        found = {str(row["caller"]) for row in export.records.get(model.__tablename__, [])}
        assert {event.data["caller"] for event in export.events if event.name == "call.ended"} == found
        return found

    async def test_export_contains_records_that_mention_the_patient(
        self,
        make_patient: Factory[Patient],
        call_model: type[Any],
    ) -> None:
        patient = await make_patient(phone="+49 30 123456", email="Ada@example.com")
        duplicate = await make_patient(phone="+49 30 999", email=None)
        await self.service.merge(patient.id, duplicate.id)
        theirs = {"+49 30 123456", "+4930123456", "+4930999", "ada@example.com", str(patient.id), str(duplicate.id)}

        found = await self.calls_of(patient, call_model, *theirs, "+4930123457", "030 123456", str(uuid4()))

        assert found == theirs

    async def test_an_address_of_several_patients_mentions_none_of_them(
        self,
        make_patient: Factory[Patient],
        call_model: type[Any],
    ) -> None:
        patient, _ = await make_patient(**ADA), await make_patient(phone="0049 30 123456", email=None)
        await make_patient(phone=None, email="ADA@example.com")

        assert await self.calls_of(patient, call_model, "+49 30 123456", "+4930123456", "ada@example.com") == set()

    async def test_an_address_that_only_an_erased_patient_shared_counts(
        self,
        make_patient: Factory[Patient],
        other_org: Organisation,
        call_model: type[Any],
    ) -> None:
        patient, other = await make_patient(**ADA), await make_patient(**ADA)
        with TenantContext(other_org):
            await make_patient(**ADA)
        await self.service.erase(other.id)

        assert await self.calls_of(patient, call_model, "+4930123456", "ada@example.com") == {
            "+4930123456",
            "ada@example.com",
        }

    async def test_a_number_without_a_country_code_mentions_nobody(
        self,
        make_patient: Factory[Patient],
        call_model: type[Any],
    ) -> None:
        patient = await make_patient(phone="112", email=None)

        assert await self.calls_of(patient, call_model, "112") == set()

    async def test_export_contains_the_events(
        self,
        make_patient: Factory[Patient],
        visit_service: VisitService,
    ) -> None:
        patient, other = await make_patient(), await make_patient()
        visit = await visit_service.create(VisitCreate(patient_id=patient.id))
        await self.service.update(patient.id, PatientUpdate(phone="112"))
        about = await self.events.publish("call.ended", uuid4(), about=patient.id, minutes=3)
        await self.events.publish("call.ended", uuid4(), about=other.id)

        export = await self.service.export(patient.id)

        assert [(event.name, event.record_id, event.data) for event in export.events] == [
            ("patient.created", patient.id, {}),
            ("visit.created", visit.id, {}),
            ("patient.updated", patient.id, {"fields": ["phone"]}),
            ("call.ended", about.record_id, {"minutes": 3}),
        ]

    async def test_erase_leaves_nothing_of_the_person(
        self,
        make_patient: Factory[Patient],
        visit_service: VisitService,
        acting_user: User,
    ) -> None:
        patient, duplicate = await make_patient(**PLANTED), await make_patient(**PLANTED)
        await self.service.merge(patient.id, duplicate.id)
        visit = await visit_service.create(VisitCreate(patient_id=patient.id))
        await self.events.publish("call.ended", uuid4(), about=duplicate.id, summary="Planted summary")
        await self.events.publish("visit.moved", visit.id, reason="Planted reason")
        self.session.add(stored_response(acting_user, id=visit.id, reason="Planted reason"))
        columns = {f"patients.{column}" for column in (*PLANTED, "given_name_key", "family_name_key", "phone_key")}
        assert await find_texts(self.session, *TRACES) == columns - {"patients.sex"} | {
            "core_events.data",
            "core_stored_responses.body",
        }

        await self.service.erase(patient.id)

        assert await find_texts(self.session, *TRACES) == set()
        erased = {event.record_id for event in self.published_events if event.name == "patient.erased"}
        assert erased == {patient.id, duplicate.id}
        for record in (patient, duplicate):
            await self.session.refresh(record)
            assert (record.given_name, record.sex, record.erased_at is None) == ("Erased", None, False)

    @pytest.mark.usefixtures("no_handlers")
    async def test_modules_know_whom_to_erase_in_this_transaction_only(self, make_patient: Factory[Patient]) -> None:
        known: list[Any] = []

        @handles("patient.erased")
        async def erase(events: EventBus, event: Event) -> None:
            known.append(event.data["known_as"])

        patient, duplicate = await make_patient(**PLANTED), await make_patient(phone=None, email=None)
        await self.service.merge(patient.id, duplicate.id)

        await self.service.erase(patient.id)

        texts = {str(patient.id), str(duplicate.id), "+1 202 555 0142", "+12025550142", "planted@example.com"}
        assert [set(each) for each in known] == [texts, texts]
        stored = await self.session.scalars(select(Event.data).where(Event.name == "patient.erased"))
        assert stored.all() == [{}, {}]

    async def test_erase_empties_the_events_of_records_that_mention_the_patient(
        self,
        make_patient: Factory[Patient],
        call_model: type[Any],
        acting_user: User,
    ) -> None:
        patient = await make_patient(**ADA)
        await self.calls_of(patient, call_model, "+4930123456", "+4930999")
        call_id = await self.session.scalar(select(call_model.id).where(call_model.caller == "+4930123456"))
        self.session.add(stored_response(acting_user, id=call_id))

        await self.service.erase(patient.id)

        events = await self.session.scalars(select(Event.data).where(Event.name == "call.ended"))
        assert sorted(each.get("caller", "") for each in events) == ["", "+4930999"]
        assert await self.session.scalar(select(StoredResponse.id)) is None

    async def test_erase_leaves_other_persons_alone(self, make_patient: Factory[Patient], acting_user: User) -> None:
        patient, other = await make_patient(), await make_patient(**PLANTED)
        await self.events.publish("call.ended", uuid4(), about=other.id, summary="Planted summary")
        self.session.add(stored_response(acting_user, id=other.id, email="planted@example.com"))
        before = await find_texts(self.session, *TRACES)

        await self.service.erase(patient.id)

        await self.session.refresh(other)
        assert await find_texts(self.session, *TRACES) == before
        assert other.erased_at is None

    @pytest.mark.usefixtures("frozen_time")
    async def test_erase_publishes_one_event(self, test_patient: Patient) -> None:
        await self.service.erase(test_patient.id)
        await self.service.erase(test_patient.id)

        assert test_patient.erased_at == FROZEN_NOW
        _, event = self.published_events
        assert (event.name, event.record_id, event.data) == ("patient.erased", test_patient.id, {})

    async def test_an_erased_patient_cannot_be_used(self, make_patient: Factory[Patient]) -> None:
        erased, other = await make_patient(), await make_patient()
        await self.service.erase(erased.id)

        with pytest.raises(PatientErased, match=f"The data of patient {erased.id} was erased"):
            await self.service.get(erased.id)
        with pytest.raises(PatientErased):
            await self.service.update(erased.id, PatientUpdate(phone="112"), allow_duplicate=True)
        with pytest.raises(PatientErased):
            await self.service.timeline(erased.id)
        with pytest.raises(PatientErased):
            await self.service.export(erased.id)
        for survivor_id, duplicate_id in ((erased.id, other.id), (other.id, erased.id)):
            with pytest.raises(PatientErased):
                await self.service.merge(survivor_id, duplicate_id)

    async def test_an_erased_patient_is_neither_listed_nor_a_duplicate(self, make_patient: Factory[Patient]) -> None:
        erased, other = await make_patient(), await make_patient()
        for patient in (erased, other):
            await self.service.erase(patient.id)

        listing = await self.service.list()
        found = await self.service.list(PatientQuery(search="Erased"))
        similar = await self.service.find_similar(PatientCreate.model_validate(ERASED))

        assert (listing.items, found.items, similar.items) == ([], [], [])

    async def test_new_records_cannot_refer_to_an_erased_patient(
        self,
        visit_service: VisitService,
        test_patient: Patient,
    ) -> None:
        await self.service.erase(test_patient.id)

        with pytest.raises(Unprocessable) as error:
            await visit_service.create(VisitCreate(patient_id=test_patient.id))

        assert error.value.fields == ("patient_id",)

    async def test_a_merged_patient_is_erased_with_the_survivor(self, make_patient: Factory[Patient]) -> None:
        survivor, duplicate = await make_patient(), await make_patient()
        await self.service.merge(survivor.id, duplicate.id)

        with pytest.raises(PatientMerged):
            await self.service.erase(duplicate.id)

        assert (survivor.erased_at, duplicate.erased_at) == (None, None)


def stored_response(user: User, **body: Any) -> StoredResponse:
    """Return a stored response with this body."""
    return StoredResponse(
        user_id=user.id,
        route="/visits",
        key="1",
        fingerprint="",
        status=200,
        headers={},
        body=to_json(body),
        expires_at=utcnow() + timedelta(hours=1),
    )
