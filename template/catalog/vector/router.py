"""Routes for documents and searches."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.gateways import CallDep, OpenAIDep
from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from ...core.security import ADMIN_ONLY
from .models import VectorChunk, VectorDocument
from .schemas import (
    FindingsRead,
    HybridQuery,
    VectorChunkQuery,
    VectorChunkRead,
    VectorDocumentCreate,
    VectorDocumentQuery,
    VectorDocumentRead,
)
from .service import Findings, VectorDocumentService

documents = ServiceRouter(prefix="/vector-documents", tags=["vector search"])
# Not below /vector-documents, where its name would be read as an identifier.
searches = ServiceRouter(prefix="/vector-search", tags=["vector search"])

Service = Annotated[VectorDocumentService, Depends(VectorDocumentService.of_request)]


@documents.post("", status_code=status.HTTP_201_CREATED, response_model=VectorDocumentRead)
async def ingest_document(data: VectorDocumentCreate, service: Service) -> VectorDocument:
    """Store a document. It is found by its words at once, and by its meaning when a worker has embedded it."""
    return await service.ingest(data)


@documents.get("", response_model=Page[VectorDocumentRead])
async def list_vector_documents(
    query: Annotated[VectorDocumentQuery, Query()],
    service: Service,
) -> Listing[VectorDocument]:
    """List documents, oldest first."""
    return await service.list(query)


@searches.get("", response_model=FindingsRead)
async def find_chunks(
    query: Annotated[HybridQuery, Query()],
    service: Service,
    openai: OpenAIDep,
    call: CallDep,
) -> Findings:
    """Return the best chunks, with all parts of their scores. Only `vector_weight=0` works while OpenAI is down."""
    vectors = await call(openai.embed, [query.text]) if query.vector_weight else [None]
    return await service.search(query, vectors[0], openai.embedding_model)


@documents.get("/{vector_document_id}", response_model=VectorDocumentRead)
async def get_vector_document(vector_document_id: UUID, service: Service) -> VectorDocument:
    """Return a document without its text."""
    return await service.get(vector_document_id)


@documents.get("/{vector_document_id}/chunks", response_model=Page[VectorChunkRead])
async def list_chunks(
    vector_document_id: UUID,
    query: Annotated[VectorChunkQuery, Query()],
    service: Service,
) -> Listing[VectorChunk]:
    """List the chunks of a document in order."""
    return await service.chunks(vector_document_id, query)


@documents.post("/{vector_document_id}/retry", response_model=VectorDocumentRead)
async def retry_document(vector_document_id: UUID, service: Service) -> VectorDocument:
    """Embed a document again that has failed."""
    return await service.retry(vector_document_id)


@documents.delete("/{vector_document_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_vector_document(vector_document_id: UUID, service: Service) -> None:
    """Delete a document with its chunks."""
    await service.delete(vector_document_id)


router = ServiceRouter()
router.include_router(documents)
router.include_router(searches)
