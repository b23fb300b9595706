"""The tables of passwords and sign-ins."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ...core.clock import utcnow
from ...core.database import Base
from ...core.tenancy import Record


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
