"""One-time tokens in e-mails: only the recipient has them, and the database has their hashes."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.clock import utcnow
from ...core.errors import ServiceError
from ...core.events import EventBus
from ...core.tenancy import current_organisation
from ..auth.rules import hash_of_secret, new_secret
from ..communications.rules import Channel
from ..communications.schemas import CommunicationCreate
from ..communications.service import CommunicationService
from .models import OneTimeToken, TokenKind

LIFETIMES = {TokenKind.INVITATION: timedelta(days=7), TokenKind.RESET: timedelta(hours=1)}
"""How long a token can be used after its e-mail was sent."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EmailedToken:
    """What a token says: the organisation, and the secret."""

    organisation_id: UUID
    secret: str

    def __str__(self) -> str:
        return f"{self.organisation_id.hex}.{self.secret}"

    @classmethod
    def read(cls, token: str) -> "EmailedToken":
        """Return what a token says; raise `ValueError` for a text of another form."""
        organisation_id, secret = token.split(".")
        return cls(UUID(organisation_id), secret)


def plain(name: str) -> str:
    """Return a name without braces: with `{token}` in it, somebody could send the token of a person to another website."""
    return name.replace("{", "(").replace("}", ")")


async def mail(events: EventBus, kind: TokenKind, owner_id: UUID, address: str, subject: str, text: str) -> None:
    """Queue an e-mail with a token for an invitation or an account, or log that it cannot be sent."""
    owner = "invitation" if kind is TokenKind.INVITATION else "account"
    recipient = {"recipient_kind": owner, "recipient_id": owner_id}
    try:
        data = CommunicationCreate(channel=Channel.EMAIL, address=address, subject=subject, text=text, **recipient)
        await CommunicationService(events.session, events).schedule(data, kind)
    except (ValidationError, ServiceError):
        # One e-mail that cannot be sent must not hold up the others.
        logger.warning("No e-mail can be sent for the %s %s.", owner, owner_id)
    await events.session.flush()


async def issue(session: AsyncSession, kind: TokenKind, owner_id: UUID) -> EmailedToken:
    """Return a new token of the current organisation for an invitation or an account; older ones still count."""
    await session.execute(delete(OneTimeToken).where(OneTimeToken.expires_at <= utcnow()))
    token = EmailedToken(current_organisation(), new_secret())
    expires_at = utcnow() + LIFETIMES[kind]
    hashed = hash_of_secret(token.secret)
    session.add(OneTimeToken(kind=kind, owner_id=owner_id, secret_hash=hashed, expires_at=expires_at))
    await session.flush()
    return token


async def redeem(session: AsyncSession, kind: TokenKind, token: EmailedToken) -> UUID | None:
    """Return the invitation or the account of a token, and delete all of its tokens; return None if it does not count.

    The caller has entered the organisation of the token. Of two requests with one token, the second one waits for the
    first one, and finds nothing.
    """
    usable = delete(OneTimeToken).where(OneTimeToken.kind == kind, OneTimeToken.expires_at > utcnow())
    this_one = usable.where(OneTimeToken.secret_hash == hash_of_secret(token.secret))
    owner_id: UUID | None = await session.scalar(this_one.returning(OneTimeToken.owner_id))
    if owner_id is not None:
        await revoke(session, kind, owner_id)
    return owner_id


async def revoke(session: AsyncSession, kind: TokenKind, owner_id: UUID) -> None:
    """Delete the tokens of an invitation or an account."""
    theirs = delete(OneTimeToken).where(OneTimeToken.kind == kind, OneTimeToken.owner_id == owner_id)
    await session.execute(theirs)
