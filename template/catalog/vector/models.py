"""The tables of documents and their chunks."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, JSON, REAL, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...core.clock import utcnow
from ...core.tenancy import Record, StatefulRecord


class DocumentState(StrEnum):
    """The state of a document."""

    PENDING = "pending"
    EMBEDDED = "embedded"
    FAILED = "failed"


class VectorDocument(StatefulRecord):
    """A text that is searched by meaning and by words; its chunks have the text."""

    __tablename__ = "vector_documents"

    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[DocumentState] = mapped_column(default=DocumentState.PENDING, index=True)
    model: Mapped[str | None] = mapped_column(String(200))
    """What made the vectors of the chunks; None before the first time."""
    failure: Mapped[str | None] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(default=0)
    """How often the provider was perhaps asked for these vectors in vain."""
    due_at: Mapped[datetime] = mapped_column(default=utcnow)
    """No worker embeds the document before this time, because another one does, or because the provider is down."""


class VectorChunk(Record):
    """A part of a document. It never changes, except for its vector."""

    __tablename__ = "vector_chunks"
    __table_args__ = (UniqueConstraint("document_id", "position"),)
    list_order: ClassVar[tuple[str, ...]] = ("document_id", "position")

    document_id: Mapped[UUID] = mapped_column(ForeignKey("vector_documents.id", ondelete="CASCADE"))
    position: Mapped[int]
    start: Mapped[int]
    """The position of its first character in the text of the document."""
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    """The different words of the text, with a space before and after each."""
    model: Mapped[str | None] = mapped_column(String(200))
    # No column of the type `vector`: the table is the same on a server without the extension, and may get it later.
    embedding: Mapped[list[float] | None] = mapped_column(ARRAY(REAL).with_variant(JSON(none_as_null=True), "sqlite"))
