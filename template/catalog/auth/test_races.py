"""Tests of concurrent requests with one refresh token, on PostgreSQL."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.auth.models import SignIn
from your_service.modules.auth.rules import RefreshToken
from your_service.modules.auth.service import SignedIn, SignInService

from tests.support.races import RaceRunner


async def test_two_requests_with_one_refresh_token_end_the_sign_in(
    race_in_order: RaceRunner,
    sign_in_service: SignInService,
    refresh_token: RefreshToken,
) -> None:
    await sign_in_service.session.commit()

    async def refresh(session: AsyncSession) -> SignedIn | None:
        return await SignInService(session, EventBus(session)).refresh(refresh_token)

    first, second = await race_in_order(refresh, refresh)

    assert isinstance(first, SignedIn)
    assert second is None
    assert await sign_in_service.session.scalar(select(func.count(SignIn.id))) == 0
    assert await sign_in_service.refresh(first.token) is None


async def test_a_device_that_is_signed_out_meanwhile_gets_no_token(
    race_in_order: RaceRunner,
    sign_in_service: SignInService,
    refresh_token: RefreshToken,
) -> None:
    await sign_in_service.session.commit()

    async def end(session: AsyncSession) -> None:
        await SignInService(session, EventBus(session)).end(refresh_token.sign_in_id)

    async def refresh(session: AsyncSession) -> SignedIn | None:
        return await SignInService(session, EventBus(session)).refresh(refresh_token)

    _, outcome = await race_in_order(end, refresh)

    assert outcome is None
