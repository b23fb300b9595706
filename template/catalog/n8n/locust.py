"""Load test tasks for workflow runs."""

from tests.performance.visitor import Visitor

SEEDED = 20


def seed(user: Visitor) -> None:
    """Queue the initial runs."""
    for _ in range(SEEDED):
        create(user)


def create(user: Visitor) -> None:
    """Queue a run."""
    user.client.post("/workflow-runs", json={"workflow": "remind-patient", "data": {"name": "Ada"}})


def read(user: Visitor) -> None:
    """Get a run."""
    user.read("/workflow-runs")


def list_queued(user: Visitor) -> None:
    """List the queued runs."""
    user.browse("/workflow-runs", state="queued")


TASKS = {list_queued: 4, read: 3, create: 1}
