"""Load test tasks for documents and searches."""

from random import choice, sample

from tests.performance.visitor import Visitor

SEEDED = 5
WORDS = ("asthma", "children", "dose", "insulin", "opening hours", "tablet", "vaccine", "water")


def seed(user: Visitor) -> None:
    """Ingest documents."""
    for _ in range(SEEDED):
        ingest(user)


def ingest(user: Visitor) -> None:
    """Ingest a document of some pages."""
    text = ". ".join(" ".join(sample(WORDS, 5)) for _ in range(200))
    user.client.post("/vector-documents", json={"title": f"Leaflet about {choice(WORDS)}", "text": text})


def read(user: Visitor) -> None:
    """Get a document."""
    user.read("/vector-documents")


def search(user: Visitor) -> None:
    """Search for two words; a search by meaning would measure the provider."""
    query = {"text": " ".join(sample(WORDS, 2)), "vector_weight": 0}
    user.client.get("/vector-search", params=query, name="/vector-search")


TASKS = {search: 5, read: 2, ingest: 1}
