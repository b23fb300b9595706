"""Users of the service."""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .database import EmailAddress
from .tenancy import Record


class User(Record):
    """A member of an organisation. Deactivate users instead of deleting them, so that records keep their names."""

    __tablename__ = "core_users"
    __table_args__ = (UniqueConstraint("organisation_id", "email"),)

    email: Mapped[str] = mapped_column(EmailAddress)
    name: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
