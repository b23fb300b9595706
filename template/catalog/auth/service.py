"""The service for sign-ins."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.accounts import Account
from ...core.clock import utcnow
from ...core.credentials import SIGN_IN, Admission, Credential, admits
from ...core.errors import Forbidden, NotFound
from ...core.resource import Resource, table_of
from ...core.tenancy import Organisation, organisation_scope
from ...core.users import User
from .models import SignIn
from .rules import RefreshToken, hash_of_secret, is_secret, new_secret

SIGN_IN_LIFETIME = timedelta(days=30)
"""How long a sign-in lasts without being refreshed."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Membership:
    """An organisation of an account, with the account's user there."""

    id: UUID
    name: str
    user_id: UUID
    active: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account that is signed in, and its refresh token."""

    account: Account
    token: RefreshToken


class SignInService(Resource[SignIn]):
    """Sign-ins of the current organisation."""

    model = SignIn
    name = "sign_in"
    about = "user_id"

    async def start(self, account: Account, organisation_id: UUID | None = None) -> SignedIn:
        """Sign an account in, by default to the first of its organisations by name.

        Raises `Forbidden` if the account has no active user there.
        """
        membership = _select(await memberships_of(self.session, account.id), organisation_id)
        secret = new_secret()
        sign_in = SignIn(
            user_id=membership.user_id,
            secret_hash=hash_of_secret(secret),
            expires_at=utcnow() + SIGN_IN_LIFETIME,
        )
        with organisation_scope(membership.id):
            expired = delete(SignIn).where(SignIn.user_id == membership.user_id, SignIn.expires_at <= utcnow())
            await self.session.execute(expired, execution_options={"synchronize_session": False})
            await self._add(sign_in, "started")
            # Within the scope, because the commit is outside of it.
            await self.session.flush()
        return SignedIn(account, RefreshToken(membership.id, sign_in.id, secret))

    async def refresh(self, token: RefreshToken, organisation_id: UUID | None = None) -> SignedIn | None:
        """Replace a refresh token, for another organisation if one is selected; return None if the token does not count.

        A token that was replaced before was stolen, by the one who sends it or by the one who sent it then. So its sign-in
        ends, and both have to sign in again. Raises `Forbidden` if the account has no active user in the organisation.
        """
        with organisation_scope(token.organisation_id):
            sign_in = await self._lock(token)
            if sign_in is None:
                return None
            its_account = select(Account).join(User, User.account_id == Account.id).where(User.id == sign_in.user_id)
            accounts = await self.session.scalars(its_account)
            account = accounts.one()
            if organisation_id in (None, token.organisation_id):
                return SignedIn(account, await self._replace(sign_in))
            await self._end(sign_in)
        return await self.start(account, organisation_id)

    async def get_of(self, sign_in_id: UUID, user_id: UUID | None, *, lock: bool = False) -> SignIn:
        """Return a sign-in; raise `NotFound` if there is none, or none of this user."""
        sign_in = await self.get(sign_in_id, lock=lock)
        if user_id not in (None, sign_in.user_id):
            raise NotFound.record(self.name, sign_in_id)
        return sign_in

    async def end(self, sign_in_id: UUID, user_id: UUID | None = None) -> None:
        """End a sign-in; raise `NotFound` if there is none, or none of this user."""
        await self._end(await self.get_of(sign_in_id, user_id, lock=True))

    async def end_all(self, account_id: UUID) -> None:
        """End all sign-ins of an account, in all organisations."""
        for membership in await memberships_of(self.session, account_id):
            with organisation_scope(membership.id):
                theirs = select(SignIn).where(SignIn.user_id == membership.user_id)
                found = await self.session.scalars(theirs.order_by(SignIn.id).with_for_update())
                for sign_in in found.all():
                    await self._end(sign_in)

    async def _lock(self, token: RefreshToken) -> SignIn | None:
        # The second of two requests with the same token waits here, and then finds that the token was used.
        usable = select(SignIn).join(User, User.id == SignIn.user_id).where(User.active, SignIn.expires_at > utcnow())
        statement = usable.where(SignIn.id == token.sign_in_id).with_for_update(of=SignIn)
        sign_in = await self.session.scalar(statement)
        if sign_in is None or is_secret(token.secret, sign_in.secret_hash):
            return sign_in
        logger.warning("A refresh token was used twice, so its sign-in has ended: %s", sign_in.id)
        await self._end(sign_in)
        return None

    async def _replace(self, sign_in: SignIn) -> RefreshToken:
        secret = new_secret()
        sign_in.secret_hash = hash_of_secret(secret)
        sign_in.refreshed_at, sign_in.expires_at = utcnow(), utcnow() + SIGN_IN_LIFETIME
        await self.session.flush()
        return RefreshToken(sign_in.organisation_id, sign_in.id, secret)

    async def _end(self, sign_in: SignIn) -> None:
        await self.session.delete(sign_in)
        await self._publish("ended", sign_in)
        await self.session.flush()


@admits(SIGN_IN, SignIn)
async def admit_person(session: AsyncSession, credential: Credential) -> Admission | None:
    """Return the active user of a sign-in, as long as that lasts."""
    theirs = select(User).join(SignIn, SignIn.user_id == User.id)
    user = await session.scalar(theirs.where(SignIn.id == credential.id, SignIn.expires_at > utcnow(), User.active))
    return Admission(user) if user else None


async def memberships_of(session: AsyncSession, account_id: UUID) -> Sequence[Membership]:
    """Return the organisations in which an account has a user, active or not, in the order of their names."""
    users = table_of(User)
    statement = (
        select(Organisation.id, Organisation.name, users.c.id, users.c.active)
        .join(users, users.c.organisation_id == Organisation.id)
        .where(users.c.account_id == account_id)
        .order_by(Organisation.name, Organisation.id)
    )
    # Not with the session, which limits a query of users to one organisation. Nothing else reads several.
    connection = await session.connection()
    found = await connection.execute(statement)
    return [Membership(*row) for row in found]


def _select(memberships: Sequence[Membership], organisation_id: UUID | None) -> Membership:
    for membership in memberships:
        if membership.active and organisation_id in (None, membership.id):
            return membership
    raise Forbidden("This account has no active user in the organisation.")
