"""Tests of concurrent acceptances of one invitation, on PostgreSQL."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.users import User
from your_service.modules.auth.passwords import InvalidGrant
from your_service.modules.memberships.invitations import InvitationService
from your_service.modules.memberships.tokens import EmailedToken

from tests.support.races import RaceRunner


async def test_two_requests_with_one_token_create_one_account(
    race_in_order: RaceRunner,
    invitation_service: InvitationService,
    invitation_token: EmailedToken,
) -> None:
    await invitation_service.session.commit()

    async def accept(session: AsyncSession) -> User:
        service = InvitationService(session, EventBus(session))
        return await service.accept(invitation_token, "seven green umbrellas")

    first, second = await race_in_order(accept, accept)

    assert isinstance(first, User)
    assert isinstance(second, InvalidGrant)
    named = select(func.count(User.id)).where(User.name == "Barbara Liskov")
    assert await invitation_service.session.scalar(named) == 1
