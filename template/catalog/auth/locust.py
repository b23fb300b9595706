"""Load test tasks for sign-ins."""

from tests.performance.visitor import Visitor


def seed(user: Visitor) -> None:
    """Create nothing: the tasks read."""


def read_me(user: Visitor) -> None:
    """Get the person who is signed in."""
    user.client.get("/me")


def list_sign_ins(user: Visitor) -> None:
    """List the sign-ins."""
    user.browse("/sign-ins")


TASKS = {read_me: 4, list_sign_ins: 1}
