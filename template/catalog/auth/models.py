"""The tables of passwords, sign-ins and API keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...core.clock import utcnow
from ...core.database import Base
from ...core.tenancy import Record
from ...core.users import Role, User


class Password(Base):
    """The password of an account. Like the account, it belongs to no organisation."""

    __tablename__ = "auth_passwords"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("core_accounts.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(255))
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)


class SignIn(Record):
    """A device on which a user is signed in, as long as each of its refresh tokens is used in time, and once."""

    __tablename__ = "sign_ins"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("core_users.id"), index=True)
    # The SHA-256 of the secret in the newest refresh token: a secret of 256 random bits needs no slow hash.
    secret_hash: Mapped[str] = mapped_column(String(64))
    refreshed_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]


class ApiKey(Record):
    """The key of a machine. It has a user of its own, so that records name it like a person."""

    __tablename__ = "auth_api_keys"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("core_users.id"), index=True)
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("core_users.id"))
    # The beginning of the key, which does not belong to its secret.
    prefix: Mapped[str] = mapped_column(String(20))
    secret_hash: Mapped[str] = mapped_column(String(64))
    read_only: Mapped[bool]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True, foreign_keys=[user_id])
    name: AssociationProxy[str] = association_proxy("user", "name")
    role: AssociationProxy[Role] = association_proxy("user", "role")
