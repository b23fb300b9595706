"""Fixtures of passwords, second factors, sign-ins and API keys."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.attempts import forget_attempts
from your_service.core.clock import utcnow
from your_service.core.credentials import SHOWN_CHARACTERS, hash_of_key, write_key
from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.modules.auth import rules
from your_service.modules.auth.api_keys import ApiKeyService
from your_service.modules.auth.models import ApiKey, Password, RecoveryCode, SecondFactor, SignIn
from your_service.modules.auth.passwords import PasswordService
from your_service.modules.auth.rules import RefreshToken, hash_of_secret, hash_password
from your_service.modules.auth.second_factors import SecondFactorService
from your_service.modules.auth.service import SignInService

from tests.fixtures.core.identity import Headers, store_user
from tests.support.factories import Factory, Payload

PASSWORD = "a key for the tests, plum 43"
"""The password of `acting_user`, after the fixture `password`."""
SECRET = "secret"
TOTP = pyotp.TOTP("TESTTESTTESTTESTTESTTESTTESTTEST")
"""The app of `acting_user`, after the fixture `recovery_code`."""
RECOVERY_CODE = "TEST-TEST-TEST-TEST-TEST-TEST"


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
def second_factor_service(db_session: AsyncSession, organisation: Organisation) -> SecondFactorService:
    """The service for second factors."""
    return SecondFactorService(db_session)


@pytest.fixture
async def recovery_code(db_session: AsyncSession, acting_user: User) -> str:
    """A recovery code of `acting_user`, who has a second factor."""
    account_id = acting_user.account_id
    db_session.add(SecondFactor(account_id=account_id, secret=TOTP.secret, confirmed_at=utcnow()))
    db_session.add(RecoveryCode(account_id=account_id, hash=hash_of_secret(RECOVERY_CODE.replace("-", ""))))
    await db_session.flush()
    return RECOVERY_CODE


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


@pytest.fixture
def api_key_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> ApiKeyService:
    """The service for API keys of the test's organisation."""
    return ApiKeyService(db_session, event_bus)


@pytest.fixture
def api_key_payload() -> Payload:
    """Return a function that makes the request body of an API key."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {"name": "Nightly export", **overrides}

    return make


@pytest.fixture
def make_api_key(db_session: AsyncSession, acting_user: User) -> Factory[ApiKey]:
    """Return a function that stores an API key with a user of its own; arguments override values."""

    async def make(**overrides: Any) -> ApiKey:
        key_id = uuid4()
        text = write_key(acting_user.organisation_id, key_id, SECRET.encode())
        values = {
            "id": key_id,
            "created_by_id": acting_user.id,
            "prefix": text[:SHOWN_CHARACTERS],
            "secret_hash": hash_of_key(text),
            "read_only": False,
            "expires_at": utcnow() + timedelta(days=1),
            **overrides,
        }
        if "user" not in values:
            values["user"] = await store_user(db_session, acting_user.organisation_id, "Nightly export")
        api_key = ApiKey(**values)
        db_session.add(api_key)
        await db_session.flush()
        return api_key

    return make


@pytest.fixture
async def test_api_key(make_api_key: Factory[ApiKey]) -> ApiKey:
    """An API key of a member."""
    return await make_api_key()


@pytest.fixture
def test_api_key_id(test_api_key: ApiKey) -> UUID:
    """The id of `test_api_key`."""
    return test_api_key.id


@pytest.fixture
def key_headers(test_api_key: ApiKey) -> Headers:
    """Request headers of the machine with `test_api_key`."""
    return headers_of(test_api_key)


def headers_of(api_key: ApiKey) -> Headers:
    """Return the request headers of the machine with this key of `make_api_key`."""
    text = write_key(api_key.organisation_id, api_key.id, SECRET.encode())
    return {"Authorization": f"Bearer {text}"}
