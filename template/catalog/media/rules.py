"""What may be uploaded, judged by the content alone."""

from dataclasses import dataclass
from hashlib import sha256

import filetype  # type: ignore[import-untyped]

from ...core.errors import Unprocessable

MAX_BYTES = 10_000_000
"""The largest content. A process holds it in memory, once for each upload at a time."""
CONTENT_TYPES = (
    "application/pdf",
    "audio/amr",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "image/gif",
    "image/heic",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/quicktime",
)
"""The types that are accepted. Browsers run no code in them, unlike in HTML and SVG."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a file, with its type and its hash."""

    data: bytes
    content_type: str
    sha256: str


def read_content(data: bytes) -> Content:
    """Return the content with its detected type; raise `Unprocessable` if it is not accepted."""
    if not data:
        raise Unprocessable("The content is empty.")
    detected = filetype.guess_mime(data)
    if detected not in CONTENT_TYPES:
        found = f"of the type {detected}" if detected else "of no known type"
        raise Unprocessable(f"The content is {found}.", allowed=[*CONTENT_TYPES])
    return Content(data, detected, sha256(data).hexdigest())
