"""Load test tasks for runs of agents."""

from tests.performance.visitor import Visitor

SEEDED = 5


def seed(user: Visitor) -> None:
    """Start runs."""
    for _ in range(SEEDED):
        start(user)


def start(user: Visitor) -> None:
    """Start a run."""
    user.client.post("/agent-runs", json={"instruction": "What time is it in Berlin?"})


def read(user: Visitor) -> None:
    """Get a run."""
    user.read("/agent-runs")


def browse(user: Visitor) -> None:
    """List the runs in the queue."""
    user.browse("/agent-runs", state="queued")


TASKS = {read: 5, browse: 2, start: 1}
