"""Tests of concurrent requests for new passwords, on PostgreSQL."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.users import User
from your_service.modules.auth.passwords import InvalidGrant, PasswordService
from your_service.modules.communications.models import Communication
from your_service.modules.memberships.resets import PasswordResetService
from your_service.modules.memberships.tokens import EmailedToken

from tests.support.races import RaceRunner

FIRST, SECOND = "seven green umbrellas", "eleven purple teapots"


async def test_a_token_sets_one_password(
    race_in_order: RaceRunner,
    reset_service: PasswordResetService,
    reset_token: EmailedToken,
    acting_user: User,
) -> None:
    email = acting_user.email
    await reset_service.session.commit()

    async def reset_to_first(session: AsyncSession) -> None:
        await PasswordResetService(session).reset(reset_token, FIRST)

    async def reset_to_second(session: AsyncSession) -> None:
        await PasswordResetService(session).reset(reset_token, SECOND)

    _, outcome = await race_in_order(reset_to_first, reset_to_second)

    assert isinstance(outcome, InvalidGrant)
    account = await PasswordService(reset_service.session).find_account(email, FIRST)
    assert account.email == email


async def test_two_workers_answer_a_request_once(
    race: RaceRunner,
    reset_service: PasswordResetService,
    acting_user: User,
) -> None:
    await reset_service.request(acting_user.email)
    await reset_service.session.commit()

    async def answer(session: AsyncSession) -> bool:
        return await PasswordResetService(session).answer_next("https://example.com/#{token}")

    outcomes = await race(answer, answer)

    assert sorted(map(str, outcomes)) == ["False", "True"]
    assert await reset_service.session.scalar(select(func.count(Communication.id))) == 1
