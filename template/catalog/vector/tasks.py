"""Tasks that embed documents."""

import logging
from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ...core.tasks import Schedule, Worker, every, in_turn, task
from ...gateways.openai import NonsensicalAnswer, OpenAIError, OpenAIUnavailable, RequestRefused
from .service import VectorDocumentService, to_embed

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
    return every(settings.vector_interval_seconds, "vector.embed_documents")


@task(name="vector.embed_documents")
async def embed_documents(worker: Worker) -> int:
    """Embed the documents that are due, and return how many were embedded."""
    return await in_turn(worker, to_embed(worker.openai.embedding_model), embed_next)


async def embed_next(worker: Worker) -> bool | None:
    """Embed the chunks of the next document; return whether that was done, or None if none is due.

    No transaction is open while the provider answers: the first claims the document, another one stores the outcome.
    """
    model = worker.openai.embedding_model
    async with worker.transaction(VectorDocumentService) as service:
        claim = await service.claim_next(model)
    if claim is None:
        return None
    try:
        vectors = worker.openai.embed(claim.texts)
    except OpenAIError as error:
        logger.warning("Document %s was not embedded: %s: %s", claim.document_id, type(error).__name__, error)
        async with worker.transaction(VectorDocumentService) as service:
            if isinstance(error, RequestRefused):
                await service.refuse(claim, f"The provider refused the text: {error}")
            else:
                counts = isinstance(error, NonsensicalAnswer)
                await service.postpone(claim, pause_after(error), str(error), counts=counts)
        return False
    async with worker.transaction(VectorDocumentService) as service:
        await service.store_vectors(claim.document_id, vectors, model)
    return True


def pause_after(error: OpenAIError) -> timedelta:
    """Return how long to wait after a failure."""
    named = error.retry_after if isinstance(error, OpenAIUnavailable) else 0
    return timedelta(seconds=min(max(PAUSE_SECONDS, named), LONGEST_PAUSE_SECONDS))
