"""Load test tasks for workflow runs."""

from tests.performance.visitor import Visitor

SEEDED = 20


def seed(user: Visitor) -> None:
    """Queue the initial runs."""
    for _ in range(SEEDED):
        create(user)


def create(user: Visitor) -> None:
    """Queue a run."""
    user.client.post("/n8n", json={"workflow": "remind-patient", "data": {"name": "Ada"}})


def read(user: Visitor) -> None:
    """Get a run."""
    user.read("/n8n")


def list_queued(user: Visitor) -> None:
    """List the queued runs."""
    user.browse("/n8n", state="queued")


TASKS = {list_queued: 4, read: 3, create: 1}
