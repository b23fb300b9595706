"""Tests of the service for sign-ins."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from your_service.core.accounts import Account
from your_service.core.clock import utcnow
from your_service.core.credentials import SIGN_IN, Admission, Credential, admit
from your_service.core.errors import Forbidden, NotFound
from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.modules.auth.models import SignIn
from your_service.modules.auth.rules import RefreshToken
from your_service.modules.auth.service import SIGN_IN_LIFETIME, SignInService, memberships_of

from tests.fixtures.core.identity import store_user
from tests.support.factories import Factory
from tests.test_utils import ServiceTestCase, TenantContext


class TestSignInService(ServiceTestCase[SignInService]):
    """Tests of SignInService."""

    service_class = SignInService

    async def count(self) -> int | None:
        """Return the number of sign-ins of the organisation."""
        return await self.session.scalar(select(func.count(SignIn.id)))

    async def test_start(self, acting_user: User, frozen_time: Traveller) -> None:
        signed_in = await self.service.start(acting_user.account)

        sign_in = await self.service.get(signed_in.token.sign_in_id)
        assert signed_in.account is acting_user.account
        assert signed_in.token.organisation_id == self.organisation.id
        assert (sign_in.user_id, sign_in.expires_at) == (acting_user.id, utcnow() + SIGN_IN_LIFETIME)
        assert [(event.name, event.about) for event in self.published_events] == [("sign_in.started", acting_user.id)]

    async def test_start_stores_no_secret(self, acting_user: User) -> None:
        signed_in = await self.service.start(acting_user.account)

        sign_in = await self.service.get(signed_in.token.sign_in_id)
        assert signed_in.token.secret not in sign_in.secret_hash

    async def test_start_selects_the_first_organisation_by_name(
        self,
        acting_user: User,
        add_organisation: Factory[Organisation],
    ) -> None:
        first = await add_organisation("A first organisation")
        await store_user(self.session, first.id, "Ada", account=acting_user.account)

        by_default = await self.service.start(acting_user.account)
        selected = await self.service.start(acting_user.account, self.organisation.id)

        assert by_default.token.organisation_id == first.id
        assert selected.token.organisation_id == self.organisation.id

    async def test_start_refuses_an_organisation_of_others(self, acting_user: User, other_org: Organisation) -> None:
        with pytest.raises(Forbidden, match="no active user"):
            await self.service.start(acting_user.account, other_org.id)

    async def test_start_refuses_a_deactivated_user(self, acting_user: User) -> None:
        acting_user.active = False
        await self.session.flush()

        with pytest.raises(Forbidden):
            await self.service.start(acting_user.account)

    async def test_start_deletes_expired_sign_ins_of_the_user(
        self,
        make_sign_in: Factory[SignIn],
        acting_user: User,
        admin_user: User,
    ) -> None:
        past = utcnow() - timedelta(seconds=1)
        await make_sign_in(expires_at=past)
        kept = [await make_sign_in(), await make_sign_in(user_id=admin_user.id, expires_at=past)]

        signed_in = await self.service.start(acting_user.account)

        ids = await self.session.scalars(select(SignIn.id))
        assert {*ids} == {*(sign_in.id for sign_in in kept), signed_in.token.sign_in_id}

    async def test_refresh_replaces_the_token(self, refresh_token: RefreshToken, test_sign_in: SignIn) -> None:
        before = test_sign_in.expires_at

        signed_in = await self.service.refresh(refresh_token)

        assert signed_in is not None
        assert signed_in.token.sign_in_id == refresh_token.sign_in_id
        assert signed_in.token.secret != refresh_token.secret
        assert test_sign_in.expires_at > before
        assert await self.service.refresh(signed_in.token) is not None

    async def test_a_token_that_is_used_twice_ends_its_sign_in(
        self,
        refresh_token: RefreshToken,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        replaced = await self.service.refresh(refresh_token)
        assert replaced is not None

        assert await self.service.refresh(refresh_token) is None

        assert await self.service.refresh(replaced.token) is None
        assert await self.count() == 0
        assert [event.name for event in self.published_events] == ["sign_in.ended"]
        assert "used twice" in caplog.text
        assert refresh_token.secret not in caplog.text

    async def test_refresh_refuses_an_expired_sign_in(
        self,
        refresh_token: RefreshToken,
        frozen_time: Traveller,
    ) -> None:
        frozen_time.shift(timedelta(days=400))

        assert await self.service.refresh(refresh_token) is None

    async def test_refresh_refuses_a_deactivated_user(self, refresh_token: RefreshToken, acting_user: User) -> None:
        acting_user.active = False
        await self.session.flush()

        assert await self.service.refresh(refresh_token) is None

    async def test_refresh_does_not_find_a_sign_in_of_another_organisation(
        self,
        refresh_token: RefreshToken,
        other_org: Organisation,
    ) -> None:
        token = RefreshToken(other_org.id, refresh_token.sign_in_id, refresh_token.secret)

        assert await self.service.refresh(token) is None
        assert await self.count() == 1

    async def test_refresh_selects_another_organisation(
        self,
        refresh_token: RefreshToken,
        acting_user: User,
        other_org: Organisation,
    ) -> None:
        there = await store_user(self.session, other_org.id, "Ada", account=acting_user.account)

        signed_in = await self.service.refresh(refresh_token, other_org.id)

        assert signed_in is not None
        assert signed_in.token.organisation_id == other_org.id
        assert await self.count() == 0
        with TenantContext(other_org):
            sign_in = await self.service.get(signed_in.token.sign_in_id)
        assert sign_in.user_id == there.id

    async def test_refresh_refuses_an_organisation_of_others(
        self,
        refresh_token: RefreshToken,
        other_org: Organisation,
    ) -> None:
        with pytest.raises(Forbidden):
            await self.service.refresh(refresh_token, other_org.id)

    async def test_end(self, test_sign_in: SignIn, acting_user: User) -> None:
        await self.service.end(test_sign_in.id, acting_user.id)

        assert await self.count() == 0

    async def test_end_does_not_find_a_sign_in_of_another_user(self, test_sign_in: SignIn, admin_user: User) -> None:
        with pytest.raises(NotFound):
            await self.service.end(test_sign_in.id, admin_user.id)

        assert await self.count() == 1

    async def test_end_all_ends_the_sign_ins_in_all_organisations(
        self,
        make_sign_in: Factory[SignIn],
        acting_user: User,
        admin_user: User,
        other_org: Organisation,
    ) -> None:
        await make_sign_in()
        kept = await make_sign_in(user_id=admin_user.id)
        await store_user(self.session, other_org.id, "Ada", account=acting_user.account)
        await self.service.start(acting_user.account, other_org.id)

        await self.service.end_all(acting_user.account_id)

        remaining = await self.session.scalars(select(SignIn.id))
        assert remaining.all() == [kept.id]
        with TenantContext(other_org):
            assert await self.count() == 0

    async def test_memberships_are_sorted_and_include_inactive_ones(
        self,
        acting_user: User,
        add_organisation: Factory[Organisation],
    ) -> None:
        last, first = await add_organisation("Zuse"), await add_organisation("Ada's")
        await store_user(self.session, last.id, "Ada", account=acting_user.account, active=False)
        await store_user(self.session, first.id, "Ada", account=acting_user.account)

        found = await memberships_of(self.session, acting_user.account_id)

        assert [(each.name, each.active) for each in found] == [
            ("Ada's", True),
            (self.organisation.name, True),
            ("Zuse", False),
        ]
        assert await memberships_of(self.session, Account(id=self.organisation.id).id) == []

    @pytest.mark.parametrize("wrong", ["", "id", "organisation", "expired", "deactivated"])
    async def test_whom_a_sign_in_admits(
        self,
        frozen_time: Traveller,
        test_sign_in: SignIn,
        acting_user: User,
        other_org: Organisation,
        wrong: str,
    ) -> None:
        if wrong == "expired":
            frozen_time.shift(timedelta(days=1))
        if wrong == "deactivated":
            acting_user.active = False
            await self.session.flush()

        with TenantContext(other_org if wrong == "organisation" else self.organisation):
            admission = await admit(self.session, Credential(SIGN_IN, uuid4() if wrong == "id" else test_sign_in.id))

        assert admission == (None if wrong else Admission(acting_user))
