"""Tests of concurrent changes of members, on PostgreSQL."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.errors import Conflict
from your_service.core.events import EventBus
from your_service.core.users import Role, User
from your_service.modules.memberships.service import MembershipService

from tests.support.factories import Factory
from tests.support.races import RaceRunner


async def test_two_admins_who_remove_each_other_leave_one(
    race_in_order: RaceRunner,
    membership_service: MembershipService,
    admin_user: User,
    add_user: Factory[User],
) -> None:
    other = await add_user(role=Role.ADMIN)
    first_id, second_id = admin_user.id, other.id
    await membership_service.session.commit()

    async def remove_first(session: AsyncSession) -> None:
        await MembershipService(session, EventBus(session)).remove(first_id)

    async def remove_second(session: AsyncSession) -> None:
        await MembershipService(session, EventBus(session)).remove(second_id)

    _, outcome = await race_in_order(remove_first, remove_second)

    assert isinstance(outcome, Conflict)
    admins = select(func.count(User.id)).where(User.role == Role.ADMIN, User.active)
    assert await membership_service.session.scalar(admins) == 1
