"""Tests of what may be uploaded."""

from hashlib import sha256

import pytest

from your_service.core.errors import Unprocessable
from your_service.modules.media.rules import CONTENT_TYPES, read_content

PADDING = b"\0" * 300
ACCEPTED = {
    "application/pdf": b"%PDF-1.7\n",
    "audio/amr": b"#!AMR\n",
    "audio/mp4": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42",
    "audio/mpeg": b"ID3\4\0\0\0\0\0\0",
    "audio/ogg": b"OggS\0\2",
    "image/gif": b"GIF89a",
    "image/heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "video/mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "video/quicktime": b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
}


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_the_type_follows_from_the_content(content_type: str) -> None:
    data = ACCEPTED[content_type] + PADDING

    content = read_content(data)

    assert (content.data, content.content_type) == (data, content_type)
    assert content.sha256 == sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"<!DOCTYPE html><script>alert(1)</script>", "of no known type"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "of no known type"),
        (b"A text", "of no known type"),
        (b"\x7fELF" + PADDING, "of the type application/x-executable"),
        (b"MZ" + PADDING, "of the type application/x-msdownload"),
        (b"PK\3\4" + PADDING, "of the type application/zip"),
        (b"BM, which is no bitmap", "of the type image/bmp"),
    ],
    ids=["HTML", "SVG", "text", "program", "Windows program", "archive", "bitmap"],
)
def test_other_types_are_refused(data: bytes, found: str) -> None:
    with pytest.raises(Unprocessable, match=f"^The content is {found}") as refusal:
        read_content(data)

    assert refusal.value.hints == {"allowed": [*CONTENT_TYPES]}


def test_an_empty_content_is_refused() -> None:
    with pytest.raises(Unprocessable, match=r"^The content is empty\.$"):
        read_content(b"")


def test_only_the_beginning_decides_about_the_type() -> None:
    assert read_content(ACCEPTED["image/png"] + ACCEPTED["application/pdf"]).content_type == "image/png"


def test_the_hash_covers_the_whole_content() -> None:
    contents = [read_content(ACCEPTED["image/png"] + PADDING + end) for end in (b"a", b"b")]

    assert contents[0].sha256 != contents[1].sha256
