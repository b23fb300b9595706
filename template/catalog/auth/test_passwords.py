"""Tests of the service for passwords."""

import pytest
from sqlalchemy import func, select

from your_service.core.errors import Unprocessable
from your_service.core.users import User
from your_service.modules.auth import passwords
from your_service.modules.auth.models import Password
from your_service.modules.auth.passwords import InvalidGrant, PasswordService

NEW = "seven green umbrellas"


async def test_find_account(password_service: PasswordService, acting_user: User, password: str) -> None:
    account = await password_service.find_account(acting_user.email.upper(), password)

    assert account.id == acting_user.account_id


@pytest.mark.parametrize("wrong", [{"email": "nobody@example.com"}, {"password": "a key for the tests of others"}])
async def test_find_account_does_not_tell_what_is_wrong(
    password_service: PasswordService,
    acting_user: User,
    password: str,
    wrong: dict[str, str],
) -> None:
    given = {"email": acting_user.email, "password": password, **wrong}

    with pytest.raises(InvalidGrant) as error:
        await password_service.find_account(**given)

    assert error.value.detail == "The address or the password is wrong."


async def test_an_account_without_a_password_cannot_sign_in(
    password_service: PasswordService,
    acting_user: User,
) -> None:
    with pytest.raises(InvalidGrant):
        await password_service.find_account(acting_user.email, "")


@pytest.mark.parametrize("known", [True, False])
async def test_one_hash_is_verified_for_known_and_unknown_accounts(
    password_service: PasswordService,
    acting_user: User,
    password: str,
    monkeypatch: pytest.MonkeyPatch,
    known: bool,
) -> None:
    verified: list[str | None] = []

    def is_password(given: str, stored: str | None) -> bool:
        verified.append(stored)
        return False

    monkeypatch.setattr(passwords, "is_password", is_password)

    with pytest.raises(InvalidGrant):
        await password_service.find_account(acting_user.email if known else "nobody@example.com", password)

    assert [stored is not None for stored in verified] == [known]


async def test_set_stores_a_first_password(password_service: PasswordService, acting_user: User) -> None:
    await password_service.set(acting_user.account, acting_user.name, NEW)

    hashes = await password_service.session.scalars(select(Password.hash))
    stored = hashes.one()
    assert NEW not in stored
    await password_service.check(acting_user.account, NEW)


async def test_set_replaces_a_password(password_service: PasswordService, acting_user: User, password: str) -> None:
    await password_service.set(acting_user.account, acting_user.name, NEW)

    await password_service.check(acting_user.account, NEW)
    with pytest.raises(InvalidGrant, match="current password"):
        await password_service.check(acting_user.account, password)


@pytest.mark.parametrize("easy", ["short", "passwordpassword", "lovelacelovelace"])
async def test_set_refuses_a_password(password_service: PasswordService, acting_user: User, easy: str) -> None:
    with pytest.raises(Unprocessable, match=r"^The new password ") as error:
        await password_service.set(acting_user.account, acting_user.name, easy)

    assert error.value.fields == ("new_password",)
    assert await password_service.session.scalar(select(func.count(Password.account_id))) == 0
