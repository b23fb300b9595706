"""Load test tasks for communications."""

from random import randrange

from tests.performance.visitor import Visitor

SEEDED = 20


def seed(user: Visitor) -> None:
    """Queue the initial messages."""
    for _ in range(SEEDED):
        schedule(user)


def schedule(user: Visitor) -> None:
    """Queue an e-mail for next century."""
    message = {
        "channel": "email",
        "address": f"person{randrange(100)}@example.com",
        "subject": "Your visit",
        "text": "We look forward to seeing you.",
        "send_at": "2130-01-01T00:00:00Z",
    }
    user.client.post("/communications", json=message)


def read(user: Visitor) -> None:
    """Get a message."""
    user.read("/communications")


def list_by_recipient(user: Visitor) -> None:
    """List the messages to an address."""
    user.browse("/communications", address=f"person{randrange(100)}@example.com")


TASKS = {list_by_recipient: 4, read: 3, schedule: 2}
