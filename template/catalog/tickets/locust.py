"""What users do with tickets: ask for support, and look at what is open."""

from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 20


def seed(user: Visitor) -> None:
    """Ask for what others have asked for already."""
    for _ in range(SEEDED):
        create(user)


def create(user: Visitor) -> None:
    """Ask for support."""
    ticket = {
        "title": f"Printer {uuid4().hex} is jammed",
        "description": "The paper tray does not close.",
        "priority": "normal",
    }
    user.client.post("/tickets", json=ticket)


def read(user: Visitor) -> None:
    """Look at a ticket."""
    user.read("/tickets")


def list_open(user: Visitor) -> None:
    """Look at what is still open."""
    user.browse("/tickets", state="open")


TASKS = {list_open: 4, read: 3, create: 1}
