"""Tests of the tasks that write e-mails."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.modules.communications.models import Communication
from your_service.modules.communications.tasks import send_due
from your_service.modules.memberships.invitations import InvitationService
from your_service.modules.memberships.models import Invitation
from your_service.modules.memberships.resets import PasswordResetService
from your_service.modules.memberships.tasks import TaskSettings, schedule, write_emails
from your_service.modules.memberships.tokens import EmailedToken

from tests.support.factories import Factory
from tests.support.gateways.email import RecordingEmailGateway
from tests.support.worker import in_worker
from tests.test_utils import TenantContext

pytestmark = pytest.mark.usefixtures("celery_app")

INVITATION, RESET = "https://example.com/accept#{token}", "https://example.com/reset#{token}"
NEW = "seven green umbrellas"


def token_in(text: str, url: str) -> EmailedToken:
    """Return the token in an e-mail with a page."""
    (line,) = [line for line in text.splitlines() if line.startswith(url.partition("{")[0])]
    return EmailedToken.read(line.partition("#")[2])


async def test_an_invitation_arrives_and_can_be_accepted(
    test_invitation: Invitation,
    invitation_service: InvitationService,
    mock_email: RecordingEmailGateway,
) -> None:
    written = await in_worker(write_emails.run, INVITATION, RESET)
    sent = await in_worker(send_due.run)

    (email,) = mock_email.outbox
    assert (written, sent, email.to) == (1, 1, test_invitation.email)
    user = await invitation_service.accept(token_in(email.body, INVITATION), NEW)
    assert user.name == test_invitation.name


async def test_a_link_for_a_new_password_arrives_and_works(
    db_session: AsyncSession,
    acting_user: User,
    reset_service: PasswordResetService,
    mock_email: RecordingEmailGateway,
) -> None:
    for email in ("nobody@example.com", acting_user.email):
        await reset_service.request(email)

    written = await in_worker(write_emails.run, INVITATION, RESET)
    sent = await in_worker(send_due.run)

    (message,) = mock_email.outbox
    assert (written, sent, message.to) == (2, 1, acting_user.email)
    token = token_in(message.body, RESET)
    stored = await db_session.scalar(select(Communication.text))
    assert token.secret not in str(stored)
    await reset_service.reset(token, NEW)


async def test_the_email_of_a_withdrawn_invitation_is_not_sent(
    db_session: AsyncSession,
    test_invitation: Invitation,
    invitation_service: InvitationService,
    mock_email: RecordingEmailGateway,
) -> None:
    await in_worker(write_emails.run, INVITATION, RESET)
    await invitation_service.withdraw(test_invitation.id)

    assert await in_worker(send_due.run) == 0

    assert mock_email.outbox == []
    assert await db_session.scalar(select(Communication.state)) == "cancelled"


async def test_the_invitations_of_all_organisations_are_written(
    db_session: AsyncSession,
    make_invitation: Factory[Invitation],
    other_org: Organisation,
    other_org_user: User,
) -> None:
    await make_invitation()
    with TenantContext(other_org):
        invitation = await make_invitation(inviter_id=other_org_user.id)

    assert await in_worker(write_emails.run, INVITATION, RESET) == 2

    with TenantContext(other_org):
        await db_session.refresh(invitation)
        assert invitation.mailed_at is not None


def test_the_schedule_follows_the_settings() -> None:
    values: dict[str, Any] = {"member_interval_seconds": 60, "member_password_url": RESET}
    settings = TaskSettings(_env_file=None, **values)

    (entry,) = schedule(settings).values()

    assert (entry["task"], entry["schedule"]) == (write_emails.name, 60)
    assert entry["kwargs"] == {"invitation_url": settings.member_invitation_url, "password_url": RESET}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("member_interval_seconds", 0),
        ("member_invitation_url", "https://example.com/accept"),
        ("member_invitation_url", "https://example.com/#{token}{token}"),
        ("member_password_url", "example.com/{token}"),
        ("member_password_url", "https://example.com/{name}#{token}"),
    ],
)
def test_a_wrong_setting_is_refused(name: str, value: object) -> None:
    settings: dict[str, Any] = {name: value}

    with pytest.raises(ValidationError, match=name):
        TaskSettings(_env_file=None, **settings)
