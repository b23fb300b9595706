"""Load test tasks for patients."""

from typing import Any
from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 50


def seed(user: Visitor) -> None:
    """Create the initial patients."""
    for _ in range(SEEDED):
        register(user)


def register(user: Visitor) -> None:
    """Register a patient without duplicates."""
    user.client.post("/patients", json=new_patient())


def new_patient() -> dict[str, Any]:
    """Return the request body of a patient with unique names."""
    name = uuid4().hex
    return {
        "given_name": f"Given {name[:16]}",
        "family_name": f"Family {name[16:]}",
        "birth_date": "1970-01-01",
        "email": f"{name}@example.com",
    }


def search(user: Visitor) -> None:
    """Search for a patient by name."""
    family_name = user.pick("/patients")["family_name"]
    user.browse("/patients", search=family_name)


def read(user: Visitor) -> None:
    """Get a patient."""
    user.read("/patients")


TASKS = {search: 5, read: 3, register: 1}
