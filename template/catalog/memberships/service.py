"""The service for the members of an organisation."""

from contextlib import suppress
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from ...core.accounts import Account
from ...core.concurrency import lock_keys
from ...core.errors import Conflict, NotFound
from ...core.resource import Listing
from ...core.users import Role, User, UserService
from ..auth.models import ApiKey, SignIn
from ..auth.service import SignInService
from .schemas import UserQuery, UserUpdate


class MembershipService(UserService):
    """Users of the current organisation, as its admins see them."""

    name = "membership"

    async def list_members(self, query: UserQuery) -> Listing[User]:
        """Return the users, with their accounts."""
        listing = await self.list(query)
        await self._load_accounts(*listing.items)
        return listing

    async def get_member(self, user_id: UUID) -> User:
        """Return a user with the account, or raise `NotFound`."""
        user = await self.get(user_id)
        await self._load_accounts(user)
        return user

    async def change(self, user_id: UUID, changes: UserUpdate) -> User:
        """Change the role of a user; raise `NotFound`, or `Conflict` if nobody else is an admin."""
        user = await self._lock_member(user_id, stays_admin=changes.role is Role.ADMIN)
        await self._change(user, {"role": changes.role})
        await self._load_accounts(user)
        return user

    async def remove(self, user_id: UUID) -> None:
        """Deactivate a user, and end their sign-ins here; raise `NotFound`, or `Conflict` if nobody else is an admin.

        The user stays, so that records keep the name. Requests with a token are refused as soon as this is committed, and
        by other processes within `CHECK_SECONDS`.
        """
        user = await self._lock_member(user_id, stays_admin=False)
        await self._change(user, {"active": False})
        sign_ins = SignInService(self.session, self.events)
        theirs = select(SignIn.id).where(SignIn.user_id == user_id).order_by(SignIn.id)
        found = await self.session.scalars(theirs)
        for sign_in_id in found.all():
            # NotFound: it has ended meanwhile.
            with suppress(NotFound):
                await sign_ins.end(sign_in_id)

    async def _lock_member(self, user_id: UUID, *, stays_admin: bool) -> User:
        # Two admins who remove each other would leave none.
        await lock_keys(self.session, ("admins",))
        user = await self.get(user_id, lock=True)
        if not user.active:
            raise NotFound.record(self.name, user_id)
        if user.role is Role.ADMIN and not stays_admin:
            others = select(User.id).where(User.role == Role.ADMIN, User.active, User.id != user_id)
            # A machine cannot make anybody an admin.
            people = others.where(User.id.not_in(select(ApiKey.user_id)))
            if await self.session.scalar(people.limit(1)) is None:
                raise Conflict("An organisation needs an admin. Make somebody else one before.")
        return user

    async def _load_accounts(self, *users: User) -> None:
        theirs = select(Account).where(Account.id.in_([user.account_id for user in users]))
        found = await self.session.scalars(theirs)
        accounts = {account.id: account for account in found}
        for user in users:
            set_committed_value(user, "account", accounts[user.account_id])
