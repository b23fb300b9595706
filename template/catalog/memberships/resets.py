"""The service for forgotten passwords."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.accounts import Account
from ...core.clock import utcnow
from ...core.events import EventBus
from ...core.tenancy import organisation_scope
from ...core.users import User
from ..auth.passwords import InvalidGrant, PasswordService
from ..auth.service import SignInService, memberships_of
from ..communications.models import Communication
from .models import PasswordResetRequest, TokenKind
from .tokens import EmailedToken, mail, plain, redeem

PAUSE = timedelta(minutes=5)
"""The shortest time between two e-mails to an account, so that nobody can fill the mailbox of somebody else."""
SUBJECT = "Choose a new password"
TEXT = """Hello {name},

somebody, hopefully you, wants to choose a new password for this address. Open this page within one hour after you got this
message:

{url}

If it was not you, ignore this message: your password stays as it is.
"""


class PasswordResetService:
    """New passwords for people who can read the e-mail of their account."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def request(self, email: str) -> None:
        """Store a request.

        The worker finds out whether there is an account. So a request does the same work in any case, and its time does
        not tell (OWASP Forgot Password Cheat Sheet).
        """
        self.session.add(PasswordResetRequest(email=email))
        await self.session.flush()

    async def answer_next(self, url: str) -> bool:
        """Queue the e-mail for the next request, if it has an account; return False if there is no request.

        The message belongs to the first active organisation of the account by name, and `url` is the page for the new
        password, with `{token}`.
        """
        oldest = select(PasswordResetRequest).order_by(PasswordResetRequest.created_at, PasswordResetRequest.id)
        request = await self.session.scalar(oldest.limit(1).with_for_update(skip_locked=True))
        if request is None:
            return False
        await self.session.delete(request)
        await self.session.flush()
        account = await self.session.scalar(select(Account).where(Account.email == request.email))
        memberships = await memberships_of(self.session, account.id) if account else []
        for membership in [each for each in memberships if each.active][:1]:
            with organisation_scope(membership.id):
                user = await self.session.get_one(User, membership.user_id)
                await self._mail(user, request.email, url)
        return True

    async def reset(self, token: EmailedToken, new_password: str) -> None:
        """Store a new password, and end all sign-ins of the account.

        Raises `InvalidGrant` if the token was used, or is too old. Raises `Unprocessable` for a weak password; then the
        token still counts.
        """
        with organisation_scope(token.organisation_id):
            account_id = await redeem(self.session, TokenKind.RESET, token)
            found = select(User).where(User.account_id == account_id, User.active)
            user = await self.session.scalar(found)
            if account_id is None or user is None:
                raise InvalidGrant("The link was used before, or is too old.")
            account = await self.session.get_one(Account, account_id)
            await PasswordService(self.session).set(account, user.name, new_password)
            await SignInService(self.session, EventBus(self.session)).end_all(account_id)

    async def _mail(self, user: User, email: str, url: str) -> None:
        sent_before = select(Communication.id).where(
            Communication.token_kind == TokenKind.RESET,
            Communication.recipient_id == user.account_id,
            Communication.created_at > utcnow() - PAUSE,
        )
        if await self.session.scalar(sent_before.limit(1)) is not None:
            return
        text = TEXT.format(name=plain(user.name), url=url)
        events = EventBus(self.session)
        await mail(events, TokenKind.RESET, user.account_id, email, SUBJECT, text)
