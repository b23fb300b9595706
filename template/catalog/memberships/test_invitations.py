"""Tests of the service for invitations."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from your_service.core.accounts import Account
from your_service.core.errors import Conflict, NotFound, Unprocessable
from your_service.core.tenancy import Organisation
from your_service.core.users import Role, User
from your_service.modules.auth.models import Password
from your_service.modules.auth.passwords import InvalidGrant, PasswordService
from your_service.modules.communications.models import Communication
from your_service.modules.memberships.invitations import LIFETIME, InvitationService
from your_service.modules.memberships.models import Invitation, TokenKind
from your_service.modules.memberships.schemas import InvitationCreate
from your_service.modules.memberships.tokens import EmailedToken, issue

from tests.fixtures.core.identity import store_user
from tests.support.factories import Factory
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase, TenantContext

BARBARA = "barbara@example.com"
NEW = "seven green umbrellas"
URL = "https://example.com/accept#{token}"


class TestInvitationService(ServiceTestCase[InvitationService]):
    """Tests of InvitationService."""

    service_class = InvitationService
    admin: User

    @pytest.fixture(autouse=True)
    def _prepare(self, admin_user: User, frozen_time: Traveller) -> None:
        """Give the tests an admin, and let them move the time."""
        self.admin, self.time = admin_user, frozen_time

    async def invite(self, **overrides: Any) -> Invitation:
        """Invite Barbara Liskov."""
        values = {"email": BARBARA, "name": "Barbara Liskov", "role": Role.ADMIN, **overrides}
        return await self.service.invite(InvitationCreate(**values), self.admin.id)

    async def token(self, invitation: Invitation) -> EmailedToken:
        """Return the token in the e-mail of an invitation."""
        return await issue(self.session, TokenKind.INVITATION, invitation.id)

    async def queued(self) -> list[Communication]:
        """Return the e-mails of the organisation."""
        found = await self.session.scalars(select(Communication))
        return list(found)

    async def test_an_invitation_is_stored(self) -> None:
        invitation = await self.invite()

        assert (invitation.email, invitation.name, invitation.role) == (BARBARA, "Barbara Liskov", Role.ADMIN)
        assert (invitation.inviter_id, invitation.expires_at) == (self.admin.id, FROZEN_NOW + LIFETIME)
        assert [(event.name, event.data) for event in self.published_events] == [("invitation.created", {})]

    async def test_a_person_has_one_invitation(self) -> None:
        await self.invite()

        with pytest.raises(Conflict):
            await self.invite(email=BARBARA.upper())

    async def test_an_expired_invitation_is_replaced(self) -> None:
        old = await self.invite()
        self.time.shift(LIFETIME)

        new = await self.invite()

        listing = await self.service.list()
        assert [each.id for each in listing.items] == [new.id]
        assert new.id != old.id

    async def test_a_member_is_not_invited(self, acting_user: User) -> None:
        with pytest.raises(Conflict, match=r"^This person is a member already\.$"):
            await self.invite(email=acting_user.email)

    async def test_members_elsewhere_and_former_ones_are_invited(
        self,
        other_org_user: User,
        add_user: Factory[User],
    ) -> None:
        former = await add_user(active=False)

        invitations = [await self.invite(email=user.email) for user in (other_org_user, former)]

        assert [each.email for each in invitations] == [other_org_user.email, former.email]

    async def test_the_email_is_queued_once(self) -> None:
        invitation = await self.invite()

        assert [await self.service.mail_next(URL) for _ in range(2)] == [True, None]

        (message,) = await self.queued()
        assert (message.address, message.token_kind) == (BARBARA, TokenKind.INVITATION)
        assert (message.recipient_kind, message.recipient_id) == ("invitation", invitation.id)
        assert message.text is not None
        assert message.text.startswith("Hello Barbara Liskov,\n\nAlan Turing invites you to Test organisation.")
        assert f"\n{URL}\n" in message.text
        assert invitation.mailed_at == FROZEN_NOW

    async def test_names_cannot_send_the_token_elsewhere(self) -> None:
        self.admin.name = self.organisation.name = "https://example.com/{token}"
        await self.invite(name="{token}")

        await self.service.mail_next(URL)

        (message,) = await self.queued()
        assert message.text is not None
        assert message.text.count("{token}") == 1

    async def test_an_email_that_cannot_be_sent_holds_up_no_others(self) -> None:
        await self.invite()
        self.organisation.name = "Two\x07lines"

        assert [await self.service.mail_next(URL) for _ in range(2)] == [True, None]

        assert await self.queued() == []

    async def test_somebody_new_gets_an_account(self) -> None:
        token = await self.token(await self.invite())

        user = await self.service.accept(token, NEW)

        account = await PasswordService(self.session).find_account(BARBARA, NEW)
        assert (user.account_id, user.name, user.role, user.active) == (account.id, "Barbara Liskov", Role.ADMIN, True)
        assert await self.session.scalar(select(func.count(Invitation.id))) == 0
        accepted = self.published_events[-1]
        assert (accepted.name, accepted.about) == ("invitation.accepted", user.id)

    async def test_an_invitation_is_accepted_once(self) -> None:
        token = await self.token(await self.invite())
        await self.service.accept(token, NEW)

        with pytest.raises(InvalidGrant, match=r"^The link was used before, is too old, or the invitation was"):
            await self.service.accept(token, NEW)

    async def test_somebody_with_an_account_becomes_a_member(self, other_org_user: User) -> None:
        token = await self.token(await self.invite(email=other_org_user.email))

        user = await self.service.accept(token, None)

        assert (user.account_id, user.organisation_id) == (other_org_user.account_id, self.organisation.id)
        assert await self.session.scalar(select(func.count(Password.account_id))) == 0

    async def test_an_invitation_does_not_change_a_password(self, other_org_user: User) -> None:
        token = await self.token(await self.invite(email=other_org_user.email))

        with pytest.raises(Unprocessable, match=r"^This address has an account\. Leave out the password\.$"):
            await self.service.accept(token, NEW)

        assert await self.session.scalar(select(func.count(Password.account_id))) == 0

    @pytest.mark.parametrize(
        ("password", "reason"), [(None, "Choose a password"), ("too short", "15 to"), ("passwordpassword", "easy")]
    )
    async def test_a_new_account_needs_a_good_password(self, password: str | None, reason: str) -> None:
        token = await self.token(await self.invite())

        with pytest.raises(Unprocessable, match=reason) as error:
            await self.service.accept(token, password)

        assert error.value.fields == ("new_password",)

    async def test_a_former_member_comes_back_with_the_new_role(self, add_user: Factory[User]) -> None:
        former = await add_user("Grace Hopper", active=False)
        token = await self.token(await self.invite(email=former.email))

        user = await self.service.accept(token, None)

        assert (user.id, user.active, user.role, user.name) == (former.id, True, Role.ADMIN, "Grace Hopper")
        assert "user.restored" in [event.name for event in self.published_events]

    async def test_somebody_who_became_a_member_meanwhile_keeps_the_role(self) -> None:
        token = await self.token(await self.invite(role=Role.MEMBER))
        account = Account(email=BARBARA)
        user = await store_user(self.session, self.organisation.id, "Barbara", account=account, role=Role.ADMIN)

        accepted = await self.service.accept(token, None)

        assert (accepted.id, accepted.role) == (user.id, Role.ADMIN)

    async def test_an_expired_invitation_is_not_accepted(self) -> None:
        invitation = await self.invite()
        self.time.shift(LIFETIME - timedelta(seconds=1))
        token = await self.token(invitation)
        self.time.shift(timedelta(seconds=1))

        with pytest.raises(InvalidGrant):
            await self.service.accept(token, NEW)

    async def test_a_withdrawn_invitation_is_not_accepted(self) -> None:
        invitation = await self.invite()
        token = await self.token(invitation)

        await self.service.withdraw(invitation.id)

        with pytest.raises(InvalidGrant):
            await self.service.accept(token, NEW)
        with pytest.raises(NotFound):
            await self.service.withdraw(invitation.id)

    async def test_the_token_of_a_reset_accepts_nothing(self) -> None:
        invitation = await self.invite()
        token = await issue(self.session, TokenKind.RESET, invitation.id)

        with pytest.raises(InvalidGrant):
            await self.service.accept(token, NEW)

    async def test_an_invitation_of_another_organisation_is_not_found(self, other_org: Organisation) -> None:
        invitation = await self.invite()

        with TenantContext(other_org), pytest.raises(NotFound):
            await self.service.withdraw(invitation.id)
