"""Fixtures of customers, their contacts and notes."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.modules.customers.contacts import CustomerContactService
from your_service.modules.customers.models import Customer, CustomerContact, CustomerNote
from your_service.modules.customers.notes import CustomerNoteService
from your_service.modules.customers.schemas import AuthoredNote, CustomerContactCreate, CustomerCreate
from your_service.modules.customers.service import CustomerService

from tests.support.factories import Factory, Payload


@pytest.fixture
def customer_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> CustomerService:
    """The service for customers of the test's organisation."""
    return CustomerService(db_session, event_bus)


@pytest.fixture
def customer_payload() -> Payload:
    """Return a function that makes the request body of a customer, with a different name each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        number = next(numbers)
        return {
            "name": f"Bakery {number}",
            "email": f"bakery.{number}@example.com",
            "address": "Main Street 1\n12345 Springfield",
            "country": "DE",
            "tax_number": "DE123456789",
            "tags": ["key account"],
            **overrides,
        }

    return make


@pytest.fixture
def make_customer(customer_service: CustomerService, customer_payload: Payload) -> Factory[Customer]:
    """Return a function that creates a customer; arguments override the payload."""

    async def make(**overrides: Any) -> Customer:
        return await customer_service.create(CustomerCreate(**customer_payload(**overrides)))

    return make


@pytest.fixture
async def test_customer(make_customer: Factory[Customer]) -> Customer:
    """A customer of the test's organisation."""
    return await make_customer()


@pytest.fixture
def test_customer_id(test_customer: Customer) -> UUID:
    """The identifier of `test_customer`."""
    return test_customer.id


@pytest.fixture
def customer_contact_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> CustomerContactService:
    """The service for contacts of the test's organisation."""
    return CustomerContactService(db_session, event_bus)


@pytest.fixture
def customer_contact_payload(test_customer: Customer) -> Payload:
    """Return a function that makes the request body of a contact at `test_customer`, for a different person each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        number = next(numbers)
        return {
            "customer_id": str(test_customer.id),
            "name": f"Contact {number}",
            "position": "Accountant",
            "email": f"contact.{number}@example.com",
            "phone": "+49 30 123456",
            "is_primary": False,
            **overrides,
        }

    return make


@pytest.fixture
def make_customer_contact(
    customer_contact_service: CustomerContactService,
    customer_contact_payload: Payload,
) -> Factory[CustomerContact]:
    """Return a function that creates a contact; arguments override the payload."""

    async def make(**overrides: Any) -> CustomerContact:
        return await customer_contact_service.create(CustomerContactCreate(**customer_contact_payload(**overrides)))

    return make


@pytest.fixture
async def test_customer_contact(make_customer_contact: Factory[CustomerContact]) -> CustomerContact:
    """A contact at `test_customer`."""
    return await make_customer_contact()


@pytest.fixture
def customer_note_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> CustomerNoteService:
    """The service for notes, for a reader who sees internal ones."""
    service = CustomerNoteService(db_session, event_bus)
    service.shows_internal = True
    return service


@pytest.fixture
def customer_note_payload(test_customer: Customer) -> Payload:
    """Return a function that makes the request body of a note about `test_customer`."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {
            "customer_id": str(test_customer.id),
            "text": "Prefers to be called in the morning.",
            "is_internal": False,
            **overrides,
        }

    return make


@pytest.fixture
def make_customer_note(
    customer_note_service: CustomerNoteService,
    customer_note_payload: Payload,
    acting_user: User,
) -> Factory[CustomerNote]:
    """Return a function that writes a note of `acting_user`; arguments override the payload."""

    async def make(**overrides: Any) -> CustomerNote:
        data = AuthoredNote(**customer_note_payload(**{"author_id": acting_user.id, **overrides}))
        return await customer_note_service.create(data)

    return make


@pytest.fixture
async def test_customer_note(make_customer_note: Factory[CustomerNote]) -> CustomerNote:
    """A note of `acting_user` about `test_customer`."""
    return await make_customer_note()
