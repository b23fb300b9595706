"""Tests of the API for signing in and out."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient
from jwt import PyJWKClient
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.tenancy import Organisation
from your_service.core.users import Role, User
from your_service.modules.auth.models import ApiKey, SignIn
from your_service.modules.auth.rules import RefreshToken

from tests.fixtures.auth import headers_of
from tests.fixtures.core.identity import Headers, store_user
from tests.support.factories import Factory, Payload

URL = "/sign-ins"
NEW = "seven green umbrellas"


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def test_sign_in(
    client: AsyncClient,
    acting_user: User,
    password: str,
    sign_in_payload: Payload,
    test_org: Organisation,
) -> None:
    response = await client.post(URL, json=sign_in_payload())

    tokens = response.json()
    assert response.status_code == status.HTTP_201_CREATED
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 600)
    me = await client.get("/me", headers=bearer(tokens))
    assert me.json() == {
        "account_id": str(acting_user.account_id),
        "email": acting_user.email,
        "user_id": str(acting_user.id),
        "name": acting_user.name,
        "roles": ["member"],
        "has_second_factor": False,
        "organisation_id": str(test_org.id),
        "organisations": [{"id": str(test_org.id), "name": test_org.name}],
    }


@pytest.mark.parametrize("wrong", [{"email": "nobody@example.com"}, {"password": "a key for the tests of others"}])
async def test_the_response_does_not_tell_whether_an_account_exists(
    client: AsyncClient,
    password: str,
    sign_in_payload: Payload,
    wrong: dict[str, str],
) -> None:
    response = await client.post(URL, json=sign_in_payload(**wrong))

    assert response.status_code == status.HTTP_400_BAD_REQUEST
    assert response.json()["detail"] == "The address or the password is wrong."


@pytest.mark.parametrize("is_known", [True, False])
async def test_attempts_are_limited_whether_or_not_the_account_exists(
    client: AsyncClient,
    password: str,
    sign_in_payload: Payload,
    acting_user: User,
    is_known: bool,
) -> None:
    email = acting_user.email if is_known else "nobody@example.com"
    wrong = sign_in_payload(email=email, password="a key for the tests of others")

    responses = [await client.post(URL, json=wrong) for _ in range(11)]

    codes = [response.status_code for response in responses]
    assert codes == [*[status.HTTP_400_BAD_REQUEST] * 10, status.HTTP_429_TOO_MANY_REQUESTS]


async def test_a_stolen_access_token_is_no_way_to_guess_the_password(member_client: AsyncClient, password: str) -> None:
    wrong = {"current_password": "a key for the tests of others", "new_password": NEW}
    right = {"current_password": password, "new_password": NEW}

    responses = [await member_client.put("/me/password", json=body) for body in [*[wrong] * 10, right]]

    codes = [response.status_code for response in responses]
    assert codes == [*[status.HTTP_400_BAD_REQUEST] * 10, status.HTTP_429_TOO_MANY_REQUESTS]


async def test_a_refresh_token_works_once(client: AsyncClient, password: str, sign_in_payload: Payload) -> None:
    signed_in = await client.post(URL, json=sign_in_payload())
    first = {"refresh_token": signed_in.json()["refresh_token"]}

    refreshed = await client.post("/token-refresh", json=first)
    again = await client.post("/token-refresh", json=first)
    newest = await client.post("/token-refresh", json={"refresh_token": refreshed.json()["refresh_token"]})

    assert [refreshed.status_code, again.status_code, newest.status_code] == [200, 400, 400]
    assert again.json()["detail"] == "The refresh token is not valid."


async def test_another_organisation_is_selected(
    client: AsyncClient,
    db_session: AsyncSession,
    acting_user: User,
    refresh_token: RefreshToken,
    other_org: Organisation,
) -> None:
    there = await store_user(db_session, other_org.id, "Ada", account=acting_user.account, role=Role.ADMIN)
    body = {"refresh_token": str(refresh_token), "organisation_id": str(other_org.id)}

    response = await client.post("/token-refresh", json=body)

    me = await client.get("/me", headers=bearer(response.json()))
    assert response.json()["organisation_id"] == str(other_org.id)
    assert (me.json()["user_id"], me.json()["roles"]) == (str(there.id), ["admin"])
    assert len(me.json()["organisations"]) == 2


async def test_an_organisation_of_others_cannot_be_selected(
    client: AsyncClient,
    refresh_token: RefreshToken,
    other_org: Organisation,
) -> None:
    body = {"refresh_token": str(refresh_token), "organisation_id": str(other_org.id)}

    refused = await client.post("/token-refresh", json=body)
    own = await client.post("/token-refresh", json={"refresh_token": str(refresh_token)})

    assert [refused.status_code, own.status_code] == [status.HTTP_403_FORBIDDEN, status.HTTP_200_OK]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é" * 3])
async def test_another_text_is_no_refresh_token(client: AsyncClient, token: str) -> None:
    response = await client.post("/token-refresh", json={"refresh_token": token})

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_members_see_and_end_their_own_sign_ins_only(
    member_client: AsyncClient,
    admin_user: User,
    make_sign_in: Factory[SignIn],
) -> None:
    mine, other = await make_sign_in(), await make_sign_in(user_id=admin_user.id)

    listed = await member_client.get(URL, params={"user_id": str(admin_user.id)})
    read = [await member_client.get(f"{URL}/{each.id}") for each in (mine, other)]
    ended = [await member_client.delete(f"{URL}/{each.id}") for each in (mine, other)]

    assert [each["id"] for each in listed.json()["items"]] == [str(mine.id)]
    assert [response.status_code for response in read] == [status.HTTP_200_OK, status.HTTP_404_NOT_FOUND]
    assert [response.status_code for response in ended] == [status.HTTP_204_NO_CONTENT, status.HTTP_404_NOT_FOUND]


async def test_admins_see_and_end_all_sign_ins(
    admin_client: AsyncClient,
    test_sign_in_id: UUID,
    acting_user: User,
) -> None:
    listed = await admin_client.get(URL, params={"user_id": str(acting_user.id)})
    none = await admin_client.get(URL, params={"user_id": str(uuid4())})
    ended = await admin_client.delete(f"{URL}/{test_sign_in_id}")

    assert [each["id"] for each in listed.json()["items"]] == [str(test_sign_in_id)]
    assert listed.json()["items"][0].keys() == {
        "id",
        "created_at",
        "updated_at",
        "user_id",
        "refreshed_at",
        "expires_at",
    }
    assert none.json()["items"] == []
    assert ended.status_code == status.HTTP_204_NO_CONTENT


async def test_all_devices_are_signed_out(
    member_client: AsyncClient,
    refresh_token: RefreshToken,
) -> None:
    response = await member_client.delete(URL)
    refused = await member_client.post("/token-refresh", json={"refresh_token": str(refresh_token)})

    assert [response.status_code, refused.status_code] == [status.HTTP_204_NO_CONTENT, status.HTTP_400_BAD_REQUEST]


async def test_a_new_password_signs_out_all_devices(
    member_client: AsyncClient,
    password: str,
    sign_in_payload: Payload,
    refresh_token: RefreshToken,
) -> None:
    body = {"current_password": password, "new_password": NEW}

    changed = await member_client.put("/me/password", json=body)
    refreshed = await member_client.post("/token-refresh", json={"refresh_token": str(refresh_token)})
    old = await member_client.post(URL, json=sign_in_payload())
    new = await member_client.post(URL, json=sign_in_payload(password=NEW))

    assert [response.status_code for response in (changed, refreshed, old, new)] == [204, 400, 400, 201]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"current_password": "a key for the tests of others"}, 400), ({"new_password": "passwordpassword"}, 422)],
)
async def test_a_password_is_not_changed(
    member_client: AsyncClient,
    password: str,
    sign_in_payload: Payload,
    wrong: dict[str, str],
    code: int,
) -> None:
    body = {"current_password": password, "new_password": NEW, **wrong}

    changed = await member_client.put("/me/password", json=body)
    signed_in = await member_client.post(URL, json=sign_in_payload())

    assert [changed.status_code, signed_in.status_code] == [code, status.HTTP_201_CREATED]
    assert next(iter(wrong.values())) not in changed.text


async def test_a_user_who_leaves_loses_access_at_once(
    client: AsyncClient,
    db_session: AsyncSession,
    acting_user: User,
    password: str,
    sign_in_payload: Payload,
) -> None:
    signed_in = await client.post(URL, json=sign_in_payload())
    before = await client.get("/me", headers=bearer(signed_in.json()))
    acting_user.active = False
    await db_session.commit()

    after = await client.get("/me", headers=bearer(signed_in.json()))
    refreshed = await client.post("/token-refresh", json={"refresh_token": signed_in.json()["refresh_token"]})

    assert [before.status_code, after.status_code, refreshed.status_code] == [200, 401, 400]


ENDINGS = ["sign out", "sign out everywhere", "password", "refresh token used twice", "other organisation"]


@pytest.mark.parametrize("ending", ENDINGS)
async def test_an_access_token_ends_with_its_sign_in(
    client: AsyncClient,
    db_session: AsyncSession,
    acting_user: User,
    other_org: Organisation,
    password: str,
    sign_in_payload: Payload,
    ending: str,
) -> None:
    await store_user(db_session, other_org.id, "Ada", account=acting_user.account)
    signed_in = await client.post(URL, json=sign_in_payload(organisation_id=str(acting_user.organisation_id)))
    tokens = signed_in.json()
    headers = bearer(tokens)
    refresh = {"refresh_token": tokens["refresh_token"]}
    before = await client.get("/me", headers=headers)

    if ending == "sign out":
        await client.delete(f"{URL}/{tokens['sign_in_id']}", headers=headers)
    if ending == "sign out everywhere":
        await client.delete(URL, headers=headers)
    if ending == "password":
        await client.put("/me/password", json={"current_password": password, "new_password": NEW}, headers=headers)
    if ending == "refresh token used twice":
        for _ in range(2):
            await client.post("/token-refresh", json=refresh)
    if ending == "other organisation":
        await client.post("/token-refresh", json={**refresh, "organisation_id": str(other_org.id)})
    after = await client.get("/me", headers=headers)

    assert [before.status_code, after.status_code] == [status.HTTP_200_OK, status.HTTP_401_UNAUTHORIZED]
    assert after.json()["detail"] == "The user, the sign-in or the API key is unknown or deactivated."


async def test_an_access_token_lasts_when_its_sign_in_is_refreshed_or_another_one_ends(
    client: AsyncClient,
    password: str,
    sign_in_payload: Payload,
) -> None:
    responses = [await client.post(URL, json=sign_in_payload()) for _ in range(2)]
    first, other = [response.json() for response in responses]

    await client.post("/token-refresh", json={"refresh_token": first["refresh_token"]})
    ended = await client.delete(f"{URL}/{other['sign_in_id']}", headers=bearer(first))
    mine = await client.get("/me", headers=bearer(first))

    assert [ended.status_code, mine.status_code] == [status.HTTP_204_NO_CONTENT, status.HTTP_200_OK]


@pytest.mark.parametrize("path", [URL, "/token-refresh"])
async def test_people_sign_in_at_the_identity_provider_if_there_is_one(
    client: AsyncClient,
    app: FastAPI,
    password: str,
    sign_in_payload: Payload,
    refresh_token: RefreshToken,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    body = sign_in_payload() if path == URL else {"refresh_token": str(refresh_token)}
    monkeypatch.setattr(app.state.tokens, "provider", PyJWKClient("https://login.example.com/keys"))

    refused = await client.post(path, json=body)
    monkeypatch.undo()
    accepted = await client.post(path, json=body)

    assert refused.status_code == status.HTTP_403_FORBIDDEN
    assert "identity provider" in refused.json()["detail"]
    assert accepted.is_success


# What a person without a token, a member, an admin, and a machine with the key of an admin get. A 422 is only for those who
# may send a request: its body is empty.
ACCESS = {
    ("GET", "/me"): (401, 200, 200, 403),
    ("PUT", "/me/password"): (401, 422, 422, 403),
    ("POST", "/me/second-factor"): (401, 422, 422, 403),
    ("PUT", "/me/second-factor"): (401, 422, 422, 403),
    ("POST", "/me/second-factor-removal"): (401, 422, 422, 403),
    ("GET", URL): (401, 200, 200, 403),
    ("DELETE", URL): (401, 204, 204, 403),
    ("GET", "/sign-ins/{sign_in_id}"): (401, 200, 200, 403),
    ("DELETE", "/sign-ins/{sign_in_id}"): (401, 204, 204, 403),
    ("GET", "/api-keys"): (401, 403, 200, 403),
    ("POST", "/api-keys"): (401, 403, 422, 403),
    ("GET", "/api-keys/{api_key_id}"): (401, 403, 200, 403),
    ("DELETE", "/api-keys/{api_key_id}"): (401, 403, 204, 403),
}
WHO = ("nobody", "member", "admin", "machine")


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(("method", "path"), ACCESS)
async def test_who_may_use_a_route(
    client: AsyncClient,
    db_session: AsyncSession,
    auth_headers: Headers,
    superuser_token_headers: Headers,
    test_org_id: UUID,
    test_sign_in_id: UUID,
    make_api_key: Factory[ApiKey],
    who: str,
    method: str,
    path: str,
) -> None:
    machine = await store_user(db_session, test_org_id, "Nightly export", role=Role.ADMIN)
    api_key = await make_api_key(user=machine)
    headers: dict[str, Headers] = {
        "nobody": {},
        "member": auth_headers,
        "admin": superuser_token_headers,
        "machine": headers_of(api_key),
    }
    url = path.format(sign_in_id=test_sign_in_id, api_key_id=api_key.id)
    body: dict[str, str] | None = None if method == "GET" else {}

    response = await client.request(method, url, headers=headers[who], json=body)

    assert response.status_code == ACCESS[method, path][WHO.index(who)]


def test_the_table_has_every_route_that_needs_a_token(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    routes = {(method.upper(), path): each for path, routes in paths.items() for method, each in routes.items()}

    assert {*ACCESS} == {route for route, each in routes.items() if each.get("tags") == ["auth"] and each["security"]}


async def test_a_password_that_cannot_be_hashed_is_refused(client: AsyncClient) -> None:
    body = rb'{"email": "ada@example.com", "password": "\ud800"}'

    response = await client.post(URL, content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "password"]]
