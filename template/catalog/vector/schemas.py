"""Requests and responses about documents and searches."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from ...core.schemas import (
    TEXT_PATTERN,
    ListQuery,
    RecordRead,
    RequestModel,
    ResponseModel,
    SearchQuery,
    ShortText,
    TextCharacters,
)
from .models import DocumentState

# The chunks of a document are embedded with one request, which providers limit to 300,000 tokens.
DocumentText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000, pattern=TEXT_PATTERN),
    TextCharacters,
]


class VectorDocumentCreate(RequestModel):
    """A document to search; it cannot be changed, but deleted."""

    title: ShortText
    text: DocumentText


class VectorDocumentQuery(SearchQuery):
    """Filters of the list of documents; the search is in the titles."""

    state: DocumentState | None = None


class VectorDocumentRead(RecordRead):
    """A document in a response. `failure` is the last reason why it was not embedded."""

    title: str
    state: DocumentState
    model: str | None
    failure: str | None


class VectorChunkQuery(ListQuery):
    """The page of the list of a document's chunks."""


class VectorChunkRead(ResponseModel):
    """A chunk of a document; `start` is the position of its first character in the text."""

    id: UUID
    position: int
    start: int
    text: str


class HybridQuery(RequestModel):
    """A search by meaning and by words."""

    text: ShortText = Field(description="What to search for.")
    limit: int = Field(default=10, ge=1, le=50)
    vector_weight: float = Field(
        default=0.7, ge=0, le=1, description="The weight of the meaning; the rest is that of the words. 0: words only."
    )
    approximate: bool = Field(
        default=False,
        description="Whether to compare the meaning of some hundred chunks only, those that an index finds.",
    )


class WordRead(ResponseModel):
    """A word of the query with its weight: the rarer it is, the more."""

    word: str
    weight: float


class FindingRead(ResponseModel):
    """A chunk that was found. `score` = `vector_weight` * `vector_score` + `keyword_weight` * `keyword_score`."""

    document_id: UUID
    title: str
    chunk_id: UUID
    position: int
    text: str
    score: float
    vector_score: float = Field(description="The cosine with the vector of the query; 0 without a vector.")
    keyword_score: float = Field(description="The weights of `found_words`, divided by those of all words.")
    found_words: list[str]


class FindingsRead(ResponseModel):
    """The best chunks first, and what their scores were computed with."""

    vector_weight: float
    keyword_weight: float
    words: list[WordRead]
    findings: list[FindingRead]
