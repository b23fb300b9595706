"""Benchmarks of the service for documents and searches."""

import pytest

from your_service.modules.vector.models import VectorDocument
from your_service.modules.vector.schemas import HybridQuery, VectorDocumentCreate
from your_service.modules.vector.service import VectorDocumentService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory, Payload
from tests.support.gateways.openai import ScriptedOpenAIGateway

PAGES = "Take one tablet with a glass of water. " * 250


@pytest.fixture
async def many_documents(make_embedded_document: Factory[VectorDocument]) -> list[VectorDocument]:
    """Fifty embedded documents."""
    return [await make_embedded_document() for _ in range(50)]


def test_ingest(
    measure: Measure,
    vector_document_service: VectorDocumentService,
    vector_document_payload: Payload,
) -> None:
    requests = [VectorDocumentCreate(**vector_document_payload(text=PAGES)) for _ in range(ROUNDS)]

    last = measure(lambda: vector_document_service.ingest(requests.pop()))

    assert last.title == "Leaflet 1"


def test_search(
    measure: Measure,
    vector_document_service: VectorDocumentService,
    mock_openai: ScriptedOpenAIGateway,
    many_documents: list[VectorDocument],
) -> None:
    query = HybridQuery(text="asthma in children", limit=50)
    (vector,) = mock_openai.embed([query.text])

    found = measure(lambda: vector_document_service.search(query, vector, mock_openai.embedding_model))

    assert len(found.findings) == len(many_documents)
