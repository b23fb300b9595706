"""Fixtures of members and invitations."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.modules.memberships.invitations import InvitationService
from your_service.modules.memberships.models import Invitation, TokenKind
from your_service.modules.memberships.resets import PasswordResetService
from your_service.modules.memberships.schemas import InvitationCreate
from your_service.modules.memberships.service import MembershipService
from your_service.modules.memberships.tokens import EmailedToken, issue

from tests.support.factories import Factory, Payload

NEW_PASSWORD = "a key for the tests, plum 43"
"""A password that is accepted for everybody."""


@pytest.fixture
def membership_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> MembershipService:
    """The service for members of the test's organisation."""
    return MembershipService(db_session, event_bus)


@pytest.fixture
def invitation_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> InvitationService:
    """The service for invitations of the test's organisation."""
    return InvitationService(db_session, event_bus)


@pytest.fixture
def reset_service(db_session: AsyncSession) -> PasswordResetService:
    """The service for forgotten passwords."""
    return PasswordResetService(db_session)


@pytest.fixture
def test_membership(acting_user: User) -> User:
    """A member, `acting_user`."""
    return acting_user


@pytest.fixture
def test_membership_id(test_membership: User) -> UUID:
    """The id of `test_membership`."""
    return test_membership.id


@pytest.fixture
def invitation_payload() -> Payload:
    """Return a function that makes the request body of an invitation."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {"email": "barbara@example.com", "name": "Barbara Liskov", "role": "admin", **overrides}

    return make


@pytest.fixture
def make_invitation(
    invitation_service: InvitationService,
    invitation_payload: Payload,
    admin_user: User,
) -> Factory[Invitation]:
    """Return a function that stores an invitation of somebody else each time; arguments override the payload."""
    numbers = count(1)

    async def make(**overrides: Any) -> Invitation:
        inviter_id = overrides.pop("inviter_id", admin_user.id)
        invited = invitation_payload(email=f"guest{next(numbers)}@example.com") | overrides
        return await invitation_service.invite(InvitationCreate(**invited), inviter_id)

    return make


@pytest.fixture
async def test_invitation(make_invitation: Factory[Invitation]) -> Invitation:
    """An invitation of Barbara Liskov, who has no account."""
    return await make_invitation(email="barbara@example.com")


@pytest.fixture
def test_invitation_id(test_invitation: Invitation) -> UUID:
    """The id of `test_invitation`."""
    return test_invitation.id


@pytest.fixture
async def invitation_token(db_session: AsyncSession, test_invitation: Invitation) -> EmailedToken:
    """The token in the e-mail of `test_invitation`."""
    return await issue(db_session, TokenKind.INVITATION, test_invitation.id)


@pytest.fixture
async def reset_token(db_session: AsyncSession, acting_user: User) -> EmailedToken:
    """The token in an e-mail for the new password of `acting_user`."""
    return await issue(db_session, TokenKind.RESET, acting_user.account_id)
