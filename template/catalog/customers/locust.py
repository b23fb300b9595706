"""Load test tasks for customers."""

from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 50


def seed(user: Visitor) -> None:
    """Create the initial customers."""
    for _ in range(SEEDED):
        create(user)


def create(user: Visitor) -> None:
    """Create a customer."""
    name = uuid4().hex
    user.client.post("/customers", json={"name": f"Customer {name}", "email": f"{name}@example.com", "tags": ["new"]})


def search(user: Visitor) -> None:
    """Search for a customer by name."""
    name = user.pick("/customers")["name"]
    user.browse("/customers", search=name)


def list_tagged(user: Visitor) -> None:
    """List the customers with a tag."""
    user.browse("/customers", tag="new")


TASKS = {search: 5, list_tagged: 3, create: 1}
