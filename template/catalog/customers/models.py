"""The tables of customers, and of their contacts and notes."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.database import EmailAddress
from ...core.tenancy import Record, Restorable, unique_unless_deleted


class Customer(Restorable, Record):
    """A company or a person who buys from the organisation. Invoices are sent to `email`, unless it is unknown."""

    __tablename__ = "customers"
    __sortable__: ClassVar[tuple[str, ...]] = ("name",)
    __table_args__ = (unique_unless_deleted("customers", "email"),)

    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(EmailAddress)
    address: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(String(2))
    tax_number: Mapped[str | None] = mapped_column(String(50))
    tags: Mapped[list[str]] = mapped_column(JSON)


class CustomerPart(Record):
    """A record that belongs to a customer. The service marks customers as deleted, so the rule of the key is for others."""

    __abstract__ = True

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)


class CustomerContact(CustomerPart):
    """A person whom the organisation knows at a customer. At most one of them is the primary contact."""

    __tablename__ = "customer_contacts"
    __table_args__ = (UniqueConstraint("organisation_id", "customer_id", "email"),)

    name: Mapped[str] = mapped_column(String(200))
    position: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(EmailAddress)
    phone: Mapped[str | None] = mapped_column(String(50))
    is_primary: Mapped[bool] = mapped_column(default=False)


class CustomerNote(CustomerPart):
    """What a user wrote about a customer. Internal notes are for the roles in the settings."""

    __tablename__ = "customer_notes"

    author_id: Mapped[UUID] = mapped_column(ForeignKey("core_users.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    is_internal: Mapped[bool] = mapped_column(default=False)
