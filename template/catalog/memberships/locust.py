"""Load test tasks for members."""

from tests.performance.visitor import Visitor


def seed(user: Visitor) -> None:
    """Create nothing: the tasks read."""


def list_members(user: Visitor) -> None:
    """List the members."""
    user.browse("/memberships")


def list_invitations(user: Visitor) -> None:
    """List the invitations."""
    user.browse("/invitations")


TASKS = {list_members: 2, list_invitations: 1}
