"""Load test tasks for conversations."""

from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 20


def seed(user: Visitor) -> None:
    """Create the initial conversations."""
    for _ in range(SEEDED):
        create(user)


def create(user: Visitor) -> None:
    """Start a conversation."""
    user.client.post("/conversations", json={"channel": "sms", "participant": uuid4().hex})


def read(user: Visitor) -> None:
    """Get a conversation."""
    user.read("/conversations")


def list_open(user: Visitor) -> None:
    """List the open conversations."""
    user.browse("/conversations", state="open")


TASKS = {list_open: 4, read: 3, create: 1}
