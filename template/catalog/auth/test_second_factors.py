"""Tests of the service for second factors."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from your_service.core.accounts import Account
from your_service.core.clock import utcnow
from your_service.core.errors import Conflict
from your_service.core.users import User
from your_service.modules.auth.models import RecoveryCode, SecondFactor
from your_service.modules.auth.second_factors import (
    RECOVERY_BYTES,
    RECOVERY_CODES,
    WRONG,
    SecondFactorRequired,
    SecondFactorService,
    WrongCode,
)

from tests.fixtures.auth import RECOVERY_CODE, TOTP


@pytest.fixture
def account(acting_user: User) -> Account:
    """The account that signs in."""
    return acting_user.account


def code_in(seconds: int = 0) -> str:
    """Return the code that the app shows at another time."""
    return TOTP.at(utcnow() + timedelta(seconds=seconds))


async def test_begin_and_confirm(
    frozen_time: Traveller,
    second_factor_service: SecondFactorService,
    account: Account,
) -> None:
    secret, uri = await second_factor_service.begin(account, "Acme")
    before = await second_factor_service.is_on(account.id)
    app = pyotp.parse_uri(uri)
    assert isinstance(app, pyotp.TOTP)
    codes = await second_factor_service.confirm(account, app.at(utcnow()))

    assert (app.secret, app.issuer, app.name) == (secret, "Acme", account.email)
    assert [before, await second_factor_service.is_on(account.id)] == [False, True]
    assert len({*codes}) == RECOVERY_CODES
    assert {len(code.replace("-", "")) for code in codes} == {RECOVERY_BYTES * 8 // 5}


async def test_recovery_codes_are_not_stored(
    frozen_time: Traveller,
    second_factor_service: SecondFactorService,
    account: Account,
) -> None:
    secret, _ = await second_factor_service.begin(account, "Acme")
    codes = await second_factor_service.confirm(account, pyotp.TOTP(secret).at(utcnow()))

    hashes = await second_factor_service.session.scalars(select(RecoveryCode.hash))
    stored = hashes.all()
    assert len(stored) == RECOVERY_CODES
    assert {*stored}.isdisjoint({*codes, *(code.replace("-", "") for code in codes)})


async def test_begin_again_replaces_the_secret(
    frozen_time: Traveller,
    second_factor_service: SecondFactorService,
    account: Account,
) -> None:
    old, _ = await second_factor_service.begin(account, "Acme")
    new, _ = await second_factor_service.begin(account, "Acme")

    with pytest.raises(WrongCode):
        await second_factor_service.confirm(account, pyotp.TOTP(old).at(utcnow()))
    assert await second_factor_service.confirm(account, pyotp.TOTP(new).at(utcnow()))


async def test_a_second_factor_is_not_replaced(
    second_factor_service: SecondFactorService,
    account: Account,
    recovery_code: str,
) -> None:
    with pytest.raises(Conflict, match="Turn it off first"):
        await second_factor_service.begin(account, "Acme")
    with pytest.raises(Conflict, match="no second factor to turn on"):
        await second_factor_service.confirm(account, code_in())

    await second_factor_service.check(account, code_in())


async def test_nothing_can_be_confirmed_or_turned_off_without_a_second_factor(
    second_factor_service: SecondFactorService,
    account: Account,
) -> None:
    with pytest.raises(Conflict, match="no second factor to turn on"):
        await second_factor_service.confirm(account, "123456")
    with pytest.raises(Conflict, match="has no second factor"):
        await second_factor_service.turn_off(account, "123456")


async def test_no_code_is_needed_before_the_confirmation(
    second_factor_service: SecondFactorService,
    account: Account,
) -> None:
    await second_factor_service.check(account, None)
    await second_factor_service.begin(account, "Acme")

    await second_factor_service.check(account, None)
    with pytest.raises(Conflict):
        await second_factor_service.turn_off(account, "123456")


async def test_a_code_is_required(
    second_factor_service: SecondFactorService,
    account: Account,
    recovery_code: str,
) -> None:
    with pytest.raises(SecondFactorRequired) as error:
        await second_factor_service.check(account, None)

    assert error.value.type == "second_factor_required"


@pytest.mark.parametrize(("seconds", "is_right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
async def test_a_code_may_be_one_step_early_or_late(
    frozen_time: Traveller,
    second_factor_service: SecondFactorService,
    account: Account,
    recovery_code: str,
    seconds: int,
    is_right: bool,
) -> None:
    code = code_in(seconds)

    if is_right:
        await second_factor_service.check(account, code)
    with pytest.raises(WrongCode, match=WRONG):
        await second_factor_service.check(account, code)


async def test_a_code_does_not_count_after_a_newer_one(
    frozen_time: Traveller,
    second_factor_service: SecondFactorService,
    account: Account,
    recovery_code: str,
) -> None:
    older, newer, next_one = code_in(), code_in(30), code_in(60)
    await second_factor_service.check(account, newer)

    with pytest.raises(WrongCode):
        await second_factor_service.check(account, older)
    frozen_time.shift(30)
    await second_factor_service.check(account, next_one)


async def test_the_code_of_the_confirmation_was_used(
    frozen_time: Traveller,
    second_factor_service: SecondFactorService,
    account: Account,
) -> None:
    secret, _ = await second_factor_service.begin(account, "Acme")
    code = pyotp.TOTP(secret).at(utcnow())
    await second_factor_service.confirm(account, code)

    with pytest.raises(WrongCode):
        await second_factor_service.check(account, code)


@pytest.mark.parametrize("code", [RECOVERY_CODE, RECOVERY_CODE.lower(), RECOVERY_CODE.replace("-", " ")])
async def test_a_recovery_code_counts_once(
    second_factor_service: SecondFactorService,
    account: Account,
    recovery_code: str,
    code: str,
) -> None:
    await second_factor_service.check(account, code)

    with pytest.raises(WrongCode, match=WRONG):
        await second_factor_service.check(account, code)


async def test_a_recovery_code_of_another_account_is_wrong(
    second_factor_service: SecondFactorService,
    admin_user: User,
    recovery_code: str,
) -> None:
    second_factor_service.session.add(
        SecondFactor(account_id=admin_user.account_id, secret=pyotp.random_base32(), confirmed_at=utcnow())
    )
    await second_factor_service.session.flush()

    with pytest.raises(WrongCode):
        await second_factor_service.check(admin_user.account, recovery_code)


@pytest.mark.parametrize("kind", ["app", "recovery"])
async def test_turn_off(
    frozen_time: Traveller,
    second_factor_service: SecondFactorService,
    account: Account,
    recovery_code: str,
    kind: str,
) -> None:
    await second_factor_service.turn_off(account, code_in() if kind == "app" else recovery_code)

    assert not await second_factor_service.is_on(account.id)
    assert await second_factor_service.session.scalar(select(func.count(RecoveryCode.hash))) == 0
    assert await second_factor_service.begin(account, "Acme")


async def test_a_wrong_code_turns_nothing_off(
    second_factor_service: SecondFactorService,
    account: Account,
    recovery_code: str,
) -> None:
    with pytest.raises(WrongCode):
        await second_factor_service.turn_off(account, "AAAA")

    assert await second_factor_service.is_on(account.id)
