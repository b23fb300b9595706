"""The service for passwords."""

from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.accounts import Account
from ...core.errors import ServiceError, Unprocessable
from ...core.threads import in_thread
from .models import Password
from .rules import fault_of_password, hash_password, is_password


class InvalidGrant(ServiceError):
    """The password or the refresh token is not valid (RFC 6749, section 5.2)."""

    type: ClassVar[str] = "invalid_grant"


class PasswordService:
    """The passwords of accounts."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def find_account(self, email: str, password: str) -> Account:
        """Return the account with this address and password, or raise `InvalidGrant`.

        One hash is verified in every case, so that the time does not tell whether there is an account.
        """
        account = await self.session.scalar(select(Account).where(Account.email == email))
        stored = await self.session.get(Password, account.id) if account else None
        is_right = await in_thread(is_password, password, stored.hash if stored else None)
        if account is None or not is_right:
            raise InvalidGrant("The address or the password is wrong.")
        return account

    async def check(self, account: Account, password: str) -> None:
        """Raise `InvalidGrant` unless this is the password of the account."""
        stored = await self.session.get(Password, account.id)
        if not await in_thread(is_password, password, stored.hash if stored else None):
            raise InvalidGrant("The current password is wrong.")

    async def set(self, account: Account, name: str, password: str) -> None:
        """Store the password of a person with this name; raise `Unprocessable` if it is too short or easy to guess."""
        fault = await in_thread(fault_of_password, password, name, account.email)
        if fault is not None:
            raise Unprocessable(f"The new password {fault}.", "new_password")
        hashed = await in_thread(hash_password, password)
        stored = await self.session.get(Password, account.id, with_for_update=True)
        if stored is None:
            self.session.add(Password(account_id=account.id, hash=hashed))
        else:
            stored.hash = hashed
        await self.session.flush()
