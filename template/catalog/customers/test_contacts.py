"""Tests of the service for contacts at customers."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from your_service.core.errors import Conflict, NotFound, Unprocessable
from your_service.core.tenancy import Organisation
from your_service.modules.customers.contacts import CustomerContactService
from your_service.modules.customers.models import Customer, CustomerContact
from your_service.modules.customers.schemas import (
    CustomerContactCreate,
    CustomerContactQuery,
    CustomerContactUpdate,
)
from your_service.modules.customers.service import CustomerService

from tests.support.factories import Factory, Payload
from tests.test_utils import ServiceTestCase, TenantContext


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("position", ""),
        ("email", "ada"),
        ("phone", "call me"),
        ("phone", "1" * 51),
        ("is_primary", None),
        ("is_primary", 1),
    ],
)
@pytest.mark.parametrize("schema", [CustomerContactCreate, CustomerContactUpdate])
def test_refuses_a_bad_value(
    customer_contact_payload: Payload,
    schema: type[BaseModel],
    field: str,
    value: Any,
) -> None:
    payload = customer_contact_payload(**{field: value})
    if schema is CustomerContactUpdate:
        del payload["customer_id"]

    with pytest.raises(ValidationError) as error:
        schema.model_validate(payload)

    assert [problem["loc"] for problem in error.value.errors()] == [(field,)]


class TestCustomerContactService(ServiceTestCase[CustomerContactService]):
    service_class = CustomerContactService

    async def primary_of(self, customer: Customer) -> list[str]:
        """Return the names of the primary contacts of a customer."""
        query = CustomerContactQuery(customer_id=customer.id, is_primary=True)
        listing = await self.service.list(query)
        return [contact.name for contact in listing.items]

    async def test_create_stores_all_fields(self, test_customer: Customer) -> None:
        data = CustomerContactCreate(
            customer_id=test_customer.id,
            name="Ada Lovelace",
            position="Owner",
            email="ada@example.com",
            phone="+49 30 1",
            is_primary=True,
        )

        created = await self.service.create(data)

        stored = await self.service.get(created.id)
        assert {field: getattr(stored, field) for field in data.model_fields_set} == data.model_dump()
        assert self.published_events[-1].name == "customer_contact.created"

    @pytest.mark.parametrize(("email", "phone"), [("ada@example.com", None), (None, "112")])
    async def test_one_way_to_reach_a_contact_is_enough(
        self,
        make_customer_contact: Factory[CustomerContact],
        email: str | None,
        phone: str | None,
    ) -> None:
        contact = await make_customer_contact(email=email, phone=phone)

        assert (contact.email, contact.phone) == (email, phone)

    async def test_a_contact_that_cannot_be_reached_is_refused(
        self,
        make_customer_contact: Factory[CustomerContact],
    ) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_customer_contact(email=None, phone=None)

        assert error.value.fields == ("email", "phone")

    async def test_the_last_way_to_reach_a_contact_stays(self, make_customer_contact: Factory[CustomerContact]) -> None:
        contact = await make_customer_contact(email=None)

        with pytest.raises(Unprocessable):
            await self.service.update(contact.id, CustomerContactUpdate(phone=None))

    async def test_an_address_is_unique_at_a_customer(
        self,
        make_customer_contact: Factory[CustomerContact],
        make_customer: Factory[Customer],
    ) -> None:
        contact, other = await make_customer_contact(), await make_customer()
        elsewhere = await make_customer_contact(customer_id=other.id, email=contact.email)

        with pytest.raises(Conflict) as error:
            await make_customer_contact(email=contact.email)

        assert elsewhere.email == contact.email
        assert error.value.fields == ("customer_id", "email")

    async def test_a_new_primary_contact_replaces_the_one_before(
        self,
        make_customer_contact: Factory[CustomerContact],
        make_customer: Factory[Customer],
        test_customer: Customer,
    ) -> None:
        other = await make_customer()
        await make_customer_contact(name="Elsewhere", customer_id=other.id, is_primary=True)
        first = await make_customer_contact(name="First", is_primary=True)
        await make_customer_contact(name="Second", is_primary=True)

        assert await self.primary_of(test_customer) == ["Second"]
        await self.service.update(first.id, CustomerContactUpdate(is_primary=True))
        assert await self.primary_of(test_customer) == ["First"]
        assert await self.primary_of(other) == ["Elsewhere"]

    async def test_other_changes_keep_the_primary_contact(
        self,
        make_customer_contact: Factory[CustomerContact],
        test_customer: Customer,
    ) -> None:
        first, second = await make_customer_contact(name="First", is_primary=True), await make_customer_contact()
        await self.service.update(second.id, CustomerContactUpdate(name="Second"))
        assert await self.primary_of(test_customer) == ["First"]

        await self.service.update(first.id, CustomerContactUpdate(is_primary=False))

        assert await self.primary_of(test_customer) == []

    async def test_an_update_publishes_the_changed_fields(self, test_customer_contact: CustomerContact) -> None:
        updated = await self.service.update(test_customer_contact.id, CustomerContactUpdate(position=None))

        assert updated.position is None
        event = self.published_events[-1]
        assert (event.name, event.data) == ("customer_contact.updated", {"fields": ["position"]})

    async def test_list_filters_by_customer_and_search(
        self,
        make_customer_contact: Factory[CustomerContact],
        make_customer: Factory[Customer],
    ) -> None:
        other = await make_customer()
        ada = await make_customer_contact(name="Ada", customer_id=other.id)
        await make_customer_contact()

        for query in (CustomerContactQuery(customer_id=other.id), CustomerContactQuery(search="ADA")):
            listing = await self.service.list(query)
            assert list(listing.items) == [ada]

    async def test_a_contact_of_a_deleted_customer_does_not_exist(
        self,
        customer_service: CustomerService,
        make_customer_contact: Factory[CustomerContact],
        test_customer_contact: CustomerContact,
    ) -> None:
        await customer_service.delete(test_customer_contact.customer_id)

        with pytest.raises(NotFound):
            await self.service.get(test_customer_contact.id)
        with pytest.raises(NotFound):
            await self.service.update(test_customer_contact.id, CustomerContactUpdate(name="Ada"))
        with pytest.raises(Unprocessable):
            await make_customer_contact()
        listing = await self.service.list(CustomerContactQuery(with_total=True))
        assert (list(listing.items), listing.total) == ([], 0)

    async def test_a_restored_customer_has_its_contacts(
        self,
        customer_service: CustomerService,
        test_customer_contact: CustomerContact,
    ) -> None:
        await customer_service.delete(test_customer_contact.customer_id)
        await customer_service.restore(test_customer_contact.customer_id)

        listing = await self.service.list()

        assert list(listing.items) == [test_customer_contact]

    async def test_a_contact_at_a_customer_of_another_organisation_is_refused(
        self,
        make_customer_contact: Factory[CustomerContact],
        test_customer: Customer,
        other_org: Organisation,
    ) -> None:
        with TenantContext(other_org), pytest.raises(Unprocessable) as error:
            await make_customer_contact(customer_id=test_customer.id)

        assert error.value.fields == ("customer_id",)

    async def test_delete(self, test_customer_contact: CustomerContact) -> None:
        await self.service.delete(test_customer_contact.id)

        with pytest.raises(NotFound):
            await self.service.get(test_customer_contact.id)
        assert self.published_events[-1].name == "customer_contact.deleted"
