"""Tests of the routes for second factors, and of signing in with one."""

from typing import Any

import pyotp
import pytest
from fastapi import status
from httpx2 import AsyncClient
from time_machine import Traveller

from your_service.core import attempts
from your_service.core.clock import utcnow

from tests.fixtures.auth import TOTP
from tests.support.factories import Payload

URL = "/me/second-factor"
REMOVAL = "/me/second-factor-removal"


async def test_a_second_factor_is_turned_on_used_and_turned_off(
    frozen_time: Traveller,
    member_client: AsyncClient,
    password: str,
    sign_in_payload: Payload,
) -> None:
    begun = await member_client.post(URL, json={"password": password})
    app = pyotp.TOTP(begun.json()["secret"])
    confirmed = await member_client.put(URL, json={"code": app.at(utcnow())})
    code = confirmed.json()["recovery_codes"][0]
    me = await member_client.get("/me")
    without = await member_client.post("/sign-ins", json=sign_in_payload())
    frozen_time.shift(30)
    signed_in = await member_client.post("/sign-ins", json=sign_in_payload(code=app.at(utcnow())))
    removed = await member_client.post(REMOVAL, json={"password": password, "code": code})
    afterwards = await member_client.post("/sign-ins", json=sign_in_payload())

    assert begun.json()["uri"].startswith("otpauth://totp/")
    assert [begun.status_code, confirmed.status_code, removed.status_code] == [201, 200, 204]
    assert me.json()["has_second_factor"] is True
    assert (without.status_code, without.json()["errors"][0]["type"]) == (400, "second_factor_required")
    assert [signed_in.status_code, afterwards.status_code] == [201, 201]


@pytest.mark.parametrize("wrong", [{"code": "AAAA"}, {"code": "000000"}, {"password": "a key for the tests of others"}])
async def test_a_wrong_code_or_password_gives_no_tokens(
    member_client: AsyncClient,
    password: str,
    recovery_code: str,
    sign_in_payload: Payload,
    wrong: dict[str, str],
) -> None:
    response = await member_client.post("/sign-ins", json=sign_in_payload(**{"code": recovery_code, **wrong}))
    right = await member_client.post("/sign-ins", json=sign_in_payload(code=recovery_code))

    assert response.status_code == status.HTTP_400_BAD_REQUEST
    assert "wrong" in response.json()["detail"]
    assert right.status_code == status.HTTP_201_CREATED


async def test_a_wrong_password_does_not_tell_that_there_is_a_second_factor(
    client: AsyncClient,
    password: str,
    recovery_code: str,
    sign_in_payload: Payload,
) -> None:
    wrong = {"password": "a key for the tests of others"}
    codes: list[dict[str, Any]] = [{}, {"code": "000000"}, {"code": recovery_code}]

    responses = [await client.post("/sign-ins", json=sign_in_payload(**wrong, **code)) for code in codes]

    assert {response.json()["detail"] for response in responses} == {"The address or the password is wrong."}


@pytest.mark.parametrize("wrong", [{"password": "a key for the tests of others"}, {"code": "AAAA"}])
async def test_a_second_factor_is_not_turned_off(
    member_client: AsyncClient,
    password: str,
    recovery_code: str,
    wrong: dict[str, str],
) -> None:
    response = await member_client.post(REMOVAL, json={"password": password, "code": recovery_code, **wrong})
    me = await member_client.get("/me")

    assert response.status_code == status.HTTP_400_BAD_REQUEST
    assert "wrong" in response.json()["detail"]
    assert me.json()["has_second_factor"] is True


async def test_a_second_factor_needs_the_password(member_client: AsyncClient, password: str) -> None:
    response = await member_client.post(URL, json={"password": "a key for the tests of others"})
    confirmed = await member_client.put(URL, json={"code": "000000"})

    assert [response.status_code, confirmed.status_code] == [status.HTTP_400_BAD_REQUEST, status.HTTP_409_CONFLICT]


async def test_the_secret_is_in_no_stored_response(member_client: AsyncClient, password: str) -> None:
    key = {"Idempotency-Key": "one"}

    begun = [await member_client.post(URL, json={"password": password}, headers=key) for _ in range(2)]

    assert len({response.json()["secret"] for response in begun}) == 2


@pytest.mark.parametrize("path", ["/sign-ins", REMOVAL])
async def test_codes_cannot_be_guessed(
    member_client: AsyncClient,
    password: str,
    recovery_code: str,
    sign_in_payload: Payload,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    monkeypatch.setattr(attempts, "PER_OWNER", "2/day")
    body = sign_in_payload() if path == "/sign-ins" else {"password": password}

    guessed = [await member_client.post(path, json={**body, "code": "000000"}) for _ in range(3)]
    right = await member_client.post(path, json={**body, "code": TOTP.at(utcnow())})
    recovered = await member_client.post(path, json={**body, "code": recovery_code})

    assert [response.status_code for response in guessed] == [400, 400, 429]
    assert right.status_code == status.HTTP_429_TOO_MANY_REQUESTS
    assert recovered.is_success


async def test_somebody_without_the_password_cannot_lock_out_the_owner(
    client: AsyncClient,
    password: str,
    recovery_code: str,
    sign_in_payload: Payload,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempts, "PER_OWNER", "1/day")
    wrong = {"password": "a key for the tests of others", "code": "000000"}

    guessed = [await client.post("/sign-ins", json=sign_in_payload(**wrong)) for _ in range(3)]
    right = await client.post("/sign-ins", json=sign_in_payload(code=TOTP.at(utcnow())))

    assert [response.status_code for response in guessed] == [400] * 3
    assert right.status_code == status.HTTP_201_CREATED


async def test_a_body_that_limits_read_is_refused_once(client: AsyncClient) -> None:
    response = await client.post("/sign-ins", json={})

    assert [error["loc"] for error in response.json()["errors"]] == [["body", "email"], ["body", "password"]]
