"""Tests of documents with a real queue, worker, server of OpenAI's API and PostgreSQL."""

import math
from importlib import import_module
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from time_machine import Traveller

from your_service.core.errors import PROBLEM_JSON
from your_service.core.tasks import Worker
from your_service.gateways.openai import OpenAIClient, OpenAISettings
from your_service.modules.vector.models import DocumentState, VectorDocument
from your_service.modules.vector.schemas import HybridQuery, VectorDocumentCreate
from your_service.modules.vector.service import Findings, VectorDocumentService
from your_service.modules.vector.tasks import PAUSE_SECONDS, embed_documents

from tests.support.faults import down, nonsense, slow
from tests.support.gateways.openai import ScriptedOpenAIGateway
from tests.support.gateways.openai_server import HOST, OpenAIServer, Reply, error
from tests.support.worker import in_worker

TOLERANCE = 1e-5
"""How much a cosine that PostgreSQL computes may differ: it calculates with single precision."""


def client_of(url: str, timeout: float = 10, retries: int = 0) -> OpenAIClient:
    """Return a real client."""
    return OpenAIClient(
        OpenAISettings(
            _env_file=None,
            openai_base_url=url,
            openai_timeout_seconds=timeout,
            openai_retries=retries,
            openai_embedding_dimensions=16,
        )
    )


@pytest.mark.usefixtures("celery_worker")
async def test_a_worker_finds_and_embeds_documents(
    test_vector_document: VectorDocument,
    db_session: AsyncSession,
    mock_openai: ScriptedOpenAIGateway,
) -> None:
    tasks = [embed_documents.delay() for _ in range(2)]

    assert [await in_worker(task.get, timeout=20, interval=0.001) for task in tasks] == [1, 0]
    await db_session.refresh(test_vector_document)
    assert (test_vector_document.state, len(mock_openai.embedded)) == (DocumentState.EMBEDDED, 1)


@pytest.fixture(scope="module")
def library() -> None:
    """The library of OpenAI, imported before a test: that takes a second."""
    import_module("openai")


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("fault", ["down", "slow", "overloaded", "nonsense"])
async def test_a_failing_provider_loses_no_document(
    celery_app: Worker,
    frozen_time: Traveller,
    openai_server: OpenAIServer,
    test_vector_document: VectorDocument,
    db_session: AsyncSession,
    fault: str,
) -> None:
    faults = {
        "slow": Reply(delay=5),
        "overloaded": error(429, "rate_limit_exceeded", Retry_After="30"),
        "nonsense": Reply({"data": []}),
    }
    openai_server.replies = [faults[fault]] if fault in faults else []
    url = openai_server.url
    if fault == "down":
        with down() as port:
            url = f"http://{HOST}:{port}/v1"
    celery_app.openai = client_of(url, 0.15 if fault == "slow" else 10)

    failed = await in_worker(embed_documents.run)
    await db_session.refresh(test_vector_document)
    assert (failed, test_vector_document.state) == (0, DocumentState.PENDING)
    assert test_vector_document.failure
    frozen_time.shift(PAUSE_SECONDS)
    celery_app.openai = client_of(openai_server.url)
    embedded = await in_worker(embed_documents.run)

    await db_session.refresh(test_vector_document)
    assert (embedded, test_vector_document.state) == (1, DocumentState.EMBEDDED)
    assert test_vector_document.model == "text-embedding-3-small/16"


@pytest.mark.usefixtures("library")
async def test_a_failing_provider_is_asked_twice_a_minute_at_most(
    celery_app: Worker,
    frozen_time: Traveller,
    openai_server: OpenAIServer,
    test_vector_document: VectorDocument,
    db_session: AsyncSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The gateway waits for half a second before it repeats a call.
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _: None))  # phasework: ignore[mock_detector]
    openai_server.replies = [error(503, "overloaded") for _ in range(99)]
    celery_app.openai = client_of(openai_server.url, retries=1)
    minutes = 5

    for _ in range(2 * minutes):
        await in_worker(embed_documents.run)
        frozen_time.shift(30)

    await db_session.refresh(test_vector_document)
    assert (test_vector_document.state, len(openai_server.requests)) == (DocumentState.PENDING, 2 * minutes)


@pytest.mark.usefixtures("library", "test_vector_document")
@pytest.mark.parametrize("fault", [down, slow, nonsense])
async def test_a_search_fails_while_the_provider_does(app: FastAPI, member_client: AsyncClient, fault: Any) -> None:
    url = "/vector-search"
    with fault() as port:
        app.state.openai = client_of(f"http://{HOST}:{port}/v1", 0.05)
        failed = await member_client.get(url, params={"text": "asthma"})
        by_words = await member_client.get(url, params={"text": "asthma", "vector_weight": 0})

    assert failed.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
    assert (failed.headers["Content-Type"], failed.headers["Retry-After"]) == (PROBLEM_JSON, "5")
    assert by_words.status_code == status.HTTP_200_OK


DIMENSIONS = 256
WORDS = ("asthma", "children", "insulin", "opening", "hours", "tablet", "water", "COVID-19")


@pytest.fixture
async def hnsw_index(db_session: AsyncSession) -> str:
    """The index of the runbook: its name."""
    name = "ix_vector_chunks_hnsw"
    expression = f"(embedding::vector({DIMENSIONS})) vector_cosine_ops"
    await db_session.execute(text(f"CREATE INDEX {name} ON vector_chunks USING hnsw ({expression})"))
    return name


@pytest.fixture
async def corpus(vector_document_service: VectorDocumentService) -> None:
    """Twenty-five documents with vectors at random, one with a vector of another model, and one without."""
    await fill(vector_document_service)


async def fill(service: VectorDocumentService) -> None:
    """Store the documents of `corpus`."""
    random = Random(1)
    for number in range(25):
        words = " ".join(random.sample(WORDS, 3))
        document = await service.ingest(VectorDocumentCreate(title=f"Leaflet {number}", text=words))
        # Some are short, some long: the cosine does not depend on it.
        vector = [random.gauss(0, 10 ** (number % 5 - 2)) for _ in range(DIMENSIONS)]
        await service.store_vectors(document.id, [vector], "random")
    outdated = await service.ingest(VectorDocumentCreate(title="Outdated", text="water"))
    await service.store_vectors(outdated.id, [meaning()], "another")
    await service.ingest(VectorDocumentCreate(title="Pending", text="asthma"))


def meaning() -> list[float]:
    """Return the vector of the query."""
    random = Random(10)
    return [random.gauss(0, 1) for _ in range(DIMENSIONS)]


async def search(service: VectorDocumentService, limit: int = 50, approximate: bool = False) -> Findings:
    """Search for three words and a meaning."""
    query = HybridQuery(text="covid 19 asthma", limit=limit, approximate=approximate)
    return await service.search(query, meaning(), "random")


@pytest.mark.usefixtures("corpus")
async def test_postgresql_computes_the_same_scores_as_the_service(
    vector_document_service: VectorDocumentService,
    db_session: AsyncSession,
) -> None:
    by_database = await search(vector_document_service)
    await db_session.execute(text("DROP EXTENSION vector"))
    by_service = await search(vector_document_service)

    expected = {finding.chunk_id: finding for finding in by_service.findings}
    assert len(by_database.findings) == len(expected) == 27
    assert by_database.words == by_service.words
    for finding in by_database.findings:
        other = expected[finding.chunk_id]
        assert math.isclose(finding.vector_score, other.vector_score, abs_tol=TOLERANCE)
        assert (finding.keyword_score, finding.found_words) == (other.keyword_score, other.found_words)
        assert math.isclose(finding.score, other.score, abs_tol=TOLERANCE)
    scores = [finding.score for finding in by_database.findings]
    assert scores == sorted(scores, reverse=True)
    assert len({*scores}) > 20


@pytest.mark.usefixtures("corpus")
@pytest.mark.parametrize("has_extension", [True, False])
async def test_the_best_are_found_before_the_limit(
    vector_document_service: VectorDocumentService,
    db_session: AsyncSession,
    has_extension: bool,
) -> None:
    everything = await search(vector_document_service)
    if not has_extension:
        await db_session.execute(text("DROP EXTENSION vector"))

    found = await search(vector_document_service, limit=5)

    assert [each.chunk_id for each in found.findings] == [each.chunk_id for each in everything.findings[:5]]


async def test_an_approximate_search_uses_the_index_of_the_runbook(
    hnsw_index: str,
    vector_document_service: VectorDocumentService,
    db_session: AsyncSession,
) -> None:
    # After the index: PostgreSQL uses one of rows that changed before it only in later transactions.
    await fill(vector_document_service)
    exact = await search(vector_document_service)
    for method in ("seqscan", "sort"):
        await db_session.execute(text(f"SET LOCAL enable_{method} = off"))

    found = await search(vector_document_service, approximate=True)

    scans = text(f"SELECT pg_stat_get_xact_numscans('{hnsw_index}'::regclass)")
    assert await db_session.scalar(scans) == 1
    # Vectors of another model are far from all queries.
    scores = {each.chunk_id: each.score for each in exact.findings if each.title != "Outdated"}
    assert {each.chunk_id: pytest.approx(each.score, abs=TOLERANCE) for each in found.findings} == scores


@pytest.mark.usefixtures("hnsw_index")
async def test_the_index_of_the_runbook_refuses_vectors_of_another_length(
    vector_document_service: VectorDocumentService,
    test_vector_document: VectorDocument,
) -> None:
    with pytest.raises(DBAPIError, match=f"expected {DIMENSIONS} dimensions, not 2"):
        await vector_document_service.store_vectors(test_vector_document.id, [[1.0, 2.0]], "another")
