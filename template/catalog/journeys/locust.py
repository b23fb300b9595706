"""Load test tasks for journeys."""

from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 20


def seed(user: Visitor) -> None:
    """Create a definition and the initial journeys."""
    definition = {"name": f"Knee replacement {uuid4().hex}", "stages": ["Referral", "Surgery", "Rehabilitation"]}
    user.client.post("/journey-definitions", json=definition)
    for _ in range(SEEDED):
        start(user)


def start(user: Visitor) -> None:
    """Start a journey."""
    definition = user.pick("/journey-definitions")
    patient = user.pick("/patients")
    user.client.post("/journeys", json={"definition_id": definition["id"], "patient_id": patient["id"]})


def read(user: Visitor) -> None:
    """Get a journey."""
    user.read("/journeys")


def list_by_patient(user: Visitor) -> None:
    """List the journeys of a patient."""
    user.browse("/journeys", patient_id=user.pick("/patients")["id"])


TASKS = {list_by_patient: 4, read: 3, start: 1}
