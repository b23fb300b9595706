"""The doubles of the e-mail gateway."""

from unittest.mock import Mock, create_autospec

from your_service.gateways.email import Email, EmailError, EmailGateway


class RecordingEmailGateway:
    """Keeps what it is given to send; raises the next of `failures` instead as long as there are any."""

    def __init__(self) -> None:
        self.outbox: list[Email] = []
        self.failures: list[EmailError] = []

    def send(self, email: Email) -> None:
        """Put a message into the outbox."""
        if self.failures:
            raise self.failures.pop(0)
        self.outbox.append(email)


def create_mock_email_service() -> Mock:
    """Return a mock that takes only the calls that the gateway takes: `mock.send.assert_called_once_with(email)`."""
    mock: Mock = create_autospec(EmailGateway, instance=True)
    return mock
