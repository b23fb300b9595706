"""Tests of concurrent requests for contacts at customers, on PostgreSQL."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.customers.contacts import CustomerContactService
from your_service.modules.customers.models import Customer, CustomerContact
from your_service.modules.customers.schemas import (
    CustomerContactCreate,
    CustomerContactQuery,
    CustomerContactUpdate,
)
from your_service.modules.customers.service import CustomerService

from tests.support.factories import Factory, Payload
from tests.support.races import Racer, RaceRunner


@pytest.mark.parametrize("number", [2, 5])
async def test_one_of_several_new_primary_contacts_remains(
    race: RaceRunner,
    customer_contact_service: CustomerContactService,
    make_customer_contact: Factory[CustomerContact],
    customer_contact_payload: Payload,
    number: int,
) -> None:
    others = [await make_customer_contact() for _ in range(number)]
    await customer_contact_service.session.commit()

    def creating(body: dict[str, object]) -> Racer:
        async def create(session: AsyncSession) -> CustomerContact:
            data = CustomerContactCreate.model_validate(body)
            return await CustomerContactService(session, EventBus(session)).create(data)

        return create

    def choosing(contact: CustomerContact) -> Racer:
        async def choose(session: AsyncSession) -> CustomerContact:
            changes = CustomerContactUpdate(is_primary=True)
            return await CustomerContactService(session, EventBus(session)).update(contact.id, changes)

        return choose

    created = [creating(customer_contact_payload(is_primary=True)) for _ in range(number)]
    outcomes = await race(*created, *map(choosing, others))

    assert {type(outcome).__name__ for outcome in outcomes} == {"CustomerContact"}
    listing = await customer_contact_service.list(CustomerContactQuery(is_primary=True, with_total=True))
    assert listing.total == 1


async def test_a_contact_of_a_customer_that_is_being_deleted_is_refused(
    race_in_order: RaceRunner,
    customer_contact_service: CustomerContactService,
    test_customer: Customer,
    customer_contact_payload: Payload,
) -> None:
    data = CustomerContactCreate(**customer_contact_payload())
    await customer_contact_service.session.commit()

    async def delete(session: AsyncSession) -> None:
        await CustomerService(session, EventBus(session)).delete(test_customer.id)

    async def create(session: AsyncSession) -> CustomerContact:
        return await CustomerContactService(session, EventBus(session)).create(data)

    _, outcome = await race_in_order(delete, create)

    assert type(outcome).__name__ == "Unprocessable"
