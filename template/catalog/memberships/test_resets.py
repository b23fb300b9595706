"""Tests of the service for forgotten passwords."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from your_service.core.errors import Unprocessable
from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.modules.auth.models import SignIn
from your_service.modules.auth.passwords import InvalidGrant, PasswordService
from your_service.modules.communications.models import Communication
from your_service.modules.memberships import models
from your_service.modules.memberships.models import TokenKind
from your_service.modules.memberships.resets import PAUSE, PasswordResetService
from your_service.modules.memberships.tokens import EmailedToken

from tests.fixtures.core.identity import store_user
from tests.support.factories import Factory
from tests.test_utils import TenantContext

NEW = "seven green umbrellas"
URL = "https://example.com/reset#{token}"


async def queued(service: PasswordResetService) -> list[Communication]:
    """Return the e-mails of the organisation."""
    found = await service.session.scalars(select(Communication).order_by(Communication.created_at))
    return list(found)


async def test_a_request_stores_the_address_only(reset_service: PasswordResetService, acting_user: User) -> None:
    for email in (acting_user.email.upper(), "nobody@example.com"):
        await reset_service.request(email)

    stored = await reset_service.session.scalars(select(models.PasswordResetRequest))
    assert {each.email for each in stored} == {acting_user.email, "nobody@example.com"}
    assert await queued(reset_service) == []


async def test_somebody_with_an_account_gets_an_email(reset_service: PasswordResetService, acting_user: User) -> None:
    email = acting_user.email
    await reset_service.request(email)

    assert [await reset_service.answer_next(URL) for _ in range(2)] == [True, False]

    (message,) = await queued(reset_service)
    assert (message.address, message.token_kind) == (email, TokenKind.RESET)
    assert (message.recipient_kind, message.recipient_id) == ("account", acting_user.account_id)
    assert message.text is not None
    assert message.text.startswith("Hello Ada Lovelace,")
    assert f"\n{URL}\n" in message.text


async def test_a_name_cannot_send_the_token_elsewhere(
    reset_service: PasswordResetService,
    add_user: Factory[User],
) -> None:
    user = await add_user("https://example.com/{token}")
    await reset_service.request(user.email)

    await reset_service.answer_next(URL)

    (message,) = await queued(reset_service)
    assert message.text is not None
    assert message.text.count("{token}") == 1


async def test_somebody_without_an_account_gets_none(reset_service: PasswordResetService, acting_user: User) -> None:
    await reset_service.request("nobody@example.com")

    assert await reset_service.answer_next(URL) is True

    assert await reset_service.session.scalar(select(func.count(models.PasswordResetRequest.id))) == 0
    assert await queued(reset_service) == []


async def test_somebody_who_has_left_gets_none(reset_service: PasswordResetService, add_user: Factory[User]) -> None:
    user = await add_user(active=False)
    await reset_service.request(user.email)

    assert await reset_service.answer_next(URL) is True

    assert await queued(reset_service) == []


async def test_the_email_belongs_to_the_first_active_organisation(
    reset_service: PasswordResetService,
    add_user: Factory[User],
    add_organisation: Factory[Organisation],
) -> None:
    user = await add_user(active=False)
    organisations = [await add_organisation(name) for name in ("Z", "A", "B")]
    for organisation in organisations:
        await store_user(reset_service.session, organisation.id, "Grace", account=user.account)
    await reset_service.request(user.email)

    await reset_service.answer_next(URL)

    with TenantContext(organisations[1]):
        assert len(await queued(reset_service)) == 1


async def test_there_is_a_pause_between_two_emails(
    reset_service: PasswordResetService,
    acting_user: User,
    add_user: Factory[User],
    frozen_time: Traveller,
) -> None:
    other = await add_user()
    mine, theirs = acting_user.email, other.email
    for email in (mine, mine, theirs):
        await reset_service.request(email)
        await reset_service.answer_next(URL)
    assert len(await queued(reset_service)) == 2
    frozen_time.shift(PAUSE)
    await reset_service.request(mine)

    await reset_service.answer_next(URL)

    assert len(await queued(reset_service)) == 3


async def test_requests_are_answered_in_their_order(
    reset_service: PasswordResetService,
    acting_user: User,
    frozen_time: Traveller,
) -> None:
    for email in (acting_user.email, "nobody@example.com"):
        await reset_service.request(email)
        frozen_time.shift(timedelta(seconds=1))

    await reset_service.answer_next(URL)

    left = await reset_service.session.scalars(select(models.PasswordResetRequest.email))
    assert left.all() == ["nobody@example.com"]


@pytest.mark.usefixtures("password", "test_sign_in")
async def test_a_reset_stores_the_password_and_ends_all_sign_ins(
    reset_service: PasswordResetService,
    acting_user: User,
    reset_token: EmailedToken,
    other_org: Organisation,
) -> None:
    there = await store_user(reset_service.session, other_org.id, "Ada", account=acting_user.account)
    with TenantContext(other_org):
        values = {"user_id": there.id, "secret_hash": "0" * 64}
        reset_service.session.add(SignIn(**values, expires_at=there.created_at + timedelta(days=1)))
        await reset_service.session.flush()

    await reset_service.reset(reset_token, NEW)

    account = await PasswordService(reset_service.session).find_account(acting_user.email, NEW)
    left = [await reset_service.session.scalar(select(func.count(SignIn.id)))]
    with TenantContext(other_org):
        left.append(await reset_service.session.scalar(select(func.count(SignIn.id))))
    assert (account.id, left) == (acting_user.account_id, [0, 0])
    with pytest.raises(InvalidGrant, match=r"^The link was used before, or is too old\.$"):
        await reset_service.reset(reset_token, NEW)


async def test_an_unknown_token_resets_nothing(reset_service: PasswordResetService, reset_token: EmailedToken) -> None:
    for token in (EmailedToken(reset_token.organisation_id, "secret"), EmailedToken(uuid4(), reset_token.secret)):
        with pytest.raises(InvalidGrant):
            await reset_service.reset(token, NEW)


async def test_the_token_of_somebody_who_has_left_resets_nothing(
    reset_service: PasswordResetService,
    acting_user: User,
    reset_token: EmailedToken,
) -> None:
    acting_user.active = False
    await reset_service.session.flush()

    with pytest.raises(InvalidGrant):
        await reset_service.reset(reset_token, NEW)


async def test_a_new_password_must_not_have_the_name(
    reset_service: PasswordResetService,
    reset_token: EmailedToken,
) -> None:
    with pytest.raises(Unprocessable, match="easy to guess"):
        await reset_service.reset(reset_token, "AdaLovelaceLovelace")
