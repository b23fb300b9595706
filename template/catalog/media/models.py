"""The table of files."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, and_
from sqlalchemy.orm import Mapped, mapped_column

from ...core.tenancy import Record


class MediaFile(Record):
    """A file whose content is an object in S3.

    The row is there before the object and after it, so that every object has a row: only a file with `stored_at` and
    `sha256` has its content.
    """

    __tablename__ = "media"
    __table_args__ = (UniqueConstraint("organisation_id", "sha256"),)

    name: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(100), index=True)
    size: Mapped[int]
    sha256: Mapped[str | None] = mapped_column(String(64))
    """The hash of the content; None once its deletion has begun, so that the content can be uploaded again."""
    uploaded_by: Mapped[UUID | None] = mapped_column(ForeignKey("core_users.id"), index=True)
    stored_at: Mapped[datetime | None] = mapped_column(index=True)
    """None until the whole content is in S3."""

    @property
    def key(self) -> str:
        """The key of the object. No other file ever has it, so that a late deletion harms no other upload."""
        return f"{self.organisation_id}/{self.id}"

    @classmethod
    def referable(cls) -> ColumnElement[bool]:
        """Return the condition that the content is there."""
        return and_(cls.stored_at.is_not(None), cls.sha256.is_not(None))
