"""A double of the Twilio gateway."""

from your_service.gateways.twilio import TwilioError, TwilioMessage


class RecordingTwilioGateway:
    """Records messages in `outbox`; raises the errors in `failures` first, one per call."""

    def __init__(self) -> None:
        self.outbox: list[TwilioMessage] = []
        self.failures: list[TwilioError] = []

    def send(self, message: TwilioMessage) -> str:
        """Add a message to the outbox and return its SID, or raise the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.outbox.append(message)
        return self.sid(len(self.outbox))

    @staticmethod
    def sid(number: int) -> str:
        """Return the SID of the first message, the second one, and so on."""
        return f"SM{number:032x}"
