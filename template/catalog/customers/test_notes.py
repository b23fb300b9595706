"""Tests of the service for notes about customers."""

from uuid import uuid4

import pytest
from pydantic import ValidationError

from your_service.core.errors import Forbidden, NotFound, Unprocessable
from your_service.core.users import User
from your_service.modules.customers.models import Customer, CustomerNote
from your_service.modules.customers.notes import CustomerNoteService
from your_service.modules.customers.schemas import (
    AuthoredNote,
    CustomerNoteCreate,
    CustomerNoteQuery,
    CustomerNoteUpdate,
)
from your_service.modules.customers.service import CustomerService

from tests.support.factories import Factory
from tests.test_utils import ServiceTestCase


def test_a_note_is_not_internal_by_default(test_customer: Customer) -> None:
    assert CustomerNoteCreate(customer_id=test_customer.id, text="Call back.").is_internal is False


@pytest.mark.parametrize(("field", "value"), [("text", ""), ("text", None), ("is_internal", None), ("author_id", None)])
def test_refuses_a_bad_value(field: str, value: str | None) -> None:
    for schema, known in ((CustomerNoteCreate, {"customer_id": uuid4(), "text": "Call."}), (CustomerNoteUpdate, {})):
        with pytest.raises(ValidationError) as error:
            schema.model_validate({**known, field: value})

        assert [problem["loc"] for problem in error.value.errors()] == [(field,)]


class TestCustomerNoteService(ServiceTestCase[CustomerNoteService]):
    service_class = CustomerNoteService

    async def test_create_stores_all_fields(self, test_customer: Customer, acting_user: User) -> None:
        data = AuthoredNote(customer_id=test_customer.id, text="Call back.", author_id=acting_user.id)

        created = await self.service.create(data)

        stored = await self.service.get(created.id)
        assert {field: getattr(stored, field) for field in AuthoredNote.model_fields} == data.model_dump()
        assert self.published_events[-1].name == "customer_note.created"

    async def test_internal_notes_do_not_exist_for_others(self, make_customer_note: Factory[CustomerNote]) -> None:
        public, internal = await make_customer_note(), await make_customer_note(is_internal=True)

        listing = await self.service.list(CustomerNoteQuery(with_total=True))
        filtered = await self.service.list(CustomerNoteQuery(is_internal=True))
        found = await self.service.list(CustomerNoteQuery(search="morning"))

        assert (list(listing.items), listing.total) == ([public], 1)
        assert (list(filtered.items), list(found.items)) == ([], [public])
        with pytest.raises(NotFound, match=f"There is no customer_note {internal.id}"):
            await self.service.get(internal.id)

    async def test_internal_notes_cannot_be_changed_or_deleted_by_others(
        self,
        make_customer_note: Factory[CustomerNote],
        acting_user: User,
    ) -> None:
        internal = await make_customer_note(is_internal=True)

        with pytest.raises(NotFound):
            await self.service.edit(internal.id, CustomerNoteUpdate(text="Seen."), acting_user.id)
        with pytest.raises(NotFound):
            await self.service.delete(internal.id)

        assert internal.text == "Prefers to be called in the morning."

    async def test_internal_notes_are_visible_to_some(self, make_customer_note: Factory[CustomerNote]) -> None:
        notes = [await make_customer_note(), await make_customer_note(is_internal=True)]
        self.service.shows_internal = True

        listing = await self.service.list()
        filtered = await self.service.list(CustomerNoteQuery(is_internal=True))

        assert list(listing.items) == notes
        assert list(filtered.items) == [await self.service.get(notes[1].id)]

    async def test_others_cannot_write_internal_notes(
        self,
        test_customer: Customer,
        test_customer_note: CustomerNote,
        acting_user: User,
    ) -> None:
        data = AuthoredNote(customer_id=test_customer.id, text="Secret.", is_internal=True, author_id=acting_user.id)

        with pytest.raises(Forbidden):
            await self.service.create(data)
        with pytest.raises(Forbidden):
            await self.service.edit(test_customer_note.id, CustomerNoteUpdate(is_internal=True), acting_user.id)

        assert test_customer_note.is_internal is False

    async def test_edit_changes_only_the_given_fields(
        self,
        make_customer_note: Factory[CustomerNote],
        acting_user: User,
    ) -> None:
        self.service.shows_internal = True
        note = await make_customer_note(is_internal=True)

        edited = await self.service.edit(note.id, CustomerNoteUpdate(text="Call in the evening."), acting_user.id)

        assert (edited.text, edited.is_internal) == ("Call in the evening.", True)
        event = self.published_events[-1]
        assert (event.name, event.data) == ("customer_note.updated", {"fields": ["text"]})

    async def test_only_its_author_edits_a_note(self, test_customer_note: CustomerNote, admin_user: User) -> None:
        with pytest.raises(Forbidden):
            await self.service.edit(test_customer_note.id, CustomerNoteUpdate(text="Mine."), admin_user.id)

        assert test_customer_note.text == "Prefers to be called in the morning."

    async def test_list_filters(
        self,
        make_customer: Factory[Customer],
        make_customer_note: Factory[CustomerNote],
        admin_user: User,
    ) -> None:
        other = await make_customer()
        note = await make_customer_note(customer_id=other.id, author_id=admin_user.id, text="Pays LATE.")
        await make_customer_note()

        queries = [
            CustomerNoteQuery(customer_id=other.id),
            CustomerNoteQuery(author_id=admin_user.id),
            CustomerNoteQuery(search="late"),
        ]
        for query in queries:
            listing = await self.service.list(query)
            assert list(listing.items) == [note]

    async def test_a_note_about_a_deleted_customer_does_not_exist(
        self,
        customer_service: CustomerService,
        make_customer_note: Factory[CustomerNote],
        test_customer_note: CustomerNote,
    ) -> None:
        await customer_service.delete(test_customer_note.customer_id)

        with pytest.raises(NotFound):
            await self.service.get(test_customer_note.id)
        with pytest.raises(Unprocessable):
            await make_customer_note()
        listing = await self.service.list()
        assert list(listing.items) == []

    async def test_delete(self, test_customer_note: CustomerNote) -> None:
        await self.service.delete(test_customer_note.id)

        with pytest.raises(NotFound):
            await self.service.get(test_customer_note.id)
        assert self.published_events[-1].name == "customer_note.deleted"
