"""Accounts of people: the one kind of row that does not belong to an organisation."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from .clock import utcnow
from .database import Base, EmailAddress

SUBJECT_LENGTH = 255
"""The longest subject (OpenID Connect Core 1.0, section 2)."""


def _own_id(context: Any) -> str:
    return str(context.get_current_parameters()["id"])


class Account(Base):
    """The account of a person, who is a user in any number of organisations."""

    __tablename__ = "core_accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(EmailAddress, unique=True)
    # What the claim `sub` of a token says: the id, or the name that an identity provider has for the person.
    subject: Mapped[str] = mapped_column(String(SUBJECT_LENGTH), unique=True, default=_own_id)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)
