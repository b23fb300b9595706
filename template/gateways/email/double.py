"""The double of the e-mail gateway."""

from your_service.gateways.email import Email, EmailError


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
