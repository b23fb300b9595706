"""Tests of the API for forgotten passwords."""

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient
from jwt import PyJWKClient

from your_service.core.users import User
from your_service.modules.auth.rules import RefreshToken
from your_service.modules.memberships.tokens import EmailedToken

from tests.support.factories import Payload

REQUESTS, RESETS = "/password-reset-requests", "/password-resets"
NEW = "seven green umbrellas"


@pytest.mark.parametrize("is_known", [True, False])
async def test_the_response_does_not_tell_whether_an_account_exists(
    client: AsyncClient,
    acting_user: User,
    is_known: bool,
) -> None:
    email = acting_user.email if is_known else "nobody@example.com"

    responses = [await client.post(REQUESTS, json={"email": email}) for _ in range(11)]

    assert [response.status_code for response in responses] == [*[202] * 10, 429]
    assert {response.text for response in responses[:10]} == {"null"}


@pytest.mark.usefixtures("password")
async def test_a_new_password_signs_out_all_devices(
    client: AsyncClient,
    reset_token: EmailedToken,
    refresh_token: RefreshToken,
    sign_in_payload: Payload,
) -> None:
    old, new = sign_in_payload(), sign_in_payload(password=NEW)

    reset = await client.post(RESETS, json={"token": str(reset_token), "new_password": NEW})

    refreshed = await client.post("/token-refresh", json={"refresh_token": str(refresh_token)})
    signed_in = [await client.post("/sign-ins", json=body) for body in (old, new)]
    again = await client.post(RESETS, json={"token": str(reset_token), "new_password": NEW})
    assert [reset.status_code, refreshed.status_code, again.status_code] == [204, 400, 400]
    assert [response.status_code for response in signed_in] == [400, 201]
    assert again.json()["detail"] == "The link was used before, or is too old."


async def test_a_weak_password_leaves_the_token(client: AsyncClient, reset_token: EmailedToken) -> None:
    bodies = [{"token": str(reset_token), "new_password": password} for password in ("too short", NEW)]

    responses = [await client.post(RESETS, json=body) for body in bodies]

    assert [response.status_code for response in responses] == [
        status.HTTP_422_UNPROCESSABLE_CONTENT,
        status.HTTP_204_NO_CONTENT,
    ]
    assert "too short" not in responses[0].text


async def test_an_identity_provider_has_the_passwords(
    client: AsyncClient,
    app: FastAPI,
    reset_token: EmailedToken,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app.state.tokens, "provider", PyJWKClient("https://login.example.com/keys"))
    token = {"token": str(reset_token), "new_password": NEW}
    requests = {REQUESTS: {"email": "ada@example.com"}, RESETS: token, "/invitation-acceptances": token}

    responses = [await client.post(path, json=body) for path, body in requests.items()]

    assert [response.status_code for response in responses] == [status.HTTP_403_FORBIDDEN] * 3
