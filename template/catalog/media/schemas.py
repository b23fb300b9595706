"""Requests and responses for files."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from ...core.schemas import RecordRead, RequestModel, ResponseModel, SearchQuery, ShortText


class UploadQuery(RequestModel):
    """What the service cannot see in the content."""

    name: ShortText = Field(
        description="The name of the file when somebody downloads it. It says nothing about the type."
    )


class MediaFileQuery(SearchQuery):
    """Filters of the list of files; the search looks for names."""

    content_type: ShortText | None = None
    uploaded_by: UUID | None = None


class DownloadQuery(RequestModel):
    """How long the URL of a download is valid."""

    seconds: int = Field(default=300, ge=1, le=3600)


class MediaFileRead(RecordRead):
    """A file in a response."""

    name: str
    content_type: str
    size: int
    sha256: str
    uploaded_by: UUID | None
    stored_at: datetime


class Download(ResponseModel):
    """Where to download a file, without a token."""

    method: Literal["GET"] = "GET"
    url: str
    expires_at: datetime
