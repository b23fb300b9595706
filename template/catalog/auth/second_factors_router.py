"""Routes to turn the second factor of your account on and off. Both require the password."""

from fastapi import Request, status

from ...core.accounts import Account
from ...core.attempts import limit_attempts, limit_failures
from ...core.database import SessionDep
from ...core.routing import PrefixRouter, ServiceRouter, TransactionRoute
from ...core.security import PEOPLE_ONLY, PrincipalDep
from .passwords import InvalidGrant, PasswordService
from .schemas import RecoveryCodes, SecondFactorBegin, SecondFactorConfirm, SecondFactorSecret, SecondFactorTurnOff
from .second_factors import SecondFactorService, WrongCode, is_app_code


def account_of(principal: PrincipalDep) -> str:
    """Return the account of a request."""
    return str(principal.account_id)


def account_of_code(principal: PrincipalDep, data: SecondFactorTurnOff) -> str | None:
    """Return the account of a request with a code that can be guessed."""
    return str(principal.account_id) if is_app_code(data.code) else None


PASSWORD_LIMIT = limit_attempts("second factor", account_of, InvalidGrant)

second_factor = ServiceRouter(prefix="/me", tags=["auth"], dependencies=PEOPLE_ONLY)
# Without `Idempotency-Key`, because the secret must not be in a stored response.
once = PrefixRouter(prefix="/me", tags=["auth"], dependencies=PEOPLE_ONLY, route_class=TransactionRoute)


@once.post(
    "/second-factor",
    status_code=status.HTTP_201_CREATED,
    response_model=SecondFactorSecret,
    dependencies=[PASSWORD_LIMIT],
)
async def begin_second_factor(
    data: SecondFactorBegin,
    request: Request,
    session: SessionDep,
    principal: PrincipalDep,
) -> SecondFactorSecret:
    """Return a secret for an app that computes codes. Confirm with a code that the app has it."""
    account = await session.get_one(Account, principal.account_id)
    await PasswordService(session).check(account, data.password.get_secret_value())
    secret, uri = await SecondFactorService(session).begin(account, request.app.title)
    return SecondFactorSecret(secret=secret, uri=uri)


@second_factor.put("/second-factor", response_model=RecoveryCodes)
async def confirm_second_factor(
    data: SecondFactorConfirm,
    session: SessionDep,
    principal: PrincipalDep,
) -> RecoveryCodes:
    """Turn the second factor on with a code of the app. Only this response contains the recovery codes."""
    account = await session.get_one(Account, principal.account_id)
    return RecoveryCodes(recovery_codes=await SecondFactorService(session).confirm(account, data.code))


@second_factor.post(
    "/second-factor-removal",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[PASSWORD_LIMIT, limit_failures("second factor", account_of_code, WrongCode)],
)
async def turn_second_factor_off(data: SecondFactorTurnOff, session: SessionDep, principal: PrincipalDep) -> None:
    """Turn the second factor off with the password, and a code of the app or a recovery code."""
    account = await session.get_one(Account, principal.account_id)
    await PasswordService(session).check(account, data.password.get_secret_value())
    await SecondFactorService(session).turn_off(account, data.code)


router = ServiceRouter()
router.include_router(once)
router.include_router(second_factor)
