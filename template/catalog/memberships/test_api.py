"""Tests of the API for members."""

from uuid import UUID, uuid4

import pytest
from fastapi import status
from httpx2 import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.users import Role, User
from your_service.modules.auth.models import ApiKey
from your_service.modules.auth.rules import RefreshToken

from tests.fixtures.auth import headers_of
from tests.fixtures.core.identity import store_user
from tests.support.factories import Factory, Payload

URL = "/memberships"


async def test_members_are_listed(admin_client: AsyncClient, acting_user: User, admin_user: User) -> None:
    email = acting_user.email

    response = await admin_client.get(URL, params={"role": "member"})

    (member,) = response.json()["items"]
    assert response.status_code == status.HTTP_200_OK
    assert member == {
        **{name: member[name] for name in ("created_at", "updated_at")},
        "id": str(acting_user.id),
        "name": "Ada Lovelace",
        "email": email,
        "role": "member",
        "active": True,
    }
    read = await admin_client.get(f"{URL}/{acting_user.id}")
    assert read.json() == member


async def test_a_member_becomes_an_admin_at_once(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    test_membership_id: UUID,
) -> None:
    before = await member_client.get(URL)

    changed = await admin_client.patch(f"{URL}/{test_membership_id}", json={"role": "admin"})

    after = await member_client.get(URL)
    assert (changed.status_code, changed.json()["role"]) == (status.HTTP_200_OK, "admin")
    assert [before.status_code, after.status_code] == [status.HTTP_403_FORBIDDEN, status.HTTP_200_OK]


@pytest.mark.usefixtures("password")
async def test_a_member_who_is_removed_loses_access_at_once(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    acting_user: User,
    refresh_token: RefreshToken,
    sign_in_payload: Payload,
) -> None:
    credentials = sign_in_payload()
    before = await member_client.get("/me")

    removed = await admin_client.delete(f"{URL}/{acting_user.id}")

    after = await member_client.get("/me")
    refreshed = await member_client.post("/token-refresh", json={"refresh_token": str(refresh_token)})
    signed_in = await member_client.post("/sign-ins", json=credentials)
    assert [before.status_code, removed.status_code, after.status_code] == [200, 204, 401]
    assert [refreshed.status_code, signed_in.status_code] == [400, 403]


async def test_the_last_admin_is_not_removed(admin_client: AsyncClient, admin_user: User) -> None:
    response = await admin_client.delete(f"{URL}/{admin_user.id}")

    assert response.status_code == status.HTTP_409_CONFLICT
    assert response.json()["detail"] == "An organisation needs an admin. Make somebody else one before."


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", URL),
        ("GET", f"{URL}/{uuid4()}"),
        ("PATCH", f"{URL}/{uuid4()}"),
        ("DELETE", f"{URL}/{uuid4()}"),
        ("GET", "/invitations"),
        ("POST", "/invitations"),
        ("DELETE", f"/invitations/{uuid4()}"),
    ],
    ids=["list", "read", "change", "remove", "list-invitations", "invite", "withdraw"],
)
async def test_only_admins_manage_members(
    member_client: AsyncClient,
    invitation_payload: Payload,
    method: str,
    path: str,
) -> None:
    body = {"role": "admin"} if method == "PATCH" else invitation_payload()

    response = await member_client.request(method, path, json=body if method in {"PATCH", "POST"} else None)

    assert response.status_code == status.HTTP_403_FORBIDDEN


@pytest.mark.parametrize("path", [URL, "/invitations"])
async def test_the_api_key_of_an_admin_gives_no_access_to_members(
    client: AsyncClient,
    db_session: AsyncSession,
    test_org_id: UUID,
    make_api_key: Factory[ApiKey],
    path: str,
) -> None:
    machine = await store_user(db_session, test_org_id, "Nightly export", role=Role.ADMIN)
    headers = headers_of(await make_api_key(user=machine))

    response = await client.get(path, headers=headers)

    assert response.status_code == status.HTTP_403_FORBIDDEN
    assert "person" in response.json()["detail"]
