"""Load test tasks for tickets."""

from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 20


def seed(user: Visitor) -> None:
    """Create the initial tickets."""
    for _ in range(SEEDED):
        create(user)


def create(user: Visitor) -> None:
    """Create a ticket."""
    ticket = {
        "title": f"Printer {uuid4().hex} is jammed",
        "description": "The paper tray does not close.",
        "priority": "normal",
    }
    user.client.post("/tickets", json=ticket)


def read(user: Visitor) -> None:
    """Get a ticket."""
    user.read("/tickets")


def list_open(user: Visitor) -> None:
    """List the open tickets."""
    user.browse("/tickets", state="open")


TASKS = {list_open: 4, read: 3, create: 1}
