"""What users do with journeys: start them, and look where patients stand."""

from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 20


def seed(user: Visitor) -> None:
    """Define a journey, and start it a few times."""
    definition = {"name": f"Knee replacement {uuid4().hex}", "stages": ["Referral", "Surgery", "Rehabilitation"]}
    user.client.post("/journey-definitions", json=definition)
    for _ in range(SEEDED):
        start(user)


def start(user: Visitor) -> None:
    """Start a journey of a patient."""
    definition = user.pick("/journey-definitions")
    patient = user.pick("/patients")
    user.client.post("/journeys", json={"definition_id": definition["id"], "patient_id": patient["id"]})


def read(user: Visitor) -> None:
    """Look at a journey."""
    user.read("/journeys")


def list_those_of_a_patient(user: Visitor) -> None:
    """Look at the journeys of a patient."""
    user.browse("/journeys", patient_id=user.pick("/patients")["id"])


TASKS = {list_those_of_a_patient: 4, read: 3, start: 1}
