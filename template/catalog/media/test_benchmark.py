"""Benchmarks of the service for files."""

from collections.abc import Callable

import pytest

from your_service.modules.media.models import MediaFile
from your_service.modules.media.rules import read_content
from your_service.modules.media.schemas import MediaFileQuery
from your_service.modules.media.service import MediaFileService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory


@pytest.fixture
async def many_files(make_media_file: Factory[MediaFile]) -> list[MediaFile]:
    """Two hundred files."""
    return [await make_media_file() for _ in range(200)]


def test_begin_upload(
    measure: Measure,
    media_file_service: MediaFileService,
    media_file_content: Callable[..., bytes],
    many_files: list[MediaFile],
) -> None:
    contents = [read_content(media_file_content()) for _ in range(ROUNDS)]

    file = measure(lambda: media_file_service.begin_upload("scan.png", contents.pop()))

    assert file.stored_at is None


def test_list(measure: Measure, media_file_service: MediaFileService, many_files: list[MediaFile]) -> None:
    query = MediaFileQuery(content_type="image/png")

    found = measure(lambda: media_file_service.list(query))

    assert list(found.items) == many_files[: query.limit]
