"""Load test tasks for intake sessions."""

from typing import Any
from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 10


def seed(user: Visitor) -> None:
    """Create the initial sessions."""
    for _ in range(SEEDED):
        complete(user)


def complete(user: Visitor) -> None:
    """Open, fill and submit a session about a new person."""
    name = uuid4().hex
    person: dict[str, Any] = {"given_name": "Given", "family_name": name, "birth_date": "1970-01-01"}
    intake = user.client.post("/intake-sessions", json={"key": name}).json()
    url = f"/intake-sessions/{intake['id']}"
    user.client.patch(url, json={"person": person}, name="/intake-sessions/{id}")
    user.client.post(f"{url}/submit", name="/intake-sessions/{id}/submit")


def read(user: Visitor) -> None:
    """Get a session."""
    user.read("/intake-sessions")


def list_completed(user: Visitor) -> None:
    """List the completed sessions."""
    user.browse("/intake-sessions", state="completed")


TASKS = {list_completed: 2, read: 3, complete: 1}
