"""The double of the e-mail gateway."""

import pytest

from your_service.gateways.email import Email, EmailUnavailable

from tests.support.gateways.email import RecordingEmailGateway

HELLO = Email("ada@example.com", "Hello", "How are you?")


def test_sent_messages_are_in_the_outbox(mock_email: RecordingEmailGateway) -> None:
    mock_email.send(HELLO)

    assert mock_email.outbox == [HELLO]


def test_each_failure_is_raised_once(mock_email: RecordingEmailGateway) -> None:
    mock_email.failures = [EmailUnavailable("Try again later")]

    with pytest.raises(EmailUnavailable, match="Try again later"):
        mock_email.send(HELLO)
    mock_email.send(HELLO)

    assert mock_email.outbox == [HELLO]
