"""Tests of the doubles of the e-mail gateway."""

import pytest

from your_service.gateways.email import Email, EmailUnavailable

from tests.support.gateways.email import RecordingEmailGateway, create_mock_email_service

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


def test_the_mock_records_calls() -> None:
    mock = create_mock_email_service()

    mock.send(HELLO)

    mock.send.assert_called_once_with(HELLO)


def test_the_mock_refuses_wrong_arguments() -> None:
    with pytest.raises(TypeError):
        create_mock_email_service().send()
