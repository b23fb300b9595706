"""Fixtures of passwords and sign-ins."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.attempts import forget_attempts
from your_service.core.clock import utcnow
from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.modules.auth import rules
from your_service.modules.auth.models import Password, SignIn
from your_service.modules.auth.passwords import PasswordService
from your_service.modules.auth.rules import RefreshToken, hash_of_secret, hash_password
from your_service.modules.auth.service import SignInService

from tests.support.factories import Factory, Payload

PASSWORD = "a key for the tests, plum 43"
"""The password of `acting_user`, after the fixture `password`."""
SECRET = "secret"


@pytest.fixture(scope="session", autouse=True)
def fast_hashes() -> Iterator[None]:
    """Hash passwords with argon2 that needs little time and memory."""
    configured = rules.HASHER
    rules.HASHER = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    yield
    rules.HASHER = configured


@pytest.fixture(autouse=True)
def fresh_attempts(shared_app: FastAPI) -> None:
    """Forget the attempts of other tests."""
    forget_attempts(shared_app)


@pytest.fixture
async def password(db_session: AsyncSession, acting_user: User) -> str:
    """The password of `acting_user`, which is stored."""
    db_session.add(Password(account_id=acting_user.account_id, hash=hash_password(PASSWORD)))
    await db_session.flush()
    return PASSWORD


@pytest.fixture
def password_service(db_session: AsyncSession) -> PasswordService:
    """The service for passwords."""
    return PasswordService(db_session)


@pytest.fixture
def sign_in_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> SignInService:
    """The service for sign-ins of the test's organisation."""
    return SignInService(db_session, event_bus)


@pytest.fixture
def sign_in_payload(acting_user: User) -> Payload:
    """Return a function that makes the request body of a sign-in."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {"email": acting_user.email, "password": PASSWORD, **overrides}

    return make


@pytest.fixture
def make_sign_in(db_session: AsyncSession, acting_user: User) -> Factory[SignIn]:
    """Return a function that stores a sign-in of `acting_user`; arguments override values."""

    async def make(**overrides: Any) -> SignIn:
        values = {
            "user_id": acting_user.id,
            "secret_hash": hash_of_secret(SECRET),
            "expires_at": utcnow() + timedelta(days=1),
            **overrides,
        }
        sign_in = SignIn(**values)
        db_session.add(sign_in)
        await db_session.flush()
        return sign_in

    return make


@pytest.fixture
async def test_sign_in(make_sign_in: Factory[SignIn]) -> SignIn:
    """A sign-in of `acting_user`."""
    return await make_sign_in()


@pytest.fixture
def test_sign_in_id(test_sign_in: SignIn) -> UUID:
    """The id of `test_sign_in`."""
    return test_sign_in.id


@pytest.fixture
def refresh_token(test_sign_in: SignIn) -> RefreshToken:
    """The refresh token of `test_sign_in`."""
    return RefreshToken(test_sign_in.organisation_id, test_sign_in.id, SECRET)
