"""Tests of e-mails with a real queue, worker and PostgreSQL."""

import pytest

from your_service.modules.memberships.models import Invitation
from your_service.modules.memberships.tasks import write_emails

from tests.support.worker import in_worker


@pytest.mark.usefixtures("celery_worker")
async def test_a_worker_writes_an_email_once(test_invitation: Invitation) -> None:
    url = "https://example.com/#{token}"

    runs = [write_emails.delay(url, url) for _ in range(2)]

    assert [await in_worker(run.get, timeout=20, interval=0.001) for run in runs] == [1, 0]
    assert test_invitation.email == "barbara@example.com"
