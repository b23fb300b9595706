"""The service for documents: ingest them, embed their chunks, and search them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import ClassVar
from uuid import UUID

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import ColumnElement, Row, Select, and_, case, cast, func, literal, or_, select, text

from ...core.clock import utcnow
from ...core.queues import LEASE, lock_first
from ...core.resource import Lifecycle, Listing, Transitions
from .models import DocumentState, VectorChunk, VectorDocument
from .rules import cosine, divide, joined, keyword_score, keyword_share, rarity, words_of
from .schemas import HybridQuery, VectorChunkQuery, VectorDocumentCreate

MAX_ATTEMPTS = 3
"""How often the vectors of a document may be asked for in vain, while the provider is not down."""
NEAREST = 200
"""How many chunks an approximate search compares by meaning."""
BATCH = 500
"""How many chunks with their vectors are in memory while the service computes the scores itself."""
HAS_EXTENSION = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')")


@dataclass(frozen=True, slots=True)
class Claim:
    """The work of one worker: the texts to embed, in order. No other worker does it before `until`."""

    document_id: UUID
    texts: list[str]
    until: datetime


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query, and how much it says."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A chunk that was found, and the parts of its score."""

    document_id: UUID
    title: str
    chunk_id: UUID
    position: int
    text: str
    score: float
    vector_score: float
    keyword_score: float
    found_words: list[str]


@dataclass(frozen=True, slots=True)
class Findings:
    """The best chunks first, and what their scores were computed with."""

    vector_weight: float
    keyword_weight: float
    words: list[Word]
    findings: list[Finding]


class VectorDocumentService(Lifecycle[VectorDocument]):
    """Documents of the current organisation."""

    model = VectorDocument
    name = "vector_document"
    searchable = ("title",)
    transitions: ClassVar[Transitions] = {
        DocumentState.PENDING: frozenset({DocumentState.EMBEDDED, DocumentState.FAILED}),
        DocumentState.EMBEDDED: frozenset(),
        DocumentState.FAILED: frozenset({DocumentState.PENDING}),
    }

    async def ingest(self, data: VectorDocumentCreate) -> VectorDocument:
        """Store a document with its chunks; a worker embeds them."""
        document = await self._add(VectorDocument(title=data.title), "ingested")
        self.session.add_all(
            VectorChunk(
                document_id=document.id,
                position=position,
                start=piece.start,
                text=piece.text,
                words=joined(words_of(piece.text)),
            )
            for position, piece in enumerate(divide(data.text))
        )
        await self.session.flush()
        return document

    async def chunks(self, document_id: UUID, query: VectorChunkQuery) -> Listing[VectorChunk]:
        """Return the chunks of a document in order; raise `NotFound`."""
        await self.get(document_id)
        return await self._listing(
            VectorChunk,
            [VectorChunk.document_id == document_id],
            [VectorChunk.position],
            query,
        )

    async def retry(self, document_id: UUID) -> VectorDocument:
        """Make a failed document pending again; raise `NotFound`, or `InvalidTransition` unless it has failed."""
        document = await self.move_to(document_id, DocumentState.PENDING)
        document.failure, document.attempts, document.due_at = None, 0, utcnow()
        await self.session.flush()
        return document

    async def claim_next(self, model: str) -> Claim | None:
        """Claim the document for `LEASE` that is due first to be embedded with `model`; return None if none is due.

        The claim counts as an attempt, because the worker may be lost. After `MAX_ATTEMPTS`, the document fails instead.
        """
        while (document := await lock_first(self.session, to_embed(model))) is not None:
            if document.attempts < MAX_ATTEMPTS:
                document.attempts += 1
                document.due_at = utcnow() + LEASE
                await self.session.flush()
                texts = select(VectorChunk.text).where(VectorChunk.document_id == document.id)
                found = await self.session.scalars(texts.order_by(VectorChunk.position))
                return Claim(document.id, [*found], document.due_at)
            await self._fail(document, document.failure or f"The worker was interrupted {MAX_ATTEMPTS} times.")
        return None

    async def store_vectors(self, document_id: UUID, vectors: Sequence[list[float]], model: str) -> None:
        """Store the vectors of a document's chunks, in order. A document that was deleted meanwhile is left out."""
        document = await self._locked(document_id)
        if document is None:
            return
        mine = select(VectorChunk).where(VectorChunk.document_id == document_id).order_by(VectorChunk.position)
        for chunk, vector in zip(await self.session.scalars(mine), vectors, strict=True):
            chunk.embedding, chunk.model = vector, model
        document.state, document.model = DocumentState.EMBEDDED, model
        document.failure, document.attempts = None, 0
        await self._publish("embedded", document, model=model)

    async def postpone(self, claim: Claim, delay: timedelta, reason: str, *, counts: bool) -> None:
        """Make a claimed document due again after `delay`; `counts` tells whether the attempt counts."""
        document = await self._still_claimed(claim)
        if document is None:
            return
        document.failure, document.due_at = reason[:200], utcnow() + delay
        if not counts:
            document.attempts -= 1
        await self.session.flush()

    async def refuse(self, claim: Claim, reason: str) -> None:
        """Give up a claimed document, because the provider will never accept it."""
        document = await self._still_claimed(claim)
        if document is not None:
            await self._fail(document, reason)

    async def search(self, query: HybridQuery, vector: list[float] | None, model: str) -> Findings:
        """Return the chunks with the highest scores; `vector` is that of the query, made by `model`.

        Chunks without a vector of this model are found by their words. Without `vector`, all are.
        """
        weights = await self._weights(sorted(words_of(query.text)))
        keyword_weight = keyword_share(query.vector_weight)
        keywords = _keywords(weights)
        by_database = vector is None or await self._has_extension()
        similarity = _similarity(vector, model) if vector and by_database else literal(0.0)
        statement = select(VectorChunk, VectorDocument.title, similarity).join(VectorDocument)
        if by_database:
            score = similarity * query.vector_weight + keywords * keyword_weight
            statement = statement.order_by(score.desc(), VectorChunk.id).limit(query.limit)
        else:
            statement = statement.order_by(VectorChunk.id).limit(BATCH)
        if vector is None:
            statement = statement.where(keywords > 0)
        elif by_database and query.approximate:
            statement = statement.where(or_(VectorChunk.id.in_(await self._nearest(vector, model)), keywords > 0))
        best: list[Finding] = []
        rows = await self._rows(statement)
        while rows:
            for chunk, title, found in rows:
                vector_score = found if by_database else _cosine(chunk, vector, model)
                best.append(_finding(chunk, title, vector_score, weights, query.vector_weight))
            best = nsmallest(query.limit, best, key=lambda finding: (-finding.score, finding.chunk_id))
            rows = [] if by_database else await self._rows(statement.where(VectorChunk.id > rows[-1][0].id))
        return Findings(query.vector_weight, keyword_weight, [Word(*item) for item in weights.items()], best)

    async def _rows(self, statement: Select[VectorChunk, str, float]) -> Sequence[Row[VectorChunk, str, float]]:
        found = await self.session.execute(statement)
        return found.all()

    async def _weights(self, words: Sequence[str]) -> dict[str, float]:
        numbers = [func.count(case((_has(word), 1))) for word in words]
        found = await self.session.execute(select(func.count(VectorChunk.id), *numbers))
        total, *counts = found.one()
        return {word: rarity(total, number) for word, number in zip(words, counts, strict=True)}

    async def _has_extension(self) -> bool:
        return self.session.get_bind().dialect.name == "postgresql" and bool(await self.session.scalar(HAS_EXTENSION))

    async def _nearest(self, vector: list[float], model: str) -> Sequence[UUID]:
        # Otherwise the index returns some chunks of all organisations, and few of this one.
        await self.session.execute(text("SET LOCAL hnsw.iterative_scan = strict_order"))
        distance = _vectors(len(vector)).cosine_distance(vector)
        nearest = select(VectorChunk.id).where(VectorChunk.model == model).order_by(distance).limit(NEAREST)
        found = await self.session.scalars(nearest)
        return found.all()

    async def _locked(self, document_id: UUID) -> VectorDocument | None:
        statement = select(VectorDocument).where(VectorDocument.id == document_id).with_for_update()
        found: VectorDocument | None = await self.session.scalar(
            statement.execution_options(populate_existing=True),
        )
        return found

    async def _still_claimed(self, claim: Claim) -> VectorDocument | None:
        # Another worker may have claimed it since.
        document = await self._locked(claim.document_id)
        return document if document is not None and document.due_at == claim.until else None

    async def _fail(self, document: VectorDocument, reason: str) -> None:
        document.state, document.failure = DocumentState.FAILED, reason[:200]
        await self._publish("failed", document, reason=reason)


def to_embed(model: str) -> Select[VectorDocument]:
    """Select the documents without vectors of this model whose embedding is due, and that no worker has claimed."""
    # The vectors of different models cannot be compared.
    outdated = and_(VectorDocument.state == DocumentState.EMBEDDED, VectorDocument.model != model)
    is_missing = or_(VectorDocument.state == DocumentState.PENDING, outdated)
    due = select(VectorDocument).where(is_missing, VectorDocument.due_at <= utcnow())
    return due.order_by(VectorDocument.due_at, VectorDocument.id)


def _has(word: str) -> ColumnElement[bool]:
    # Words have only letters and digits.
    return VectorChunk.words.contains(f" {word} ")


def _keywords(weights: dict[str, float]) -> ColumnElement[float]:
    # The same as `keyword_score`, by which the database sorts.
    total = sum(weights.values())
    shares = [case((_has(word), weight / total), else_=0.0) for word, weight in weights.items()]
    return sum(shares, start=literal(0.0))


def _vectors(dimensions: int) -> ColumnElement[list[float]]:
    return cast(VectorChunk.embedding, VECTOR(dimensions))


def _similarity(vector: list[float], model: str) -> ColumnElement[float]:
    distance = _vectors(len(vector)).cosine_distance(vector)
    return case((VectorChunk.model == model, 1 - distance), else_=0.0)


def _cosine(chunk: VectorChunk, vector: list[float] | None, model: str) -> float:
    # The same as `_similarity`, on a database without the extension.
    return cosine(vector, chunk.embedding) if vector and chunk.embedding and chunk.model == model else 0.0


def _finding(
    chunk: VectorChunk, title: str, similarity: float, weights: dict[str, float], vector_weight: float
) -> Finding:
    found = [word for word in weights if f" {word} " in chunk.words]
    keywords = keyword_score(found, weights)
    return Finding(
        document_id=chunk.document_id,
        title=title,
        chunk_id=chunk.id,
        position=chunk.position,
        text=chunk.text,
        score=vector_weight * similarity + keyword_share(vector_weight) * keywords,
        vector_score=similarity,
        keyword_score=keywords,
        found_words=found,
    )
