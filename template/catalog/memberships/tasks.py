"""Tasks that write e-mails to people who are invited or have forgotten their password."""

from time import monotonic
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import select

from ...core.events import EventBus
from ...core.tasks import TURNS_SECONDS, Schedule, Worker, every, in_turn, task
from ..communications.models import Communication
from ..communications.service import issues_token
from .invitations import InvitationService, to_mail
from .models import Invitation, TokenKind
from .resets import PasswordResetService
from .tokens import issue

# With the token after the #, browsers send it to no server, and to no other website (RFC 9110, section 10.1.3).
PageUrl = Annotated[str, Field(pattern=r"^https?://[^\s{}]+\{token\}[^\s{}]*$")]


class TaskSettings(BaseSettings):
    """Settings of the e-mails."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    member_interval_seconds: float = Field(default=10, gt=0, description="How often a task begins to write e-mails.")
    member_invitation_url: PageUrl = Field(
        default="http://localhost:3000/accept-invitation#{token}",
        description="The page of your website that sends `POST /invitation-acceptances`.",
    )
    member_password_url: PageUrl = Field(
        default="http://localhost:3000/reset-password#{token}",
        description="The page of your website that sends `POST /password-resets`.",
    )


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    urls = {"invitation_url": settings.member_invitation_url, "password_url": settings.member_password_url}
    return every(settings.member_interval_seconds, "memberships.write_emails", **urls)


@task(name="memberships.write_emails")
async def write_emails(worker: Worker, invitation_url: str, password_url: str) -> int:
    """Queue e-mails for invitations and requests for a new password; return how many were handled."""
    requests, end = 0, monotonic() + TURNS_SECONDS
    while monotonic() < end and await answer_next(worker, password_url):
        requests += 1
    return requests + await in_turn(worker, to_mail(), mail_next, invitation_url)


async def answer_next(worker: Worker, url: str) -> bool:
    """Answer the next request for a new password; return False if there is none."""
    async with worker.sessions.begin() as session:
        return await PasswordResetService(session).answer_next(url)


async def mail_next(worker: Worker, url: str) -> bool | None:
    """Queue the e-mail for the next invitation; return None if there is none."""
    async with worker.transaction(InvitationService) as service:
        return await service.mail_next(url)


@issues_token(TokenKind.INVITATION)
async def issue_invitation(events: EventBus, communication: Communication, /) -> str | None:
    """Return a token for an invitation, unless it was accepted or withdrawn."""
    invitation_id = communication.recipient_id
    found = await events.session.scalar(select(Invitation.id).where(Invitation.id == invitation_id))
    return None if found is None else str(await issue(events.session, TokenKind.INVITATION, found))


@issues_token(TokenKind.RESET)
async def issue_password_reset(events: EventBus, communication: Communication, /) -> str | None:
    """Return a token for the new password of an account."""
    account_id = communication.recipient_id
    return None if account_id is None else str(await issue(events.session, TokenKind.RESET, account_id))
