"""Benchmarks of the service for customers."""

import pytest

from your_service.modules.customers.models import Customer
from your_service.modules.customers.schemas import CustomerCreate, CustomerQuery
from your_service.modules.customers.service import CustomerService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_customers(make_customer: Factory[Customer]) -> list[Customer]:
    """Two hundred customers."""
    return [await make_customer() for _ in range(200)]


def test_create(
    measure: Measure,
    customer_service: CustomerService,
    customer_payload: Payload,
    many_customers: list[Customer],
) -> None:
    requests = [CustomerCreate(**customer_payload()) for _ in range(ROUNDS)]

    created = measure(lambda: customer_service.create(requests.pop()))

    assert created.tags == ["key account"]


def test_search(measure: Measure, customer_service: CustomerService, many_customers: list[Customer]) -> None:
    query = CustomerQuery(search="BAKERY")

    found = measure(lambda: customer_service.list(query))

    assert list(found.items) == many_customers[: query.limit]


def test_list_by_tag(measure: Measure, customer_service: CustomerService, many_customers: list[Customer]) -> None:
    query = CustomerQuery(tag="key account")

    found = measure(lambda: customer_service.list(query))

    assert list(found.items) == many_customers[: query.limit]
