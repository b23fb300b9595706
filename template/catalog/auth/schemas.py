"""Requests and responses about sign-ins and API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr

from ...core.schemas import Boolean, Email, ListQuery, RecordRead, RequestModel, ResponseModel, ShortText
from ...core.users import Role


def _check_password(password: SecretStr) -> SecretStr:
    try:
        # As it is hashed.
        password.get_secret_value().encode()
    except UnicodeEncodeError as error:
        raise ValueError("must not contain unpaired surrogates") from error
    return password


Password = Annotated[SecretStr, Field(min_length=1, max_length=500), AfterValidator(_check_password)]
Code = Annotated[str, Field(min_length=1, max_length=50, examples=["123456"])]
Token = Annotated[
    str,
    Field(
        max_length=200,
        pattern=r"^[0-9a-f]{32}\.[0-9a-f]{32}\.[A-Za-z0-9_-]+$",
        examples=[f"{'0' * 32}.{'0' * 32}.secret"],
    ),
]


class SignInCreate(RequestModel):
    """The address and the password of an account, and the organisation, if it is not the first one by name.

    The code is that of the second factor, or a recovery code.
    """

    email: Email
    password: Password
    code: Code | None = None
    organisation_id: UUID | None = None


class SignInRefresh(RequestModel):
    """A refresh token, and the organisation, if another one is selected."""

    refresh_token: Token
    organisation_id: UUID | None = None


class PasswordChange(RequestModel):
    """The current password and the new one."""

    current_password: Password
    new_password: Password


class SecondFactorBegin(RequestModel):
    """The password."""

    password: Password


class SecondFactorConfirm(RequestModel):
    """A code of the app."""

    code: Code


class SecondFactorTurnOff(RequestModel):
    """The password, and a code of the app or a recovery code."""

    password: Password
    code: Code


class SecondFactorSecret(ResponseModel):
    """The secret of an app that computes codes. It cannot be shown again."""

    secret: str = Field(description="The secret in base32, to be typed.")
    uri: str = Field(description="The `otpauth` address with the secret, to be shown as a QR code.")


class RecoveryCodes(ResponseModel):
    """Codes that replace the second factor, each of them once. They are not stored, and cannot be shown again."""

    recovery_codes: Sequence[str]


class Tokens(ResponseModel):
    """The tokens of a sign-in (RFC 6749, section 5.1). The refresh token can be used once; the response has the next one."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="The number of seconds until the access token expires.")
    refresh_token: str
    sign_in_id: UUID
    organisation_id: UUID


class MembershipRead(ResponseModel):
    """An organisation that the person can select."""

    id: UUID
    name: str


class MeRead(ResponseModel):
    """The person who is signed in."""

    account_id: UUID
    email: str
    user_id: UUID
    name: str
    roles: Sequence[Role]
    has_second_factor: bool
    organisation_id: UUID
    organisations: Sequence[MembershipRead]


class SignInQuery(ListQuery):
    """Filters of the list of sign-ins. Only admins see those of other users."""

    user_id: UUID | None = None


class SignInRead(RecordRead):
    """A sign-in in a response."""

    user_id: UUID
    refreshed_at: datetime
    expires_at: datetime


class ApiKeyCreate(RequestModel):
    """What a new API key may do, and how long."""

    name: ShortText
    role: Role = Role.MEMBER
    read_only: Boolean = False
    lifetime_days: int = Field(default=90, ge=1, le=366)


class ApiKeyRead(RecordRead):
    """An API key in a response, without its secret."""

    name: str
    prefix: str = Field(description="The beginning of the key.")
    role: Role
    read_only: bool
    user_id: UUID = Field(description="The user that records name for the machine.")
    created_by_id: UUID
    last_used_at: datetime | None = Field(description="The time of the last use, to the minute.")
    expires_at: datetime


class ApiKeyCreated(ApiKeyRead):
    """A new API key."""

    key: str = Field(description="Send it as a bearer token. It is not stored, and cannot be shown again.")
