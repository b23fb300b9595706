"""Who is asking: bearer tokens (RFC 6750) that carry user, organisation and roles."""

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
    """What a principal may do: an admin also deletes and configures."""

    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """The user of a request, as the token names it."""

    user_id: UUID
    organisation_id: UUID
    roles: frozenset[Role]


class AuthService:
    """Issues the tokens of this service, and reads them."""

    def __init__(self, settings: Settings) -> None:
        keys = (settings.jwt_secret, settings.jwt_secret_previous)
        self._keys = [key.get_secret_value() for key in keys if key]

    def create_token(self, principal: Principal, expires_at: datetime | None = None) -> str:
        """Return a signed token for `principal`, valid for an hour unless told otherwise."""
        claims = {
            "sub": str(principal.user_id),
            "org": str(principal.organisation_id),
            "roles": sorted(principal.roles),
            "exp": expires_at or utcnow() + TOKEN_LIFETIME,
        }
        return jwt.encode(claims, self._keys[0], ALGORITHM)

    def read_token(self, token: str) -> Principal:
        """Return the principal that `token` names, or raise Unauthenticated."""
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
        raise jwt.InvalidSignatureError("None of the keys has signed it.")


# Async in every form of this service: a context variable set in a worker thread would be lost.
async def authenticate(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> AsyncIterator[Principal]:
    """Identify the principal of a request, and keep the request within its organisation."""
    if credentials is None:
        raise Unauthenticated("A bearer token is required.")
    auth: AuthService = request.app.state.auth
    principal = auth.read_token(credentials.credentials)
    with organisation_scope(principal.organisation_id):
        yield principal


PrincipalDep = Annotated[Principal, Depends(authenticate)]


async def require_admin(principal: PrincipalDep) -> None:
    """Let a request pass only when its principal is an admin."""
    if Role.ADMIN not in principal.roles:
        raise Forbidden("This takes the role admin.")


ADMIN_ONLY = [Depends(require_admin)]
