"""Fixtures of documents to search."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.vector.models import VectorDocument
from your_service.modules.vector.schemas import VectorChunkQuery, VectorDocumentCreate
from your_service.modules.vector.service import VectorDocumentService

from tests.support.factories import Factory, Payload
from tests.support.gateways.openai import ScriptedOpenAIGateway


@pytest.fixture
def vector_document_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> VectorDocumentService:
    """The service for documents of the test's organisation."""
    return VectorDocumentService(db_session, event_bus)


@pytest.fixture
def vector_document_payload() -> Payload:
    """Return a function that makes the request body of a document, with a different title each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        number = next(numbers)
        return {"title": f"Leaflet {number}", "text": f"Leaflet {number} is about asthma in children.", **overrides}

    return make


@pytest.fixture
def make_vector_document(
    vector_document_service: VectorDocumentService,
    vector_document_payload: Payload,
) -> Factory[VectorDocument]:
    """Return a function that ingests a document; arguments override the payload."""

    async def make(**overrides: Any) -> VectorDocument:
        data = VectorDocumentCreate(**vector_document_payload(**overrides))
        return await vector_document_service.ingest(data)

    return make


@pytest.fixture
def make_embedded_document(
    vector_document_service: VectorDocumentService,
    make_vector_document: Factory[VectorDocument],
    mock_openai: ScriptedOpenAIGateway,
) -> Factory[VectorDocument]:
    """Return a function that ingests a document and embeds it as a worker does; arguments override the payload."""

    async def make(**overrides: Any) -> VectorDocument:
        document = await make_vector_document(**overrides)
        listing = await vector_document_service.chunks(document.id, VectorChunkQuery(limit=100))
        vectors = mock_openai.embed([chunk.text for chunk in listing.items])
        await vector_document_service.store_vectors(document.id, vectors, mock_openai.embedding_model)
        return document

    return make


@pytest.fixture
async def test_vector_document(make_vector_document: Factory[VectorDocument]) -> VectorDocument:
    """A document that is not embedded yet."""
    return await make_vector_document()


@pytest.fixture
def test_vector_document_id(test_vector_document: VectorDocument) -> UUID:
    """The identifier of `test_vector_document`."""
    return test_vector_document.id
