"""Tests of concurrent requests for customers, on PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.customers.models import Customer
from your_service.modules.customers.schemas import CustomerCreate
from your_service.modules.customers.service import CustomerService

from tests.support.factories import Factory, Payload
from tests.support.races import RaceRunner


async def test_one_of_several_new_customers_gets_an_address(
    race: RaceRunner,
    customer_service: CustomerService,
    customer_payload: Payload,
) -> None:
    data = CustomerCreate(**customer_payload())
    await customer_service.session.commit()

    async def create(session: AsyncSession) -> Customer:
        return await CustomerService(session, EventBus(session)).create(data)

    outcomes = await race(*[create] * 5)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["Conflict"] * 4, "Customer"]


async def test_a_deleted_customer_is_restored_once(
    race: RaceRunner,
    customer_service: CustomerService,
    make_customer: Factory[Customer],
) -> None:
    customer = await make_customer()
    await customer_service.delete(customer.id)
    await customer_service.session.commit()

    async def restore(session: AsyncSession) -> Customer:
        return await CustomerService(session, EventBus(session)).restore(customer.id)

    outcomes = await race(*[restore] * 3)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Customer", "NotFound", "NotFound"]
