"""The tables of passwords, second factors, sign-ins and API keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String
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


class SecondFactor(Base):
    """An app that computes codes for the sign-ins of an account (TOTP, RFC 6238)."""

    __tablename__ = "auth_second_factors"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("core_accounts.id"), primary_key=True)
    # No hash, because the codes are computed from it.
    secret: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None]
    # The step of the newest code that was used, so that no code counts twice.
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code that replaces the second factor once."""

    __tablename__ = "auth_recovery_codes"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("core_accounts.id"), primary_key=True)
    # The SHA-256 of the code, which has 120 random bits.
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)


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
