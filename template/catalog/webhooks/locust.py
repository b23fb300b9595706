"""Load test tasks for inbound messages."""

from tests.performance.visitor import Visitor


def seed(user: Visitor) -> None:
    """Create nothing: messages arrive only with the signature of a provider."""


def list_messages(user: Visitor) -> None:
    """List the SMS."""
    user.browse("/inbound-messages", channel="sms")


TASKS = {list_messages: 1}
