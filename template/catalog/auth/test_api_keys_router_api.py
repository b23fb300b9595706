"""Tests of the routes for API keys, and of requests with a key."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.clock import utcnow
from your_service.core.config import Settings
from your_service.core.database import SessionFactory
from your_service.core.errors import install_error_handlers
from your_service.core.security import PrincipalDep, TokenService
from your_service.core.users import Role, User
from your_service.modules.auth.models import ApiKey

from tests.fixtures.auth import headers_of
from tests.fixtures.core.app import client_of
from tests.fixtures.core.identity import Headers, store_user
from tests.support.factories import Factory, Payload

URL = "/api-keys"
REFUSED = "The user, the sign-in or the API key is unknown or deactivated."


@pytest.fixture
async def machine(token_service: TokenService, session_factory: SessionFactory) -> AsyncIterator[AsyncClient]:
    """A client of an application that returns the principal, with the same database."""
    app = FastAPI()
    app.state.tokens = token_service
    app.state.sessions = session_factory
    install_error_handlers(app)

    @app.get("/whoami")
    async def read(principal: PrincipalDep) -> dict[str, object]:
        return {"user": principal.user_id, "roles": sorted(principal.roles)}

    @app.post("/whoami")
    async def write(principal: PrincipalDep) -> None:
        """Change something."""

    async with client_of(app) as client:
        yield client


async def test_a_key_is_shown_once(
    admin_client: AsyncClient,
    machine: AsyncClient,
    admin_user: User,
    api_key_payload: Payload,
) -> None:
    created = await admin_client.post(URL, json=api_key_payload())
    body = created.json()
    key = body.pop("key")
    read = await admin_client.get(f"{URL}/{body['id']}")
    listed = await admin_client.get(URL)
    used = await machine.get("/whoami", headers={"Authorization": f"Bearer {key}"})

    assert created.status_code == status.HTTP_201_CREATED
    assert body.keys() == {
        "id",
        "created_at",
        "updated_at",
        "name",
        "prefix",
        "role",
        "read_only",
        "user_id",
        "created_by_id",
        "last_used_at",
        "expires_at",
    }
    assert (read.json(), listed.json()["items"]) == (body, [body])
    assert body["created_by_id"] == str(admin_user.id)
    assert used.json() == {"user": body["user_id"], "roles": ["member"]}


async def test_a_used_key_shows_when(
    admin_client: AsyncClient,
    machine: AsyncClient,
    test_api_key_id: UUID,
    key_headers: Headers,
) -> None:
    await machine.get("/whoami", headers=key_headers)
    read = await admin_client.get(f"{URL}/{test_api_key_id}")

    assert read.json()["last_used_at"] is not None


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"role": "owner"}, {"lifetime_days": 0}, {"lifetime_days": 367}, {"read_only": 0}],
)
async def test_a_key_is_not_created(admin_client: AsyncClient, api_key_payload: Payload, wrong: Any) -> None:
    response = await admin_client.post(URL, json=api_key_payload(**wrong))
    listed = await admin_client.get(URL)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert listed.json()["items"] == []


async def test_members_have_no_access_to_keys(
    member_client: AsyncClient,
    test_api_key_id: UUID,
    api_key_payload: Payload,
) -> None:
    responses = [
        await member_client.post(URL, json=api_key_payload()),
        await member_client.get(URL),
        await member_client.get(f"{URL}/{test_api_key_id}"),
        await member_client.delete(f"{URL}/{test_api_key_id}"),
    ]

    assert {response.status_code for response in responses} == {status.HTTP_403_FORBIDDEN}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", URL),
        ("GET", URL),
        ("GET", "/me"),
        ("PUT", "/me/password"),
        ("GET", "/sign-ins"),
        ("DELETE", "/sign-ins"),
    ],
)
async def test_a_key_of_an_admin_gives_no_access_to_keys_and_people(
    client: AsyncClient,
    db_session: AsyncSession,
    test_org_id: UUID,
    make_api_key: Factory[ApiKey],
    api_key_payload: Payload,
    method: str,
    path: str,
) -> None:
    user = await store_user(db_session, test_org_id, "Nightly export", role=Role.ADMIN)
    headers = headers_of(await make_api_key(user=user))

    response = await client.request(method, path, headers=headers, json=api_key_payload())

    assert response.status_code == status.HTTP_403_FORBIDDEN
    assert "person" in response.json()["detail"]


async def test_a_revoked_key_is_refused_at_once(
    admin_client: AsyncClient,
    machine: AsyncClient,
    test_api_key_id: UUID,
    key_headers: Headers,
) -> None:
    before = await machine.get("/whoami", headers=key_headers)
    revoked = await admin_client.delete(f"{URL}/{test_api_key_id}")
    after = await machine.get("/whoami", headers=key_headers)

    assert [before.status_code, revoked.status_code, after.status_code] == [200, 204, 401]
    assert after.json()["detail"] == REFUSED


async def test_an_expired_key_is_refused(
    machine: AsyncClient,
    make_api_key: Factory[ApiKey],
) -> None:
    used, expired = [headers_of(await make_api_key(expires_at=utcnow() + timedelta(days=days))) for days in (1, -1)]

    responses = [await machine.get("/whoami", headers=headers) for headers in (used, expired)]

    assert [response.status_code for response in responses] == [status.HTTP_200_OK, status.HTTP_401_UNAUTHORIZED]


@pytest.mark.parametrize("change", ["secret", "form"])
async def test_a_wrong_key_is_refused(machine: AsyncClient, key_headers: Headers, change: str) -> None:
    key = key_headers["Authorization"]
    wrong = f"{key[:-4]}AAA=" if change == "secret" else f"{key[:20]}*"

    before = await machine.get("/whoami", headers=key_headers)
    response = await machine.get("/whoami", headers={"Authorization": wrong})

    assert [before.status_code, response.status_code] == [status.HTTP_200_OK, status.HTTP_401_UNAUTHORIZED]
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["detail"] == (REFUSED if change == "secret" else "The API key is not valid.")


@pytest.mark.parametrize("read_only", [True, False])
async def test_a_key_that_only_reads(machine: AsyncClient, make_api_key: Factory[ApiKey], read_only: bool) -> None:
    headers = headers_of(await make_api_key(read_only=read_only))

    read = await machine.get("/whoami", headers=headers)
    written = await machine.post("/whoami", headers=headers)

    assert [read.status_code, written.status_code] == [200, 403 if read_only else 200]


async def test_requests_of_a_key_are_limited_like_those_of_a_user(
    machine: AsyncClient,
    settings: Settings,
    token_service: TokenService,
    make_api_key: Factory[ApiKey],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited = TokenService(settings.model_copy(update={"rate_limit_per_user": "2/minute"}))
    monkeypatch.setattr(token_service, "per_user", limited.per_user)
    mine, other = [headers_of(await make_api_key()) for _ in range(2)]

    responses = [await machine.get("/whoami", headers=headers) for headers in (mine, mine, mine, other)]

    assert [response.status_code for response in responses] == [200, 200, 429, 200]
