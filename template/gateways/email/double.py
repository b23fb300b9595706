"""A double of the e-mail gateway."""

from your_service.gateways.email import Email, EmailError


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
