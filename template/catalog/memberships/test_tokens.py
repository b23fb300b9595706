"""Tests of one-time tokens in e-mails."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from time_machine import Traveller

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation, organisation_scope
from your_service.modules.communications.models import Communication
from your_service.modules.memberships.models import OneTimeToken, TokenKind
from your_service.modules.memberships.tokens import LIFETIMES, EmailedToken, issue, mail, plain, redeem, revoke

from tests.test_config import FROZEN_NOW

pytestmark = pytest.mark.usefixtures("organisation")

RESET, INVITATION = TokenKind.RESET, TokenKind.INVITATION


async def test_a_token_works_once(db_session: AsyncSession) -> None:
    owner = uuid4()
    token = await issue(db_session, RESET, owner)

    assert [await redeem(db_session, RESET, token) for _ in range(2)] == [owner, None]


async def test_a_token_of_a_copy_works_until_one_is_used(db_session: AsyncSession) -> None:
    owner = uuid4()
    first, second = [await issue(db_session, RESET, owner) for _ in range(2)]

    assert [await redeem(db_session, RESET, token) for token in (first, second)] == [owner, None]


async def test_the_tokens_of_others_stay(db_session: AsyncSession) -> None:
    other = uuid4()
    token = await issue(db_session, RESET, other)
    await redeem(db_session, RESET, await issue(db_session, RESET, uuid4()))

    assert await redeem(db_session, RESET, token) == other


async def test_a_token_is_of_one_kind(db_session: AsyncSession) -> None:
    token = await issue(db_session, INVITATION, uuid4())

    assert await redeem(db_session, RESET, token) is None


@pytest.mark.parametrize("kind", TokenKind)
async def test_a_token_expires(db_session: AsyncSession, frozen_time: Traveller, kind: TokenKind) -> None:
    owner = uuid4()
    early, late = [await issue(db_session, kind, owner) for _ in range(2)]

    frozen_time.move_to(FROZEN_NOW + LIFETIMES[kind])
    assert await redeem(db_session, kind, late) is None
    frozen_time.move_to(FROZEN_NOW + LIFETIMES[kind] - timedelta(seconds=1))
    assert await redeem(db_session, kind, early) == owner


async def test_expired_tokens_are_deleted(db_session: AsyncSession, frozen_time: Traveller) -> None:
    await issue(db_session, RESET, uuid4())
    frozen_time.shift(LIFETIMES[RESET])

    await issue(db_session, RESET, uuid4())

    assert await db_session.scalar(select(func.count(OneTimeToken.id))) == 1


async def test_a_token_can_be_revoked(db_session: AsyncSession) -> None:
    owner = uuid4()
    token = await issue(db_session, INVITATION, owner)

    await revoke(db_session, INVITATION, owner)

    assert await redeem(db_session, INVITATION, token) is None


async def test_a_token_of_another_organisation_is_unknown(db_session: AsyncSession, other_org: Organisation) -> None:
    token = await issue(db_session, RESET, uuid4())

    with organisation_scope(other_org.id):
        assert await redeem(db_session, RESET, token) is None


async def test_the_secret_is_not_stored(db_session: AsyncSession, test_org: Organisation) -> None:
    token = await issue(db_session, RESET, uuid4())

    stored = await db_session.scalar(select(OneTimeToken))
    assert stored is not None
    assert token.secret not in str(vars(stored))
    assert len(token.secret) == 43
    assert EmailedToken.read(str(token)) == EmailedToken(test_org.id, token.secret)


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c"])
def test_another_text_is_no_token(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        EmailedToken.read(text)


def test_a_name_is_no_place_for_a_token() -> None:
    assert plain("https://example.com/{tok{token}en}") == "https://example.com/(tok(token)en)"


@pytest.mark.parametrize(("kind", "owner"), [(RESET, "account"), (INVITATION, "invitation")])
async def test_an_email_has_a_token(
    db_session: AsyncSession,
    event_bus: EventBus,
    kind: TokenKind,
    owner: str,
) -> None:
    owner_id = uuid4()

    await mail(event_bus, kind, owner_id, "ada@example.com", "Hello", "Open {token}")

    queued = await db_session.scalar(select(Communication))
    assert queued is not None
    assert (queued.address, queued.subject, queued.text) == ("ada@example.com", "Hello", "Open {token}")
    assert (queued.token_kind, queued.recipient_kind, queued.recipient_id) == (kind, owner, owner_id)


async def test_an_email_that_cannot_be_sent_is_logged(
    db_session: AsyncSession,
    event_bus: EventBus,
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner_id = uuid4()

    await mail(event_bus, RESET, owner_id, "no address", "Hello", "Open {token}")

    assert caplog.messages == [f"No e-mail can be sent for the account {owner_id}."]
    assert await db_session.scalar(select(Communication)) is None
