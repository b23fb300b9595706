"""Requests and responses about members, invitations and new passwords."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr

from ...core.schemas import Email, ListQuery, RecordRead, RequestModel, ShortText
from ...core.users import Role

NewPassword = Annotated[SecretStr, Field(min_length=1, max_length=500)]
Token = Annotated[
    str,
    Field(max_length=200, pattern=r"^[0-9a-f]{32}\.[A-Za-z0-9_-]+$", examples=[f"{'0' * 32}.secret"]),
]


class UserQuery(ListQuery):
    """Filters of the list of members."""

    role: Role | None = None
    active: bool | None = None


class UserUpdate(RequestModel):
    """The new role of a member."""

    role: Role


class UserRead(RecordRead):
    """A member in a response."""

    name: str
    email: str
    role: Role
    active: bool


class InvitationCreate(RequestModel):
    """Whom to invite, and the role that the person gets."""

    email: Email
    name: ShortText
    role: Role = Role.MEMBER


class InvitationQuery(ListQuery):
    """Filters of the list of invitations."""

    email: Email | None = None


class InvitationRead(RecordRead):
    """An invitation in a response."""

    email: str
    name: str
    role: Role
    inviter_id: UUID
    expires_at: datetime


class InvitationAccept(RequestModel):
    """The token in the e-mail, and a password for somebody who has no account."""

    token: Token
    new_password: NewPassword | None = None


class ForgottenPassword(RequestModel):
    """The address of somebody who has forgotten the password."""

    email: Email


class PasswordReset(RequestModel):
    """The token in the e-mail, and the new password."""

    token: Token
    new_password: NewPassword
