"""Tests of the service for members."""

from uuid import uuid4

import pytest

from your_service.core.errors import Conflict, NotFound
from your_service.core.tenancy import Organisation
from your_service.core.users import Role, User
from your_service.modules.auth.models import ApiKey, SignIn
from your_service.modules.auth.service import SignInService
from your_service.modules.memberships.schemas import UserQuery, UserUpdate
from your_service.modules.memberships.service import MembershipService

from tests.support.factories import Factory
from tests.test_utils import ServiceTestCase, TenantContext

ADMIN, MEMBER = UserUpdate(role=Role.ADMIN), UserUpdate(role=Role.MEMBER)
NEEDS_ADMIN = r"^An organisation needs an admin\. Make somebody else one before\.$"


class TestMembershipService(ServiceTestCase[MembershipService]):
    """Tests of MembershipService."""

    service_class = MembershipService

    async def test_members_are_listed_with_their_addresses(self, acting_user: User, admin_user: User) -> None:
        address = acting_user.email
        self.session.expire_all()

        listing = await self.service.list_members(UserQuery())

        assert {each.id for each in listing.items} == {acting_user.id, admin_user.id}
        assert address in [each.email for each in listing.items]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            (UserQuery(role=Role.ADMIN), ["Alan Turing"]),
            (UserQuery(active=False), ["Grace Hopper"]),
            (UserQuery(active=True), ["Ada Lovelace", "Alan Turing"]),
        ],
    )
    async def test_members_are_filtered(
        self,
        acting_user: User,
        admin_user: User,
        add_user: Factory[User],
        query: UserQuery,
        names: list[str],
    ) -> None:
        await add_user("Grace Hopper", active=False)

        listing = await self.service.list_members(query)

        assert sorted(each.name for each in listing.items) == names

    async def test_a_member_becomes_an_admin(self, acting_user: User) -> None:
        changed = await self.service.change(acting_user.id, ADMIN)

        assert (changed.role, changed.email) == (Role.ADMIN, acting_user.email)
        assert [event.name for event in self.published_events] == ["membership.updated"]

    async def test_one_of_two_admins_becomes_a_member(self, admin_user: User, add_user: Factory[User]) -> None:
        await add_user(role=Role.ADMIN)

        changed = await self.service.change(admin_user.id, MEMBER)

        assert changed.role == Role.MEMBER

    async def test_the_last_admin_stays_one(self, admin_user: User, add_user: Factory[User]) -> None:
        await add_user(role=Role.ADMIN, active=False)
        await add_user(role=Role.MEMBER)

        with pytest.raises(Conflict, match=NEEDS_ADMIN):
            await self.service.change(admin_user.id, MEMBER)
        with pytest.raises(Conflict, match=NEEDS_ADMIN):
            await self.service.remove(admin_user.id)
        unchanged = await self.service.change(admin_user.id, ADMIN)

        assert (unchanged.role, unchanged.active) == (Role.ADMIN, True)

    async def test_the_last_person_stays_an_admin_beside_a_machine(
        self,
        admin_user: User,
        add_user: Factory[User],
        make_api_key: Factory[ApiKey],
    ) -> None:
        await make_api_key(user=await add_user("Nightly export", role=Role.ADMIN))

        with pytest.raises(Conflict, match=NEEDS_ADMIN):
            await self.service.remove(admin_user.id)

    async def test_an_admin_of_another_organisation_does_not_count(
        self,
        admin_user: User,
        other_org_user: User,
    ) -> None:
        assert other_org_user.role is Role.ADMIN

        with pytest.raises(Conflict, match=NEEDS_ADMIN):
            await self.service.remove(admin_user.id)

    async def test_a_member_who_is_removed_is_signed_out_here(
        self,
        acting_user: User,
        admin_user: User,
        make_sign_in: Factory[SignIn],
    ) -> None:
        sign_ins = [await make_sign_in() for _ in range(2)]
        other = await make_sign_in(user_id=admin_user.id)

        await self.service.remove(acting_user.id)

        member = await self.service.get_member(acting_user.id)
        left = await SignInService(self.session, self.service.events).list()
        assert member.active is False
        assert [each.id for each in left.items] == [other.id]
        ended = [event.record_id for event in self.published_events if event.name == "sign_in.ended"]
        assert sorted(ended) == sorted(each.id for each in sign_ins)

    async def test_a_member_stays_signed_in_elsewhere(
        self,
        acting_user: User,
        other_org: Organisation,
        add_user: Factory[User],
        make_sign_in: Factory[SignIn],
    ) -> None:
        with TenantContext(other_org):
            there = await add_user("Ada", account=acting_user.account)
            sign_in = await make_sign_in(user_id=there.id)

        await self.service.remove(acting_user.id)

        with TenantContext(other_org):
            assert await SignInService(self.session, self.service.events).get(sign_in.id) is sign_in
            assert there.active is True

    async def test_somebody_who_has_left_cannot_be_changed(self, acting_user: User) -> None:
        await self.service.remove(acting_user.id)

        with pytest.raises(NotFound):
            await self.service.change(acting_user.id, ADMIN)
        with pytest.raises(NotFound):
            await self.service.remove(acting_user.id)

    async def test_somebody_of_another_organisation_is_not_found(self, other_org_user: User) -> None:
        for membership_id in (other_org_user.id, uuid4()):
            with pytest.raises(NotFound):
                await self.service.get_member(membership_id)
            with pytest.raises(NotFound):
                await self.service.change(membership_id, MEMBER)
            with pytest.raises(NotFound):
                await self.service.remove(membership_id)
