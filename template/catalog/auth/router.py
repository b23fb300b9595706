"""Routes for signing in and out, and for the person who is signed in.

Two routes are public: a password or a refresh token tells who sends the request.
"""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response, status

from ...core.accounts import Account
from ...core.attempts import limit_attempts, limit_failures
from ...core.clock import utcnow
from ...core.credentials import SIGN_IN, Credential
from ...core.errors import Forbidden, respond
from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from ...core.security import PEOPLE_ONLY, Claims, Principal, PrincipalDep
from ...core.users import Role, User
from .api_keys_router import router as api_keys
from .models import SignIn
from .passwords import InvalidGrant, PasswordService
from .rules import RefreshToken
from .schemas import (
    MembershipRead,
    MeRead,
    PasswordChange,
    SignInCreate,
    SignInQuery,
    SignInRead,
    SignInRefresh,
    Tokens,
)
from .second_factors import SecondFactorService, WrongCode, is_app_code
from .second_factors_router import router as second_factor
from .service import SignedIn, SignInService, memberships_of

ACCESS_TOKEN_LIFETIME = timedelta(minutes=10)

sign_ins = ServiceRouter(prefix="/sign-ins", tags=["auth"], dependencies=PEOPLE_ONLY)
# Not below /sign-ins, where its name would be read as an identifier.
refreshes = ServiceRouter(prefix="/token-refresh", tags=["auth"])
me = ServiceRouter(prefix="/me", tags=["auth"], dependencies=PEOPLE_ONLY)

Service = Annotated[SignInService, Depends(SignInService.of_request)]


async def refuse_with_provider(request: Request) -> None:
    """Raise `Forbidden` if people sign in at an identity provider: the service accepts no other tokens then."""
    if request.app.state.tokens.provider:
        raise Forbidden("Sign in at the identity provider of this service.")


WITHOUT_PROVIDER = Depends(refuse_with_provider)


def account_of(data: SignInCreate) -> str:
    """Return the address of the account in a request."""
    return data.email


def account_of_code(data: SignInCreate) -> str | None:
    """Return the address in a request with a code that can be guessed."""
    return data.email if data.code and is_app_code(data.code) else None


@sign_ins.public.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=Tokens,
    dependencies=[
        WITHOUT_PROVIDER,
        limit_attempts("sign-in", account_of, InvalidGrant),
        limit_failures("sign-in", account_of_code, WrongCode),
    ],
)
async def sign_in(data: SignInCreate, request: Request, service: Service) -> Tokens:
    """Sign in with an address and a password; ten wrong ones from one client in 15 minutes are enough."""
    account = await PasswordService(service.session).find_account(data.email, data.password.get_secret_value())
    await SecondFactorService(service.session).check(account, data.code)
    return _tokens(request, await service.start(account, data.organisation_id))


@refreshes.public.post("", response_model=Tokens, dependencies=[WITHOUT_PROVIDER])
async def refresh_sign_in(data: SignInRefresh, request: Request, service: Service) -> Tokens | Response:
    """Return new tokens for a refresh token, which can be used once; another organisation can be selected."""
    signed_in = await service.refresh(RefreshToken.read(data.refresh_token), data.organisation_id)
    if signed_in is None:
        # A response, because an error would roll back that the sign-in has ended.
        return respond(InvalidGrant("The refresh token is not valid."))
    return _tokens(request, signed_in)


@sign_ins.get("", response_model=Page[SignInRead])
async def list_sign_ins(
    query: Annotated[SignInQuery, Query()],
    service: Service,
    principal: PrincipalDep,
) -> Listing[SignIn]:
    """List your sign-ins, oldest first; an admin sees those of all users of the organisation."""
    owner = _owner(principal)
    return await service.list(query.model_copy(update={"user_id": owner}) if owner else query)


@sign_ins.get("/{sign_in_id}", response_model=SignInRead)
async def get_sign_in(sign_in_id: UUID, service: Service, principal: PrincipalDep) -> SignIn:
    """Return one of your sign-ins; an admin can read those of all users of the organisation."""
    return await service.get_of(sign_in_id, _owner(principal))


@sign_ins.delete("/{sign_in_id}", status_code=status.HTTP_204_NO_CONTENT)
async def end_sign_in(sign_in_id: UUID, service: Service, principal: PrincipalDep) -> None:
    """Sign out one of your devices; an admin can do so for all users of the organisation."""
    await service.end(sign_in_id, _owner(principal))


@sign_ins.delete("", status_code=status.HTTP_204_NO_CONTENT)
async def end_all_sign_ins(service: Service, principal: PrincipalDep) -> None:
    """Sign out all of your devices, in all organisations."""
    await service.end_all(principal.account_id)


@me.get("", response_model=MeRead)
async def get_me(service: Service, principal: PrincipalDep) -> MeRead:
    """Return who you are, and which organisations you can select."""
    account = await service.session.get_one(Account, principal.account_id)
    user = await service.session.get_one(User, principal.user_id)
    memberships = await memberships_of(service.session, account.id)
    return MeRead(
        account_id=account.id,
        email=account.email,
        user_id=user.id,
        name=user.name,
        roles=sorted(principal.roles),
        has_second_factor=await SecondFactorService(service.session).is_on(account.id),
        organisation_id=principal.organisation_id,
        organisations=[MembershipRead.model_validate(each) for each in memberships if each.active],
    )


def own_account(principal: PrincipalDep) -> str:
    """Return the account of the person who is signed in."""
    return str(principal.account_id)


@me.put(
    "/password",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[limit_attempts("current password", own_account, InvalidGrant)],
)
async def change_password(data: PasswordChange, service: Service, principal: PrincipalDep) -> None:
    """Change your password, and sign out all of your devices."""
    account = await service.session.get_one(Account, principal.account_id)
    user = await service.session.get_one(User, principal.user_id)
    passwords = PasswordService(service.session)
    await passwords.check(account, data.current_password.get_secret_value())
    await passwords.set(account, user.name, data.new_password.get_secret_value())
    await service.end_all(account.id)


def _owner(principal: Principal) -> UUID | None:
    # None for an admin, who may see and end the sign-ins of all users.
    return None if Role.ADMIN in principal.roles else principal.user_id


def _tokens(request: Request, signed_in: SignedIn) -> Tokens:
    token = signed_in.token
    sign_in = Credential(SIGN_IN, token.sign_in_id)
    claims = Claims(signed_in.account.subject, token.organisation_id, credential=sign_in)
    return Tokens(
        access_token=request.app.state.tokens.create_token(claims, utcnow() + ACCESS_TOKEN_LIFETIME),
        expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        refresh_token=str(token),
        sign_in_id=token.sign_in_id,
        organisation_id=token.organisation_id,
    )


router = ServiceRouter()
router.include_router(sign_ins)
router.include_router(refreshes)
router.include_router(me)
router.include_router(second_factor)
router.include_router(api_keys)
