"""Fixtures of files."""

from collections.abc import Callable
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.modules.media.models import MediaFile
from your_service.modules.media.rules import read_content
from your_service.modules.media.service import MediaFileService

from tests.support.factories import Factory

# The signatures of two types; nothing reads what follows.
PNG = b"\x89PNG\r\n\x1a\n"
PDF = b"%PDF-1.7\n"


@pytest.fixture
def media_file_service(db_session: AsyncSession, event_bus: EventBus, organisation: Organisation) -> MediaFileService:
    """The service for files of the test's organisation."""
    return MediaFileService(db_session, event_bus)


@pytest.fixture
def media_file_content() -> Callable[..., bytes]:
    """Return a function that makes the content of a PNG or of another type, different each time."""
    numbers = count(1)

    def make(signature: bytes = PNG) -> bytes:
        return signature + str(next(numbers)).encode()

    return make


@pytest.fixture
def make_media_file(
    media_file_service: MediaFileService,
    media_file_content: Callable[..., bytes],
    acting_user: User,
) -> Factory[MediaFile]:
    """Return a function that stores a file of `acting_user`, without an object."""

    async def make(name: str = "scan.png", data: bytes | None = None) -> MediaFile:
        content = read_content(data or media_file_content())
        file = await media_file_service.begin_upload(name, content, acting_user.id)
        await media_file_service.finish_upload(file.id)
        return file

    return make


@pytest.fixture
async def test_media_file(make_media_file: Factory[MediaFile]) -> MediaFile:
    """A stored PNG."""
    return await make_media_file()


@pytest.fixture
def test_media_file_id(test_media_file: MediaFile) -> UUID:
    """The identifier of `test_media_file`."""
    return test_media_file.id
