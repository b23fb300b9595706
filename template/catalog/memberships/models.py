"""The tables of invitations, of the tokens in e-mails, and of requests for a new password."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.clock import utcnow
from ...core.database import Base, EmailAddress
from ...core.tenancy import Record
from ...core.users import Role


class TokenKind(StrEnum):
    """What a one-time token allows."""

    INVITATION = "invitation"
    RESET = "reset"


class Invitation(Record):
    """An invitation that nobody has accepted yet."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("organisation_id", "email"),)

    email: Mapped[str] = mapped_column(EmailAddress)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role]
    inviter_id: Mapped[UUID] = mapped_column(ForeignKey("core_users.id"), index=True)
    expires_at: Mapped[datetime]
    mailed_at: Mapped[datetime | None]
    """When the worker has queued the e-mail."""


class OneTimeToken(Record):
    """A token in an e-mail, which belongs to an invitation or an account."""

    __tablename__ = "one_time_tokens"

    kind: Mapped[TokenKind]
    owner_id: Mapped[UUID] = mapped_column(index=True)
    # The SHA-256 of the secret in the token: a secret of 256 random bits needs no slow hash.
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]


class PasswordResetRequest(Base):
    """A request for a new password, by somebody who may have no account. It belongs to no organisation."""

    __tablename__ = "password_reset_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(EmailAddress)
    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
