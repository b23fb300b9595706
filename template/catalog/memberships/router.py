"""Routes for members and invitations, which are for admins, and for new passwords.

Some routes are public: a token in an e-mail tells who sends the request, and anybody may ask for such an e-mail.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.attempts import limit_attempts
from ...core.database import SessionDep
from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from ...core.security import ADMIN_ONLY, PEOPLE_ONLY, PrincipalDep
from ...core.users import User
from ..auth.router import WITHOUT_PROVIDER
from .invitations import InvitationService
from .models import Invitation
from .resets import PasswordResetService
from .schemas import (
    ForgottenPassword,
    InvitationAccept,
    InvitationCreate,
    InvitationQuery,
    InvitationRead,
    PasswordReset,
    UserQuery,
    UserRead,
    UserUpdate,
)
from .service import MembershipService
from .tokens import EmailedToken

# No machine: with the key of an admin, somebody could invite another admin.
ALLOWED = [*PEOPLE_ONLY, *ADMIN_ONLY]

members = ServiceRouter(prefix="/memberships", tags=["memberships"], dependencies=ALLOWED)
invitations = ServiceRouter(prefix="/invitations", tags=["memberships"], dependencies=ALLOWED)
# Not below /invitations, where its name would be read as an identifier.
acceptances = ServiceRouter(prefix="/invitation-acceptances", tags=["memberships"])
requests = ServiceRouter(prefix="/password-reset-requests", tags=["memberships"])
resets = ServiceRouter(prefix="/password-resets", tags=["memberships"])

Members = Annotated[MembershipService, Depends(MembershipService.of_request)]
Invitations = Annotated[InvitationService, Depends(InvitationService.of_request)]


@members.get("", response_model=Page[UserRead])
async def list_members(query: Annotated[UserQuery, Query()], service: Members) -> Listing[User]:
    """List the members of the organisation, oldest first, also those who have left."""
    return await service.list_members(query)


@members.get("/{membership_id}", response_model=UserRead)
async def get_member(membership_id: UUID, service: Members) -> User:
    """Return a member, also one who has left."""
    return await service.get_member(membership_id)


@members.patch("/{membership_id}", response_model=UserRead)
async def change_member(membership_id: UUID, changes: UserUpdate, service: Members) -> User:
    """Change the role of a member."""
    return await service.change(membership_id, changes)


@members.delete("/{membership_id}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_member(membership_id: UUID, service: Members) -> None:
    """Remove a member, who loses access at once, and is signed out here."""
    await service.remove(membership_id)


@invitations.post("", status_code=status.HTTP_201_CREATED, response_model=InvitationRead)
async def invite(data: InvitationCreate, service: Invitations, principal: PrincipalDep) -> Invitation:
    """Invite somebody by e-mail."""
    return await service.invite(data, principal.user_id)


@invitations.get("", response_model=Page[InvitationRead])
async def list_invitations(
    query: Annotated[InvitationQuery, Query()],
    service: Invitations,
) -> Listing[Invitation]:
    """List the invitations that nobody has accepted, oldest first."""
    return await service.list(query)


@invitations.get("/{invitation_id}", response_model=InvitationRead)
async def get_invitation(invitation_id: UUID, service: Invitations) -> Invitation:
    """Return an invitation."""
    return await service.get(invitation_id)


@invitations.delete("/{invitation_id}", status_code=status.HTTP_204_NO_CONTENT)
async def withdraw_invitation(invitation_id: UUID, service: Invitations) -> None:
    """Withdraw an invitation."""
    await service.withdraw(invitation_id)


@acceptances.public.post("", status_code=status.HTTP_204_NO_CONTENT, dependencies=[WITHOUT_PROVIDER])
async def accept_invitation(data: InvitationAccept, service: Invitations) -> None:
    """Become a member; somebody without an account chooses a password for it."""
    password = data.new_password.get_secret_value() if data.new_password else None
    await service.accept(EmailedToken.read(data.token), password)


def account_of(data: ForgottenPassword) -> str:
    """Return the address of the account in a request."""
    return data.email


@requests.public.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[WITHOUT_PROVIDER, limit_attempts("password reset", account_of)],
)
async def request_password_reset(data: ForgottenPassword, session: SessionDep) -> None:
    """Ask for an e-mail with a link for a new password; the response does not tell whether there is an account."""
    await PasswordResetService(session).request(data.email)


@resets.public.post("", status_code=status.HTTP_204_NO_CONTENT, dependencies=[WITHOUT_PROVIDER])
async def reset_password(data: PasswordReset, session: SessionDep) -> None:
    """Choose a new password, and sign out all devices."""
    await PasswordResetService(session).reset(EmailedToken.read(data.token), data.new_password.get_secret_value())


router = ServiceRouter()
router.include_router(members)
router.include_router(invitations)
router.include_router(acceptances)
router.include_router(requests)
router.include_router(resets)
