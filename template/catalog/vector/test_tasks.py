"""Tests of the tasks that embed documents."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from time_machine import Traveller

from your_service.core.queues import LEASE
from your_service.core.tenancy import Organisation
from your_service.gateways.openai import (
    AccountRefused,
    NonsensicalAnswer,
    OpenAIError,
    OpenAIUnavailable,
    RequestRefused,
)
from your_service.modules.vector.models import DocumentState, VectorChunk, VectorDocument
from your_service.modules.vector.service import MAX_ATTEMPTS
from your_service.modules.vector.tasks import (
    LONGEST_PAUSE_SECONDS,
    PAUSE_SECONDS,
    TaskSettings,
    embed_documents,
    pause_after,
    schedule,
)

from tests.support.factories import Factory
from tests.support.gateways.openai import ScriptedOpenAIGateway
from tests.support.worker import in_worker
from tests.test_config import FROZEN_NOW
from tests.test_utils import TenantContext

pytestmark = pytest.mark.usefixtures("celery_app", "frozen_time")


async def test_a_document_is_embedded(
    db_session: AsyncSession,
    test_vector_document: VectorDocument,
    mock_openai: ScriptedOpenAIGateway,
) -> None:
    embedded = await in_worker(embed_documents.run)

    await db_session.refresh(test_vector_document)
    chunk = await db_session.scalar(select(VectorChunk))
    assert chunk is not None
    assert (embedded, test_vector_document.state) == (1, DocumentState.EMBEDDED)
    assert mock_openai.embedded == [[chunk.text]]
    assert (chunk.embedding, chunk.model) == (mock_openai.embed([chunk.text])[0], mock_openai.embedding_model)


@pytest.mark.usefixtures("test_vector_document")
async def test_a_document_is_embedded_once(mock_openai: ScriptedOpenAIGateway, frozen_time: Traveller) -> None:
    embedded = [await in_worker(embed_documents.run) for _ in range(2)]
    frozen_time.shift(LEASE)
    embedded.append(await in_worker(embed_documents.run))

    assert (embedded, len(mock_openai.embedded)) == ([1, 0, 0], 1)


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (OpenAIUnavailable("503"), 0),
        (OpenAIUnavailable("429", 300), 0),
        (AccountRefused("401 invalid_api_key"), 0),
        (NonsensicalAnswer("2 embeddings for 1 texts"), 1),
    ],
)
async def test_a_document_waits_after_a_failure(
    db_session: AsyncSession,
    test_vector_document: VectorDocument,
    mock_openai: ScriptedOpenAIGateway,
    frozen_time: Traveller,
    caplog: pytest.LogCaptureFixture,
    failure: OpenAIError,
    attempts: int,
) -> None:
    mock_openai.failures = [failure]

    assert await in_worker(embed_documents.run) == 0

    document = test_vector_document
    await db_session.refresh(document)
    assert (document.state, document.failure, document.attempts) == (DocumentState.PENDING, str(failure), attempts)
    assert document.due_at == FROZEN_NOW + pause_after(failure)
    expected = f"Document {document.id} was not embedded: {type(failure).__name__}: {failure}"
    assert caplog.messages.count(expected) == 1
    frozen_time.shift(pause_after(failure))
    assert await in_worker(embed_documents.run) == 1
    await db_session.refresh(document)
    assert (document.state, document.failure, document.attempts) == (DocumentState.EMBEDDED, None, 0)


@pytest.mark.usefixtures("test_vector_document")
async def test_an_outage_of_any_length_loses_no_document(
    mock_openai: ScriptedOpenAIGateway,
    frozen_time: Traveller,
) -> None:
    mock_openai.failures += [OpenAIUnavailable("503")] * MAX_ATTEMPTS * 3
    while mock_openai.failures:
        assert await in_worker(embed_documents.run) == 0
        frozen_time.shift(PAUSE_SECONDS)

    assert await in_worker(embed_documents.run) == 1


async def test_nonsense_is_asked_for_three_times(
    db_session: AsyncSession,
    test_vector_document: VectorDocument,
    mock_openai: ScriptedOpenAIGateway,
    frozen_time: Traveller,
) -> None:
    mock_openai.failures = [NonsensicalAnswer("The answer is no Embeddings.")] * 9
    for _ in range(MAX_ATTEMPTS + 2):
        assert await in_worker(embed_documents.run) == 0
        frozen_time.shift(PAUSE_SECONDS)

    await db_session.refresh(test_vector_document)
    assert (test_vector_document.state, len(mock_openai.failures)) == (DocumentState.FAILED, 6)
    assert test_vector_document.failure == "The answer is no Embeddings."


async def test_a_refused_text_is_not_sent_again(
    db_session: AsyncSession,
    test_vector_document: VectorDocument,
    mock_openai: ScriptedOpenAIGateway,
    frozen_time: Traveller,
) -> None:
    mock_openai.failures = [RequestRefused("400 invalid_value")] * 2
    for _ in range(2):
        assert await in_worker(embed_documents.run) == 0
        frozen_time.shift(LEASE)

    await db_session.refresh(test_vector_document)
    assert (test_vector_document.state, len(mock_openai.failures)) == (DocumentState.FAILED, 1)
    assert test_vector_document.failure == "The provider refused the text: 400 invalid_value"


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (OpenAIUnavailable("429"), PAUSE_SECONDS),
        (OpenAIUnavailable("429", 5), PAUSE_SECONDS),
        (OpenAIUnavailable("429", 300), 300),
        (OpenAIUnavailable("429", 86_400), LONGEST_PAUSE_SECONDS),
        (NonsensicalAnswer("Hm"), PAUSE_SECONDS),
    ],
)
def test_a_pause_is_as_long_as_the_provider_says(failure: OpenAIError, seconds: int) -> None:
    assert pause_after(failure) == timedelta(seconds=seconds)


async def test_documents_of_every_organisation_are_embedded(
    db_session: AsyncSession,
    test_vector_document: VectorDocument,
    make_vector_document: Factory[VectorDocument],
    other_org: Organisation,
) -> None:
    with TenantContext(other_org):
        theirs = await make_vector_document()

    assert await in_worker(embed_documents.run) == 2

    await db_session.refresh(test_vector_document)
    with TenantContext(other_org):
        await db_session.refresh(theirs)
    assert {test_vector_document.state, theirs.state} == {DocumentState.EMBEDDED}


def test_the_schedule_follows_the_settings() -> None:
    (entry,) = schedule(TaskSettings(_env_file=None, vector_interval_seconds=30)).values()

    assert (entry["task"], entry["schedule"]) == (embed_documents.name, 30)


def test_invalid_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="vector_interval_seconds"):
        TaskSettings(_env_file=None, vector_interval_seconds=0)
