"""The service for second factors: codes of an app, and recovery codes."""

import re
import secrets
from base64 import b32encode
from typing import ClassVar, cast
from uuid import UUID

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import delete, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.accounts import Account
from ...core.clock import utcnow
from ...core.concurrency import lock_keys
from ...core.errors import Conflict, ServiceError
from .models import RecoveryCode, SecondFactor
from .passwords import InvalidGrant
from .rules import hash_of_secret

WINDOW = 1
"""How many steps of 30 seconds a code may be early or late (RFC 6238, section 5.2)."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 15
"""120 bits: from 112 on, NIST SP 800-63B-4, section 3.1.2.2, asks for no salt and no slow hash."""


WRONG = "The code is wrong, or was used before."


class SecondFactorRequired(ServiceError):
    """The password is right, and a code is needed, too."""

    type: ClassVar[str] = "second_factor_required"


class WrongCode(InvalidGrant):
    """The password is right, but the code is wrong or was used before."""


class SecondFactorService:
    """The second factors of accounts."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def is_on(self, account_id: UUID) -> bool:
        """Return whether the account signs in with a second factor."""
        confirmed = select(SecondFactor.confirmed_at).where(SecondFactor.account_id == account_id)
        return await self.session.scalar(confirmed) is not None

    async def begin(self, account: Account, issuer: str) -> tuple[str, str]:
        """Return a new secret, and the address that an app reads from a QR code; `confirm` turns it on.

        Raises `Conflict` if the account has a second factor.
        """
        await lock_keys(self.session, ("second factor", account.id))
        factor = await self._lock(account)
        if factor is None:
            factor = SecondFactor(account_id=account.id)
            self.session.add(factor)
        elif factor.confirmed_at is not None:
            raise Conflict("This account has a second factor. Turn it off first.")
        factor.secret = pyotp.random_base32()
        await self.session.flush()
        return factor.secret, pyotp.TOTP(factor.secret).provisioning_uri(name=account.email, issuer_name=issuer)

    async def confirm(self, account: Account, code: str) -> list[str]:
        """Turn the second factor on with a code of the app, and return recovery codes, which are not stored.

        Raises `Conflict` if there is nothing to turn on, and `WrongCode`.
        """
        factor = await self._lock(account)
        if factor is None or factor.confirmed_at is not None:
            raise Conflict("There is no second factor to turn on.")
        _use(factor, code)
        factor.confirmed_at = utcnow()
        codes = [b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
        self.session.add_all(RecoveryCode(account_id=account.id, hash=hash_of_secret(each)) for each in codes)
        await self.session.flush()
        return ["-".join(re.findall("....", each)) for each in codes]

    async def check(self, account: Account, code: str | None) -> None:
        """Use a code, if the account has a second factor: of the app, or a recovery code. Each of them counts once.

        Raises `SecondFactorRequired` without a code, and `WrongCode`.
        """
        factor = await self._lock(account)
        if factor is None or factor.confirmed_at is None:
            return
        if code is None:
            raise SecondFactorRequired("Send the code of your app, too, or a recovery code.", "code")
        if is_app_code(code):
            _use(factor, code)
        else:
            await self._use_recovery_code(account, code)
        await self.session.flush()

    async def turn_off(self, account: Account, code: str) -> None:
        """Turn the second factor off with a code; raise `Conflict` if there is none, and `WrongCode`."""
        if not await self.is_on(account.id):
            raise Conflict("This account has no second factor.")
        await self.check(account, code)
        for model in (RecoveryCode, SecondFactor):
            await self.session.execute(delete(model).where(model.account_id == account.id))

    async def _lock(self, account: Account) -> SecondFactor | None:
        # The second of two requests with the same code waits here, and then finds that it was used.
        return await self.session.get(SecondFactor, account.id, with_for_update=True)

    async def _use_recovery_code(self, account: Account, code: str) -> None:
        hashed = hash_of_secret(re.sub(r"[\s-]", "", code).upper())
        this_code = delete(RecoveryCode).where(RecoveryCode.account_id == account.id, RecoveryCode.hash == hashed)
        deleted = cast(CursorResult[tuple[()]], await self.session.execute(this_code))
        if deleted.rowcount != 1:
            raise WrongCode(WRONG, "code")


def is_app_code(code: str) -> bool:
    """Return whether a code has the form of an app's, not of a recovery code."""
    return re.fullmatch("[0-9]{6}", code) is not None


def _use(factor: SecondFactor, code: str) -> None:
    try:
        step = pyotp.TOTP(factor.secret).verify_and_get_timecode(code, for_time=utcnow(), valid_window=WINDOW)
    except OTPVerificationError:
        step = 0
    # An older code than the newest one could have been read by somebody else.
    if step <= (factor.last_step or 0):
        raise WrongCode(WRONG, "code")
    factor.last_step = step
