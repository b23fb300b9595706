"""Tests of the service for documents and searches."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select
from time_machine import Traveller

from your_service.core.errors import InvalidTransition, NotFound
from your_service.core.queues import LEASE
from your_service.core.tenancy import Organisation
from your_service.modules.vector import service
from your_service.modules.vector.models import DocumentState, VectorChunk, VectorDocument
from your_service.modules.vector.rules import cosine, rarity
from your_service.modules.vector.schemas import (
    HybridQuery,
    VectorChunkQuery,
    VectorDocumentCreate,
    VectorDocumentQuery,
)
from your_service.modules.vector.service import MAX_ATTEMPTS, Findings, VectorDocumentService

from tests.support.factories import Factory, Payload
from tests.support.gateways.openai import ScriptedOpenAIGateway
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase, TenantContext

LONG = "".join(f"Sentence {number} is about asthma. " for number in range(100)).strip()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "x" * 201),
        ("title", None),
        ("text", " \n"),
        ("text", "x" * 100_001),
        ("text", "a\x00b"),
        ("text", None),
        ("state", "embedded"),
    ],
)
def test_ingest_refuses_a_bad_value(vector_document_payload: Payload, field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        VectorDocumentCreate(**vector_document_payload(**{field: value}))

    assert [problem["loc"] for problem in error.value.errors()] == [(field,)]


def test_ingest_accepts_line_breaks_and_a_hundred_thousand_characters(vector_document_payload: Payload) -> None:
    text = "Line\n" * 19_999 + "Line!"

    assert VectorDocumentCreate(**vector_document_payload(text=f" {text}\n")).text == text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", " "),
        ("text", "x" * 201),
        ("limit", 0),
        ("limit", 51),
        ("vector_weight", -0.1),
        ("vector_weight", 1.1),
        ("vector_weight", "nan"),
    ],
)
def test_a_search_refuses_a_bad_value(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        HybridQuery.model_validate({"text": "asthma", field: value})

    assert [problem["loc"] for problem in error.value.errors()] == [(field,)]


class TestVectorDocumentService(ServiceTestCase[VectorDocumentService]):
    service_class = VectorDocumentService
    model = ScriptedOpenAIGateway.embedding_model

    async def test_ingest_stores_overlapping_chunks_in_order(
        self,
        make_vector_document: Factory[VectorDocument],
    ) -> None:
        document = await make_vector_document(text=LONG)

        listing = await self.service.chunks(document.id, VectorChunkQuery())
        chunks = listing.items
        assert (document.state, document.model, document.failure) == (DocumentState.PENDING, None, None)
        assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
        assert len(chunks) > 2
        assert all(LONG[chunk.start : chunk.start + len(chunk.text)] == chunk.text for chunk in chunks)
        assert all(later.start < one.start + len(one.text) for one, later in pairwise(chunks))
        assert [(chunk.embedding, chunk.model) for chunk in chunks] == [(None, None)] * len(chunks)

    async def test_ingest_publishes_an_event(self, make_vector_document: Factory[VectorDocument]) -> None:
        document = await make_vector_document()

        assert [(event.name, event.record_id) for event in self.published_events] == [
            ("vector_document.ingested", document.id)
        ]

    async def test_chunks_are_paged(self, make_vector_document: Factory[VectorDocument]) -> None:
        document = await make_vector_document(text=LONG)
        await make_vector_document(text=LONG)

        first = await self.service.chunks(document.id, VectorChunkQuery(limit=2, with_total=True))
        rest = await self.service.chunks(document.id, VectorChunkQuery(cursor=first.next))

        assert [chunk.position for chunk in (*first.items, *rest.items)] == list(range(first.total or 0))

    async def test_a_deleted_document_leaves_no_chunks(self, test_vector_document: VectorDocument) -> None:
        await self.service.delete(test_vector_document.id)

        left = await self.session.scalars(select(VectorChunk))
        assert left.all() == []

    @pytest.mark.parametrize(("state", "number"), [("pending", 1), ("embedded", 0)])
    async def test_documents_are_listed_by_state(
        self,
        test_vector_document: VectorDocument,
        state: DocumentState,
        number: int,
    ) -> None:
        listing = await self.service.list(VectorDocumentQuery(state=state))

        assert listing.items == [test_vector_document] * number

    async def test_a_claimed_document_belongs_to_one_worker(
        self,
        make_vector_document: Factory[VectorDocument],
        frozen_time: Traveller,
    ) -> None:
        await make_vector_document(text="Take one tablet.")

        claim = await self.service.claim_next(self.model)
        assert claim is not None
        assert (claim.texts, claim.until) == (["Take one tablet."], FROZEN_NOW + LEASE)
        frozen_time.shift(LEASE - timedelta(seconds=1))
        assert await self.service.claim_next(self.model) is None

        frozen_time.shift(1)
        assert await self.service.claim_next(self.model) is not None

    async def test_chunks_are_embedded_in_order(
        self,
        make_vector_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        document = await make_vector_document(text=LONG)
        await make_vector_document()
        listing = await self.service.chunks(document.id, VectorChunkQuery())
        texts = [chunk.text for chunk in listing.items]
        # A database may return rows in another order than that in which they were stored.
        for chunk in listing.items:
            chunk.position = 100 - chunk.position
        await self.session.flush()

        claim = await self.service.claim_next(self.model)
        assert claim is not None
        await self.service.store_vectors(document.id, mock_openai.embed(claim.texts), self.model)

        assert claim.texts == [*reversed(texts)]
        assert [chunk.embedding for chunk in listing.items] == mock_openai.embed(texts)

    @pytest.mark.usefixtures("frozen_time")
    async def test_the_oldest_document_is_embedded_first(
        self,
        make_vector_document: Factory[VectorDocument],
        frozen_time: Traveller,
    ) -> None:
        documents = []
        for _ in range(3):
            documents.append(await make_vector_document())
            frozen_time.shift(-1)

        frozen_time.shift(10)
        claims = [await self.service.claim_next(self.model) for _ in documents]
        assert [claim and claim.document_id for claim in claims] == [document.id for document in reversed(documents)]

    async def test_stored_vectors_belong_to_their_chunks(
        self,
        make_embedded_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        document = await make_embedded_document(text=LONG)

        listing = await self.service.chunks(document.id, VectorChunkQuery())
        assert (document.state, document.model, document.attempts) == (DocumentState.EMBEDDED, self.model, 0)
        assert [chunk.embedding for chunk in listing.items] == mock_openai.embed([each.text for each in listing.items])
        assert {chunk.model for chunk in listing.items} == {self.model}
        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("vector_document.embedded", document.id)
        assert event.data == {"model": self.model}

    async def test_each_chunk_requires_a_vector(self, make_vector_document: Factory[VectorDocument]) -> None:
        document = await make_vector_document(text=LONG)

        with pytest.raises(ValueError, match="argument 2 is shorter"):
            await self.service.store_vectors(document.id, [[1.0]], self.model)

    async def test_a_document_is_embedded_again_with_another_model(
        self,
        make_embedded_document: Factory[VectorDocument],
        frozen_time: Traveller,
    ) -> None:
        document = await make_embedded_document()
        frozen_time.shift(LEASE)

        assert await self.service.claim_next(self.model) is None
        assert await self.service.claim_next("another") is not None
        await self.service.store_vectors(document.id, [[1.0, 2.0]], "another")

        assert (document.state, document.model) == (DocumentState.EMBEDDED, "another")

    async def test_a_document_that_another_model_refuses_has_failed(
        self,
        make_embedded_document: Factory[VectorDocument],
        frozen_time: Traveller,
    ) -> None:
        document = await make_embedded_document()
        frozen_time.shift(LEASE)
        claim = await self.service.claim_next("another")
        assert claim is not None

        await self.service.refuse(claim, "400")

        frozen_time.shift(LEASE)
        assert (document.state, await self.service.claim_next("another")) == (DocumentState.FAILED, None)

    @pytest.mark.usefixtures("frozen_time")
    async def test_vectors_of_a_document_deleted_meanwhile_are_dropped(
        self,
        test_vector_document: VectorDocument,
    ) -> None:
        claim = await self.service.claim_next(self.model)
        assert claim is not None
        await self.service.delete(test_vector_document.id)

        await self.service.store_vectors(test_vector_document.id, [[1.0]], self.model)
        await self.service.refuse(claim, "400")
        await self.service.postpone(claim, timedelta(), "503", counts=True)

        assert self.published_events[-1].name == "vector_document.deleted"

    @pytest.mark.usefixtures("test_vector_document")
    @pytest.mark.parametrize("change", ["store", "postpone", "refuse"])
    async def test_a_document_is_locked_before_it_changes(
        self,
        locked_tables: list[str],
        change: str,
    ) -> None:
        claim = await self.service.claim_next(self.model)
        assert claim is not None
        changes: dict[str, Any] = {
            "store": lambda: self.service.store_vectors(claim.document_id, [[1.0]], self.model),
            "postpone": lambda: self.service.postpone(claim, timedelta(), "503", counts=True),
            "refuse": lambda: self.service.refuse(claim, "400"),
        }
        locked_tables.clear()

        await changes[change]()

        assert locked_tables == ["vector_documents"]

    @pytest.mark.parametrize(("counts", "attempts"), [(True, 1), (False, 0)])
    async def test_a_postponed_document_is_due_later(
        self,
        test_vector_document: VectorDocument,
        frozen_time: Traveller,
        counts: bool,
        attempts: int,
    ) -> None:
        frozen_time.shift(1)
        claim = await self.service.claim_next(self.model)
        assert claim is not None

        await self.service.postpone(claim, timedelta(seconds=60), "503 " + "x" * 300, counts=counts)

        document = test_vector_document
        assert (document.state, document.attempts) == (DocumentState.PENDING, attempts)
        assert document.failure == ("503 " + "x" * 300)[:200]
        frozen_time.shift(59)
        assert await self.service.claim_next(self.model) is None
        frozen_time.shift(1)
        assert await self.service.claim_next(self.model) is not None

    async def test_a_worker_postpones_and_refuses_only_what_it_has_claimed(
        self,
        test_vector_document: VectorDocument,
        frozen_time: Traveller,
    ) -> None:
        frozen_time.shift(1)
        first = await self.service.claim_next(self.model)
        frozen_time.shift(LEASE)
        second = await self.service.claim_next(self.model)
        assert first is not None
        assert second is not None

        await self.service.postpone(first, timedelta(), "503", counts=False)
        await self.service.refuse(first, "400")

        assert (test_vector_document.attempts, test_vector_document.due_at) == (2, second.until)
        assert test_vector_document.state is DocumentState.PENDING

    @pytest.mark.parametrize(
        ("failure", "reason"),
        [("2 embeddings for 1 texts", "2 embeddings for 1 texts"), (None, "The worker was interrupted 3 times.")],
    )
    async def test_a_document_fails_after_the_last_attempt(
        self,
        test_vector_document: VectorDocument,
        frozen_time: Traveller,
        failure: str | None,
        reason: str,
    ) -> None:
        frozen_time.shift(1)
        for _ in range(MAX_ATTEMPTS):
            claim = await self.service.claim_next(self.model)
            assert claim is not None
            if failure:
                await self.service.postpone(claim, LEASE, failure, counts=True)
            frozen_time.shift(LEASE)

        assert await self.service.claim_next(self.model) is None

        assert (test_vector_document.state, test_vector_document.failure) == (DocumentState.FAILED, reason)
        event = self.published_events[-1]
        assert (event.name, event.data) == ("vector_document.failed", {"reason": reason})

    async def test_a_failed_document_can_be_retried(
        self,
        test_vector_document: VectorDocument,
        frozen_time: Traveller,
    ) -> None:
        frozen_time.shift(1)
        claim = await self.service.claim_next(self.model)
        assert claim is not None
        await self.service.refuse(claim, "400" + "!" * 200)
        failure = test_vector_document.failure

        document = await self.service.retry(test_vector_document.id)

        assert failure == ("400" + "!" * 200)[:200]
        assert (document.state, document.failure, document.attempts) == (DocumentState.PENDING, None, 0)
        assert await self.service.claim_next(self.model) is not None

    async def test_only_a_failed_document_can_be_retried(
        self,
        test_vector_document: VectorDocument,
        make_embedded_document: Factory[VectorDocument],
    ) -> None:
        embedded = await make_embedded_document()

        for document in (test_vector_document, embedded):
            with pytest.raises(InvalidTransition):
                await self.service.retry(document.id)

    async def test_another_organisation_finds_and_embeds_nothing(
        self,
        make_embedded_document: Factory[VectorDocument],
        make_vector_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
        other_org: Organisation,
    ) -> None:
        await make_embedded_document(text="Asthma")
        pending = await make_vector_document()

        with TenantContext(other_org):
            found = await self.search(mock_openai, "asthma")
            assert await self.service.claim_next(self.model) is None
            with pytest.raises(NotFound):
                await self.service.chunks(pending.id, VectorChunkQuery())

        assert found.findings == []
        # Its words are as rare as if there were no others.
        assert [word.weight for word in found.words] == [rarity(0, 0)]

    async def search(self, gateway: ScriptedOpenAIGateway, text: str, **query: Any) -> Findings:
        """Search as the route does."""
        parsed = HybridQuery(text=text, **query)
        vector = gateway.embed([text])[0] if parsed.vector_weight else None
        return await self.service.search(parsed, vector, gateway.embedding_model)

    async def test_the_caller_can_compute_each_score_again(
        self,
        make_embedded_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        for text in ("Asthma in children", "Asthma in adults", "Opening hours in winter", LONG):
            await make_embedded_document(text=text)

        found = await self.search(mock_openai, "Asthma in children", vector_weight=0.6)

        weights = {word.word: word.weight for word in found.words}
        assert weights.keys() == {"asthma", "in", "children"}
        assert weights["children"] > weights["in"] > weights["asthma"]
        assert (found.vector_weight, found.keyword_weight) == (0.6, 0.4)
        query = mock_openai.embed(["Asthma in children"])[0]
        for each in found.findings:
            assert each.vector_score == pytest.approx(cosine(query, mock_openai.embed([each.text])[0]))
            share = sum(weights[word] for word in each.found_words) / sum(weights.values())
            assert each.keyword_score == pytest.approx(share)
            assert each.score == pytest.approx(0.6 * each.vector_score + 0.4 * each.keyword_score)
        scores = [each.score for each in found.findings]
        assert scores == sorted(scores, reverse=True)
        best = found.findings[0]
        assert (best.text, best.keyword_score) == ("Asthma in children", 1)
        assert best.vector_score == pytest.approx(1)
        assert len(set(scores)) > 3

    async def test_a_finding_names_its_document(
        self,
        make_embedded_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        document = await make_embedded_document(title="Leaflet about asthma", text=LONG)
        listing = await self.service.chunks(document.id, VectorChunkQuery())

        found = await self.search(mock_openai, "asthma")

        chunks = {chunk.id: (chunk.position, chunk.text) for chunk in listing.items}
        assert {each.chunk_id: (each.position, each.text) for each in found.findings} == chunks
        assert {(each.document_id, each.title) for each in found.findings} == {(document.id, "Leaflet about asthma")}

    @pytest.mark.parametrize("weight", [0, 0.7])
    async def test_a_search_returns_the_best_up_to_its_limit(
        self,
        make_embedded_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
        weight: float,
    ) -> None:
        for text in ("Opening hours", "Asthma", "Asthma in children", "Children"):
            await make_embedded_document(text=text)

        found = await self.search(mock_openai, "asthma children", limit=1, vector_weight=weight)

        assert [each.text for each in found.findings] == ["Asthma in children"]

    async def test_equal_scores_are_ordered_by_id(
        self,
        make_vector_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        for _ in range(10):
            await make_vector_document(text="Asthma")
        stored = await self.session.scalars(select(VectorChunk.id))

        found = await self.search(mock_openai, "asthma", limit=5, vector_weight=0)

        assert [each.chunk_id for each in found.findings] == sorted(stored)[:5]

    async def test_a_search_compares_chunks_in_batches(
        self,
        make_embedded_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for number in range(6):
            await make_embedded_document(text="Asthma" + " in children" * number)
        at_once = await self.search(mock_openai, "asthma", limit=3)
        monkeypatch.setattr(service, "BATCH", 2)

        in_batches = await self.search(mock_openai, "asthma", limit=3)

        assert in_batches == at_once
        assert [len(each.text.split()) for each in in_batches.findings] == [1, 3, 5]

    async def test_a_search_for_words_needs_no_vectors(
        self,
        make_embedded_document: Factory[VectorDocument],
        make_vector_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        await make_embedded_document(text="Opening hours")
        await make_vector_document(text="COVID-19 tests")
        mock_openai.embedded.clear()

        found = await self.search(mock_openai, "covid 19", vector_weight=0)

        assert [(each.text, each.score, each.vector_score) for each in found.findings] == [("COVID-19 tests", 1, 0)]
        assert mock_openai.embedded == []

    @pytest.mark.parametrize(("text", "number"), [("!?", 0), ("unknown", 0), ("12", 0), ("123", 1)])
    async def test_a_search_for_words_finds_whole_words(
        self,
        make_vector_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
        text: str,
        number: int,
    ) -> None:
        await make_vector_document(text="Room 123")

        found = await self.search(mock_openai, text, vector_weight=0)

        assert len(found.findings) == number

    async def test_a_search_for_words_finds_chunks_with_some_of_them(
        self,
        make_vector_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        for text in ("Asthma", "Opening hours", "Asthma in children"):
            await make_vector_document(text=text)

        found = await self.search(mock_openai, "asthma in children", vector_weight=0)

        assert [each.text for each in found.findings] == ["Asthma in children", "Asthma"]

    async def test_without_the_extension_of_postgresql_an_approximate_search_is_exact(
        self,
        make_embedded_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        for text in ("Asthma", "Opening hours", "Asthma in children"):
            await make_embedded_document(text=text)

        approximate = await self.search(mock_openai, "asthma", approximate=True)

        assert approximate == await self.search(mock_openai, "asthma")

    async def test_a_document_that_is_not_embedded_yet_is_found_by_its_words(
        self,
        test_vector_document: VectorDocument,
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        found = await self.search(mock_openai, "asthma")

        (finding,) = found.findings
        assert (finding.document_id, finding.vector_score) == (test_vector_document.id, 0)
        assert finding.score == pytest.approx(0.3)

    async def test_vectors_of_another_model_are_not_compared(
        self,
        make_embedded_document: Factory[VectorDocument],
        mock_openai: ScriptedOpenAIGateway,
    ) -> None:
        await make_embedded_document(text="Asthma")
        query = HybridQuery(text="asthma")

        found = await self.service.search(query, [1.0, 2.0], "another")

        assert [(each.vector_score, each.keyword_score) for each in found.findings] == [(0, 1)]
