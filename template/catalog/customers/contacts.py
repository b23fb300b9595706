"""The service for contacts at customers."""

from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, update

from ...core.errors import Unprocessable
from .models import Customer, CustomerContact
from .service import PartService


class CustomerContactService(PartService[CustomerContact]):
    """Contacts of the customers of the current organisation. A new primary contact replaces the one before it."""

    model = CustomerContact
    name = "customer_contact"
    searchable = ("name", "email")

    async def create(self, data: BaseModel) -> CustomerContact:
        """Create a contact.

        Raises `Conflict` if another contact of the customer has this address, and `Unprocessable` if the customer does not
        exist, or without an address and a telephone number.
        """
        values = data.model_dump()
        await self._lock_customer(values["customer_id"])
        return await self._replace_primary(await super().create(data))

    async def update(self, record_id: UUID, changes: BaseModel) -> CustomerContact:
        """Change the fields that are set in `changes`; raise what `get` and `create` raise."""
        contact = await self.get(record_id)
        await self._lock_customer(contact.customer_id)
        return await self._replace_primary(await super().update(record_id, changes))

    async def _lock_customer(self, customer_id: UUID) -> None:
        # Two new primary contacts take turns. Before the contact, as in every change of a customer.
        await self.session.scalar(select(Customer.id).where(Customer.id == customer_id).with_for_update())

    async def _replace_primary(self, contact: CustomerContact) -> CustomerContact:
        if contact.is_primary:
            others = (CustomerContact.customer_id == contact.customer_id, CustomerContact.id != contact.id)
            await self.session.execute(
                update(CustomerContact).where(*others, CustomerContact.is_primary).values(is_primary=False)
            )
        return contact

    async def _check_rules(self, record: CustomerContact) -> None:
        if not (record.email or record.phone):
            raise Unprocessable("A contact needs an e-mail address or a telephone number.", "email", "phone")
