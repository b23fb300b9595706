"""Doubles of the e-mail gateway."""

from unittest.mock import Mock, create_autospec

from your_service.gateways.email import Email, EmailError, EmailGateway


class RecordingEmailGateway:
    """Records messages in `outbox`; raises the errors in `failures` first, one per call."""

    def __init__(self) -> None:
        self.outbox: list[Email] = []
        self.failures: list[EmailError] = []

    def send(self, email: Email) -> None:
        """Add a message to the outbox, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.outbox.append(email)


def create_mock_email_service() -> Mock:
    """Return a mock with the signatures of the gateway: `mock.send.assert_called_once_with(email)`."""
    mock: Mock = create_autospec(EmailGateway, instance=True)
    return mock
