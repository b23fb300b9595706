"""Tasks that embed documents."""

import logging
from datetime import timedelta
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import select

from ...core.events import EventBus
from ...core.tasks import Schedule, Worker, task
from ...core.tenancy import Organisation, organisation_scope
from ...gateways.openai import NonsensicalAnswer, OpenAIError, OpenAIUnavailable, RequestRefused
from .service import VectorDocumentService

PAUSE_SECONDS = 60
"""How long a document waits after a failure, unless the provider names a longer time."""
LONGEST_PAUSE_SECONDS = 3600

logger = logging.getLogger(__name__)


class TaskSettings(BaseSettings):
    """Settings of the tasks."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    vector_interval_seconds: float = Field(default=10, gt=0, description="How often documents to embed are looked for.")


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    return {
        "vector.queue_documents": {
            "task": "vector.queue_documents",
            "schedule": settings.vector_interval_seconds,
            "kwargs": {"expires": settings.vector_interval_seconds},
            # A run that no worker has started by then is dropped: the next one does the same.
            "options": {"expires": settings.vector_interval_seconds},
        },
    }


@task(name="vector.queue_documents")
async def queue_documents(worker: Worker, expires: float = 10) -> int:
    """Queue the documents of all organisations that are to be embedded, and return how many there are."""
    due: list[tuple[UUID, UUID]] = []
    async with worker.sessions() as session:
        for organisation_id in await session.scalars(select(Organisation.id)):
            with organisation_scope(organisation_id):
                service = VectorDocumentService(session, EventBus(session))
                due += [(organisation_id, each) for each in await service.due(worker.openai.embedding_model)]
    # The queue is on the network, so the transaction has to end first.
    for message in due:
        embed_document.apply_async(message, expires=expires)
    return len(due)


@task(name="vector.embed_document")
async def embed_document(worker: Worker, organisation_id: UUID, document_id: UUID) -> bool:
    """Embed the chunks of a document if it is due, and return whether that was done.

    No transaction is open while the provider answers: the first claims the document, another one stores the outcome.
    """
    model = worker.openai.embedding_model
    with organisation_scope(organisation_id):
        async with worker.transaction(VectorDocumentService) as service:
            claim = await service.claim(document_id, model)
        if claim is None:
            return False
        try:
            vectors = worker.openai.embed(claim.texts)
        except OpenAIError as error:
            logger.warning("Document %s was not embedded: %s: %s", document_id, type(error).__name__, error)
            async with worker.transaction(VectorDocumentService) as service:
                if isinstance(error, RequestRefused):
                    await service.refuse(claim, f"The provider refused the text: {error}")
                else:
                    counts = isinstance(error, NonsensicalAnswer)
                    await service.postpone(claim, pause_after(error), str(error), counts=counts)
            return False
        async with worker.transaction(VectorDocumentService) as service:
            await service.store_vectors(document_id, vectors, model)
        return True


def pause_after(error: OpenAIError) -> timedelta:
    """Return how long to wait after a failure."""
    named = error.retry_after if isinstance(error, OpenAIUnavailable) else 0
    return timedelta(seconds=min(max(PAUSE_SECONDS, named), LONGEST_PAUSE_SECONDS))
