"""Authentication with bearer tokens (RFC 6750) that contain user, organisation and roles."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .clock import utcnow
from .config import Settings
from .errors import Forbidden, Unauthenticated
from .tenancy import organisation_scope

ALGORITHM = "HS256"
TOKEN_LIFETIME = timedelta(hours=1)

_bearer = HTTPBearer(auto_error=False)


class Role(StrEnum):
    """The role of a user; only admins may delete records and change settings."""

    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated user of a request."""

    user_id: UUID
    organisation_id: UUID
    roles: frozenset[Role]


class AuthService:
    """Creates and verifies tokens."""

    def __init__(self, settings: Settings) -> None:
        keys = (settings.jwt_secret, settings.jwt_secret_previous)
        self._keys = [key.get_secret_value() for key in keys if key]

    def create_token(self, principal: Principal, expires_at: datetime | None = None) -> str:
        """Return a signed token for `principal`; by default it expires in one hour."""
        claims = {
            "sub": str(principal.user_id),
            "org": str(principal.organisation_id),
            "roles": sorted(principal.roles),
            "exp": expires_at or utcnow() + TOKEN_LIFETIME,
        }
        return jwt.encode(claims, self._keys[0], ALGORITHM)

    def read_token(self, token: str) -> Principal:
        """Return the principal of `token`, or raise `Unauthenticated`."""
        try:
            claims = self._verify(token)
            return Principal(
                user_id=UUID(claims["sub"]),
                organisation_id=UUID(claims["org"]),
                roles=frozenset(Role(role) for role in claims["roles"]),
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The token has expired.") from error
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
            raise Unauthenticated("The token is not valid.") from error

    def _verify(self, token: str) -> dict[str, Any]:
        for key in self._keys:
            with suppress(jwt.InvalidSignatureError):
                return jwt.decode(token, key, [ALGORITHM], options={"require": ["sub", "org", "roles", "exp"]})
        raise jwt.InvalidSignatureError("The token was signed with another key.")


# Always async: a context variable that is set in a worker thread would be lost.
async def authenticate(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> AsyncIterator[Principal]:
    """Return the principal of a request, and limit the request to its organisation."""
    if credentials is None:
        raise Unauthenticated("A bearer token is required.")
    auth: AuthService = request.app.state.auth
    principal = auth.read_token(credentials.credentials)
    with organisation_scope(principal.organisation_id):
        yield principal


PrincipalDep = Annotated[Principal, Depends(authenticate)]


async def require_admin(principal: PrincipalDep) -> None:
    """Raise `Forbidden` unless the principal is an admin."""
    if Role.ADMIN not in principal.roles:
        raise Forbidden("This requires the role admin.")


ADMIN_ONLY = [Depends(require_admin)]
