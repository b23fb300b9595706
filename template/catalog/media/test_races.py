"""Tests of concurrent uploads and deletions, on PostgreSQL."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import Event, EventBus
from your_service.modules.media.models import MediaFile
from your_service.modules.media.rules import Content, read_content
from your_service.modules.media.service import MediaFileService

from tests.support.races import Racer, RaceRunner

NewContent = Callable[..., bytes]


def beginning(content: Content) -> Racer:
    async def begin(session: AsyncSession) -> UUID:
        file = await MediaFileService(session, EventBus(session)).begin_upload("scan.png", content)
        return file.id

    return begin


def finishing(file: MediaFile) -> Racer:
    async def finish(session: AsyncSession) -> MediaFile | None:
        return await MediaFileService(session, EventBus(session)).finish_upload(file.id)

    return finish


def deleting(file: MediaFile) -> Racer:
    async def delete(session: AsyncSession) -> None:
        service = MediaFileService(session, EventBus(session))
        await service.begin_deletion(file.id)
        await service.finish_deletion(file.id)

    return delete


async def test_concurrent_uploads_of_one_content_have_one_object(
    race_in_order: RaceRunner,
    media_file_service: MediaFileService,
    media_file_content: NewContent,
) -> None:
    await media_file_service.session.commit()
    content = read_content(media_file_content())

    ids = await race_in_order(*[beginning(content)] * 4)

    # The key of an object is made from the id.
    assert [*{*ids}] == [ids[0]]
    assert isinstance(ids[0], UUID)


async def test_concurrent_uploads_of_one_content_are_stored_once(
    race_in_order: RaceRunner,
    media_file_service: MediaFileService,
    media_file_content: NewContent,
) -> None:
    file = await media_file_service.begin_upload("scan.png", read_content(media_file_content()))
    await media_file_service.session.commit()

    stored = await race_in_order(*[finishing(file)] * 3)

    count = select(func.count(Event.id)).where(Event.record_id == file.id)
    assert len({each.stored_at for each in stored}) == 1
    assert await media_file_service.session.scalar(count) == 1


async def test_an_upload_that_ends_after_a_deletion_has_no_file(
    race_in_order: RaceRunner,
    media_file_service: MediaFileService,
    test_media_file: MediaFile,
) -> None:
    await media_file_service.session.commit()

    outcomes = await race_in_order(deleting(test_media_file), finishing(test_media_file))

    assert outcomes == [None, None]
    assert await media_file_service.session.scalar(select(func.count(MediaFile.id))) == 0


async def test_a_file_is_deleted_once(
    race_in_order: RaceRunner,
    media_file_service: MediaFileService,
    test_media_file: MediaFile,
) -> None:
    await media_file_service.session.commit()

    _, second = await race_in_order(*[deleting(test_media_file)] * 2)

    deleted = select(func.count(Event.id)).where(Event.name == "media_file.deleted")
    assert type(second).__name__ == "NotFound"
    assert await media_file_service.session.scalar(deleted) == 1
