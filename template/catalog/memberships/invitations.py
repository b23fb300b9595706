"""The service for invitations."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, select

from ...core.accounts import Account
from ...core.clock import utcnow
from ...core.errors import Conflict, Unprocessable
from ...core.queues import lock_first
from ...core.resource import Resource
from ...core.tenancy import Organisation, organisation_scope
from ...core.users import User, UserService
from ..auth.passwords import InvalidGrant, PasswordService
from .models import Invitation, TokenKind
from .schemas import InvitationCreate
from .tokens import EmailedToken, mail, plain, redeem, revoke

LIFETIME = timedelta(days=7)
"""How long somebody can accept an invitation."""
SUBJECT = "Your invitation"
TEXT = """Hello {name},

{inviter} invites you to {organisation}. Open this page within seven days to accept:

{url}

If you do not expect this invitation, ignore this message.
"""


class InvitationService(Resource[Invitation]):
    """Invitations into the current organisation."""

    model = Invitation
    name = "invitation"

    async def invite(self, data: InvitationCreate, inviter_id: UUID) -> Invitation:
        """Invite somebody; the worker sends the e-mail.

        Raises `Conflict` if the person is a member or has an invitation. Whether there is an account does not matter, so
        nobody learns that.
        """
        expired = delete(Invitation).where(Invitation.email == data.email, Invitation.expires_at <= utcnow())
        await self.session.execute(expired)
        member = select(User.id).join(Account, Account.id == User.account_id).where(Account.email == data.email)
        if await self.session.scalar(member.where(User.active)) is not None:
            raise Conflict("This person is a member already.", "email")
        values = {**data.model_dump(), "inviter_id": inviter_id}
        await self._check(values)
        return await self._add(Invitation(**values, expires_at=utcnow() + LIFETIME), "created")

    async def withdraw(self, invitation_id: UUID) -> None:
        """Withdraw an invitation, also one in an e-mail that was sent; raise `NotFound`."""
        await self.delete(invitation_id)
        await revoke(self.session, TokenKind.INVITATION, invitation_id)

    async def mail_next(self, url: str) -> bool | None:
        """Queue the e-mail for the next invitation; return None if there is none. `url` is the page, with `{token}`."""
        invitation = await lock_first(self.session, to_mail())
        if invitation is None:
            return None
        inviter = await self.session.get_one(User, invitation.inviter_id)
        organisation = await self.session.get_one(Organisation, invitation.organisation_id)
        names = {"name": invitation.name, "inviter": inviter.name, "organisation": organisation.name}
        text = TEXT.format(url=url, **{key: plain(name) for key, name in names.items()})
        invitation.mailed_at = utcnow()
        await mail(self.events, TokenKind.INVITATION, invitation.id, invitation.email, SUBJECT, text)
        return True

    async def accept(self, token: EmailedToken, new_password: str | None) -> User:
        """Make the person whom a token was sent to a member of its organisation, and return the user.

        Somebody without an account gets one with this password. Raises `InvalidGrant` if the token was used, is too old,
        or the invitation was withdrawn, and `Unprocessable` for a password that is missing, weak or too much. After that,
        the token still counts.
        """
        with organisation_scope(token.organisation_id):
            invitation_id = await redeem(self.session, TokenKind.INVITATION, token)
            usable = select(Invitation).where(Invitation.id == invitation_id, Invitation.expires_at > utcnow())
            invitation = await self.session.scalar(usable.with_for_update())
            if invitation is None:
                raise InvalidGrant("The link was used before, is too old, or the invitation was withdrawn.")
            account = await self._account_of(invitation, new_password)
            user = await self._join(account, invitation)
            await self.session.delete(invitation)
            await self.events.publish("invitation.accepted", invitation.id, about=user.id)
            # Within the scope, because the commit is outside of it.
            await self.session.flush()
            return user

    async def _account_of(self, invitation: Invitation, new_password: str | None) -> Account:
        account = await self.session.scalar(select(Account).where(Account.email == invitation.email))
        if account is not None:
            # Otherwise, an invitation would be a way to change the password of somebody.
            if new_password is not None:
                raise Unprocessable("This address has an account. Leave out the password.", "new_password")
            return account
        if new_password is None:
            raise Unprocessable("Choose a password for the new account.", "new_password")
        users = UserService(self.session, self.events)
        account = await users.create_account(Account(email=invitation.email))
        await PasswordService(self.session).set(account, invitation.name, new_password)
        return account

    async def _join(self, account: Account, invitation: Invitation) -> User:
        user = await self.session.scalar(select(User).where(User.account_id == account.id).with_for_update())
        if user is None:
            return await UserService(self.session, self.events).add(account, invitation.name, invitation.role)
        if not user.active:
            user.active, user.role = True, invitation.role
            await self.events.publish("user.restored", user.id)
        return user


def to_mail() -> Select[Invitation]:
    """Select the invitations whose e-mail is not queued yet."""
    unsent = select(Invitation).where(Invitation.mailed_at.is_(None))
    return unsent.order_by(Invitation.created_at, Invitation.id)
