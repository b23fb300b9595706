"""Tests of concurrent requests with one code, on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.accounts import Account
from your_service.core.clock import utcnow
from your_service.core.users import User
from your_service.modules.auth.second_factors import SecondFactorService, WrongCode

from tests.fixtures.auth import TOTP
from tests.support.races import RaceRunner


@pytest.mark.parametrize("kind", ["app", "recovery"])
async def test_one_of_two_requests_with_the_same_code_counts(
    race_in_order: RaceRunner,
    db_session: AsyncSession,
    acting_user: User,
    recovery_code: str,
    kind: str,
) -> None:
    account_id = acting_user.account_id
    await db_session.commit()
    code = TOTP.at(utcnow()) if kind == "app" else recovery_code

    async def use(session: AsyncSession) -> Any:
        account = await session.get_one(Account, account_id)
        await SecondFactorService(session).check(account, code)

    first, second = await race_in_order(use, use)

    assert first is None
    assert isinstance(second, WrongCode)


async def test_two_requests_to_begin_wait_for_each_other(
    race_in_order: RaceRunner,
    db_session: AsyncSession,
    acting_user: User,
) -> None:
    account_id = acting_user.account_id
    await db_session.commit()

    async def begin(session: AsyncSession) -> Any:
        account = await session.get_one(Account, account_id)
        return await SecondFactorService(session).begin(account, "Acme")

    outcomes = await race_in_order(begin, begin)

    assert [isinstance(outcome, tuple) for outcome in outcomes] == [True, True]
