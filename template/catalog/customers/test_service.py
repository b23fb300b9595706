"""Tests of the service for customers."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel, ValidationError

from your_service.core.errors import Conflict, NotFound
from your_service.core.tenancy import Organisation
from your_service.core.users import Role
from your_service.modules.customers.models import Customer, CustomerContact, CustomerNote
from your_service.modules.customers.schemas import CustomerCreate, CustomerQuery, CustomerUpdate
from your_service.modules.customers.service import CustomerService
from your_service.modules.customers.settings import RouteSettings

from tests.support.checks import in_order, read_pages
from tests.support.factories import Factory, Payload
from tests.test_utils import ServiceTestCase, TenantContext


def test_only_the_name_is_required() -> None:
    customer = CustomerCreate(name="Bakery")

    assert customer.model_dump() == {
        "name": "Bakery",
        "email": None,
        "address": None,
        "country": None,
        "tax_number": None,
        "tags": [],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "x" * 201),
        ("email", "ada"),
        ("address", ""),
        ("country", "de"),
        ("country", "DEU"),
        ("tax_number", "de 1"),
        ("tax_number", "1" * 51),
        ("tags", None),
        ("tags", ["vip"] * 21),
        ("tags", [""]),
        ("tags", ['"vip"']),
        ("tags", ["v%"]),
        ("tags", ["x" * 51]),
        ("deleted_at", None),
    ],
)
@pytest.mark.parametrize("schema", [CustomerCreate, CustomerUpdate])
def test_refuses_a_bad_value(customer_payload: Payload, schema: type[BaseModel], field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        schema.model_validate(customer_payload(**{field: value}))

    assert error.value.errors()[0]["loc"][0] == field


def test_tags_are_in_lower_case_sorted_and_unique() -> None:
    assert CustomerCreate(name="Bakery", tags=["VIP", " new ", "vip"]).tags == ["new", "vip"]


@pytest.mark.parametrize(("text", "roles"), [("admin", [Role.ADMIN]), ("member, admin", [Role.MEMBER, Role.ADMIN])])
def test_the_settings_name_the_roles_that_see_internal_notes(
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    roles: list[Role],
) -> None:
    monkeypatch.setenv("CUSTOMERS_INTERNAL_NOTE_ROLES", text)

    assert RouteSettings(_env_file=None).customers_internal_note_roles == roles


def test_only_admins_see_internal_notes_by_default() -> None:
    assert RouteSettings(_env_file=None).customers_internal_note_roles == [Role.ADMIN]


def test_the_settings_refuse_an_unknown_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOMERS_INTERNAL_NOTE_ROLES", "admin, owner")

    with pytest.raises(ValidationError, match=r"use roles of this service \(.*\), not owner"):
        RouteSettings(_env_file=None)


class TestCustomerService(ServiceTestCase[CustomerService]):
    service_class = CustomerService

    async def test_create_stores_all_fields(self, customer_payload: Payload) -> None:
        body = customer_payload(email="Bakery@Example.com", tags=["vip"])

        created = await self.service.create(CustomerCreate(**body))

        stored = await self.service.get(created.id)
        assert {field: getattr(stored, field) for field in body} == body | {"email": "bakery@example.com"}
        assert [event.name for event in self.published_events] == ["customer.created"]

    async def test_an_address_is_unique_without_case(self, make_customer: Factory[Customer]) -> None:
        await make_customer(email="bakery@example.com")

        with pytest.raises(Conflict) as error:
            await make_customer(email="Bakery@Example.com")

        assert error.value.fields == ("email",)

    async def test_customers_without_an_address_are_different(self, make_customer: Factory[Customer]) -> None:
        customers = [await make_customer(email=None) for _ in range(2)]

        listing = await self.service.list()

        assert list(listing.items) == customers

    async def test_organisations_have_customers_with_the_same_address(
        self,
        make_customer: Factory[Customer],
        other_org: Organisation,
    ) -> None:
        customer = await make_customer(email="bakery@example.com")
        with TenantContext(other_org):
            await make_customer(email="bakery@example.com")

        listing = await self.service.list()

        assert list(listing.items) == [customer]

    async def test_update_changes_only_the_given_fields(self, make_customer: Factory[Customer]) -> None:
        customer = await make_customer(name="Bakery", country="DE", tags=["vip"])

        updated = await self.service.update(customer.id, CustomerUpdate(email=None, tags=["new"]))

        assert (updated.name, updated.email, updated.country, updated.tags) == ("Bakery", None, "DE", ["new"])
        event = self.published_events[-1]
        assert (event.name, event.data) == ("customer.updated", {"fields": ["email", "tags"]})

    async def test_update_refuses_the_address_of_another_customer(self, make_customer: Factory[Customer]) -> None:
        customer, other = await make_customer(), await make_customer()

        with pytest.raises(Conflict):
            await self.service.update(customer.id, CustomerUpdate(email=other.email))

        assert customer.email != other.email

    @pytest.mark.parametrize("text", ["COFFEE", "Coffee@ex"])
    async def test_search_ignores_case(self, make_customer: Factory[Customer], text: str) -> None:
        found = await make_customer(name="The coffee house", email="coffee@example.com")
        await make_customer()

        listing = await self.service.list(CustomerQuery(search=text))

        assert list(listing.items) == [found]

    @pytest.mark.parametrize("text", ["%", "_", "Main Street"])
    async def test_search_is_literal_and_covers_name_and_address_only(
        self,
        test_customer: Customer,
        text: str,
    ) -> None:
        listing = await self.service.list(CustomerQuery(search=text))

        assert list(listing.items) == []

    @pytest.mark.parametrize("tag", ["vip", "key account", "über", "a_b", "a-1"])
    async def test_list_filters_by_whole_tags(self, make_customer: Factory[Customer], tag: str) -> None:
        found = await make_customer(tags=["other", tag])
        for others in [[], [f"{tag}s"], [f"no {tag}"], ["axb"]]:
            await make_customer(tags=others)

        listing = await self.service.list(CustomerQuery(tag=tag.upper(), with_total=True))

        assert (list(listing.items), listing.total) == ([found], 1)

    async def test_list_filters_by_country(self, make_customer: Factory[Customer]) -> None:
        found, _ = await make_customer(country="FR"), await make_customer()

        listing = await self.service.list(CustomerQuery(country="FR"))

        assert list(listing.items) == [found]

    @pytest.mark.parametrize("sort", ["name", "-name", "-created_at", "name,-created_at"])
    async def test_list_is_sorted_and_paged(self, make_customer: Factory[Customer], sort: str) -> None:
        customers = [await make_customer(name=name) for name in ("Bakery", "Atelier", "Bakery", "Cinema")]

        found = await read_pages(self.service, CustomerQuery(sort=sort, limit=3))

        assert found == in_order(customers, sort)

    async def test_a_deleted_customer_is_neither_found_nor_listed(self, test_customer: Customer) -> None:
        await self.service.delete(test_customer.id)

        with pytest.raises(NotFound):
            await self.service.get(test_customer.id)
        listing = await self.service.list()
        assert list(listing.items) == []
        assert self.published_events[-1].name == "customer.deleted"

    async def test_contacts_and_notes_do_not_keep_a_customer(
        self,
        test_customer: Customer,
        test_customer_contact: CustomerContact,
        test_customer_note: CustomerNote,
    ) -> None:
        await self.service.delete(test_customer.id)

        assert test_customer_contact.customer_id == test_customer_note.customer_id == test_customer.id
        assert test_customer.deleted_at is not None

    async def test_the_address_of_a_deleted_customer_is_free(self, make_customer: Factory[Customer]) -> None:
        deleted = await make_customer()
        await self.service.delete(deleted.id)

        customer = await make_customer(email=deleted.email)

        listing = await self.service.list()
        assert list(listing.items) == [customer]

    async def test_restore(self, test_customer: Customer) -> None:
        await self.service.delete(test_customer.id)

        restored = await self.service.restore(test_customer.id)

        found = await self.service.get(test_customer.id)
        assert (found, restored.deleted_at) == (restored, None)
        assert self.published_events[-1].name == "customer.restored"

    async def test_restore_refuses_an_address_that_was_given_to_another(self, make_customer: Factory[Customer]) -> None:
        deleted = await make_customer()
        await self.service.delete(deleted.id)
        await make_customer(email=deleted.email)

        with pytest.raises(Conflict) as error:
            await self.service.restore(deleted.id)

        assert error.value.fields == ("email",)

    async def test_only_a_deleted_customer_can_be_restored(self, test_customer: Customer) -> None:
        for customer_id in (test_customer.id, uuid4()):
            with pytest.raises(NotFound):
                await self.service.restore(customer_id)
