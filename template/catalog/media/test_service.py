"""Tests of the service for files."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from time_machine import Traveller

from your_service.core.clock import utcnow
from your_service.core.errors import NotFound
from your_service.core.events import Event
from your_service.core.tenancy import Organisation, organisation_scope
from your_service.core.users import User
from your_service.modules.media.models import MediaFile
from your_service.modules.media.rules import read_content
from your_service.modules.media.schemas import MediaFileQuery
from your_service.modules.media.service import ABANDONED_AFTER, MediaFileService

from tests.fixtures.media import PDF
from tests.support.factories import Factory

NewContent = Callable[..., bytes]


async def test_an_upload_begins_without_content(
    media_file_service: MediaFileService,
    media_file_content: NewContent,
    acting_user: User,
    published_events: list[Event],
) -> None:
    content = read_content(media_file_content())

    file = await media_file_service.begin_upload("scan.png", content, acting_user.id)

    assert (file.name, file.content_type, file.size) == ("scan.png", "image/png", len(content.data))
    assert (file.sha256, file.uploaded_by, file.stored_at) == (content.sha256, acting_user.id, None)
    assert published_events == []


async def test_a_file_is_found_once_its_content_is_stored(
    media_file_service: MediaFileService,
    media_file_content: NewContent,
    published_events: list[Event],
    frozen_time: Traveller,
) -> None:
    file = await media_file_service.begin_upload("scan.png", read_content(media_file_content()))
    listed_before = await media_file_service.list()
    with pytest.raises(NotFound):
        await media_file_service.get(file.id)

    stored = await media_file_service.finish_upload(file.id)

    listed = await media_file_service.list()
    assert (listed_before.items, listed.items) == ([], [file])
    assert await media_file_service.get(file.id) is stored is file
    assert file.stored_at == utcnow()
    (event,) = published_events
    assert (event.name, event.record_id) == ("media_file.stored", file.id)
    assert event.data == {"content_type": "image/png", "size": file.size}


async def test_the_same_content_is_the_same_file(
    published_events: list[Event],
    test_media_file: MediaFile,
    make_media_file: Factory[MediaFile],
    media_file_content: NewContent,
) -> None:
    data = media_file_content()

    files = [await make_media_file(name, data) for name in ("scan.png", "other.png")]

    assert files[0] is files[1]
    assert (files[0] is not test_media_file, files[0].name) == (True, "scan.png")
    assert [event.record_id for event in published_events] == [test_media_file.id, files[0].id]


async def test_an_interrupted_upload_goes_on_with_the_same_file(
    media_file_service: MediaFileService,
    media_file_content: NewContent,
) -> None:
    content = read_content(media_file_content())
    interrupted = await media_file_service.begin_upload("scan.png", content)

    again = await media_file_service.begin_upload("scan.png", content)

    assert (again is interrupted, again.key) == (True, interrupted.key)


async def test_a_file_is_stored_once(
    media_file_service: MediaFileService,
    published_events: list[Event],
    test_media_file: MediaFile,
    frozen_time: Traveller,
) -> None:
    stored_at = test_media_file.stored_at
    frozen_time.shift(60)

    await media_file_service.finish_upload(test_media_file.id)

    assert test_media_file.stored_at == stored_at
    assert len(published_events) == 1


async def test_another_organisation_has_its_own_file(
    media_file_service: MediaFileService,
    make_media_file: Factory[MediaFile],
    media_file_content: NewContent,
    other_org: Organisation,
) -> None:
    data = media_file_content()
    ours = await make_media_file(data=data)

    with organisation_scope(other_org.id):
        theirs = await media_file_service.begin_upload("scan.png", read_content(data))
        with pytest.raises(NotFound):
            await media_file_service.begin_deletion(ours.id)

    assert theirs.id != ours.id
    assert (theirs.key, ours.key) == (f"{other_org.id}/{theirs.id}", f"{ours.organisation_id}/{ours.id}")


async def test_a_deletion_hides_a_file_first(
    media_file_service: MediaFileService,
    test_media_file: MediaFile,
    published_events: list[Event],
) -> None:
    published_events.clear()

    file = await media_file_service.begin_deletion(test_media_file.id)

    with pytest.raises(NotFound, match=f"^There is no media_file {file.id}\\.$"):
        await media_file_service.get(file.id)
    listed = await media_file_service.list()
    assert (file is test_media_file, listed.items, published_events) == (True, [], [])


async def test_a_deletion_can_be_repeated(
    media_file_service: MediaFileService,
    test_media_file: MediaFile,
    published_events: list[Event],
) -> None:
    published_events.clear()
    for _ in range(2):
        await media_file_service.begin_deletion(test_media_file.id)

    for _ in range(2):
        await media_file_service.finish_deletion(test_media_file.id)

    assert [(event.name, event.record_id) for event in published_events] == [("media_file.deleted", test_media_file.id)]
    assert await media_file_service.session.scalar(select(MediaFile)) is None
    with pytest.raises(NotFound):
        await media_file_service.begin_deletion(test_media_file.id)


async def test_an_unfinished_upload_cannot_be_deleted(
    media_file_service: MediaFileService,
    media_file_content: NewContent,
) -> None:
    file = await media_file_service.begin_upload("scan.png", read_content(media_file_content()))

    with pytest.raises(NotFound, match=f"^There is no media_file {file.id}\\.$"):
        await media_file_service.begin_deletion(file.id)

    assert file.sha256 is not None


async def test_a_content_can_be_uploaded_again_during_its_deletion(
    media_file_service: MediaFileService,
    make_media_file: Factory[MediaFile],
    media_file_content: NewContent,
) -> None:
    data = media_file_content()
    old = await make_media_file(data=data)
    await media_file_service.begin_deletion(old.id)

    new = await make_media_file(data=data)
    await media_file_service.finish_deletion(old.id)

    # The deletion of the old object cannot delete the new one.
    assert new.key != old.key
    assert await media_file_service.get(new.id) is new


@pytest.mark.parametrize("finished", [False, True], ids=["begun", "finished"])
async def test_an_upload_does_not_bring_a_deleted_file_back(
    media_file_service: MediaFileService,
    test_media_file: MediaFile,
    finished: bool,
) -> None:
    await media_file_service.begin_deletion(test_media_file.id)
    if finished:
        await media_file_service.finish_deletion(test_media_file.id)

    assert await media_file_service.finish_upload(test_media_file.id) is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["scan.png", "Bill.pdf"]),
        ({"content_type": "application/pdf"}, ["Bill.pdf"]),
        ({"search": "bill"}, ["Bill.pdf"]),
        ({"search": "bill", "content_type": "image/png"}, []),
        ({"uploaded_by": UUID(int=1)}, []),
    ],
    ids=str,
)
async def test_files_are_listed_by_type_and_name(
    media_file_service: MediaFileService,
    make_media_file: Factory[MediaFile],
    media_file_content: NewContent,
    query: dict[str, Any],
    names: list[str],
) -> None:
    await make_media_file("scan.png")
    await make_media_file("Bill.pdf", media_file_content(PDF))

    found = await media_file_service.list(MediaFileQuery(**query))

    assert [file.name for file in found.items] == names


async def test_files_are_listed_by_user(
    media_file_service: MediaFileService,
    test_media_file: MediaFile,
    acting_user: User,
) -> None:
    found = await media_file_service.list(MediaFileQuery(uploaded_by=acting_user.id))

    assert found.items == [test_media_file]


async def test_other_content_is_another_file(
    media_file_service: MediaFileService,
    make_media_file: Factory[MediaFile],
) -> None:
    first, second = [await make_media_file("scan.png") for _ in range(2)]

    listed = await media_file_service.list()
    assert (listed.items, first.key != second.key) == ([first, second], True)


async def test_an_unknown_file_is_neither_stored_nor_deleted(media_file_service: MediaFileService) -> None:
    stored = await media_file_service.finish_upload(uuid4())
    await media_file_service.finish_deletion(uuid4())

    assert stored is None
    with pytest.raises(NotFound):
        await media_file_service.begin_deletion(uuid4())


async def test_a_locked_file_is_hidden_too(media_file_service: MediaFileService, test_media_file: MediaFile) -> None:
    assert await media_file_service.get(test_media_file.id, lock=True) is test_media_file
    await media_file_service.begin_deletion(test_media_file.id)

    with pytest.raises(NotFound):
        await media_file_service.get(test_media_file.id, lock=True)


async def begin_upload(service: MediaFileService, content: bytes) -> MediaFile:
    return await service.begin_upload("scan.png", read_content(content))


async def store_and_begin_deletion(service: MediaFileService, content: bytes) -> MediaFile:
    file = await begin_upload(service, content)
    await service.finish_upload(file.id)
    return await service.begin_deletion(file.id)


@pytest.mark.parametrize(
    ("begin", "events"),
    [(begin_upload, []), (store_and_begin_deletion, ["media_file.stored", "media_file.deleted"])],
    ids=["upload", "deletion"],
)
async def test_what_was_interrupted_is_abandoned_after_an_hour(
    media_file_service: MediaFileService,
    media_file_content: NewContent,
    published_events: list[Event],
    frozen_time: Traveller,
    begin: Callable[..., Any],
    events: list[str],
) -> None:
    content = media_file_content()
    file = await begin(media_file_service, content)
    frozen_time.shift(ABANDONED_AFTER - timedelta(seconds=1))
    early = await media_file_service.find_abandoned()
    frozen_time.shift(timedelta(seconds=1))

    found = await media_file_service.find_abandoned()

    assert (early, found, file.sha256) == (None, file, None)
    again = await begin_upload(media_file_service, content)
    assert again.id != file.id
    await media_file_service.finish_deletion(file.id)
    assert [event.name for event in published_events] == events
    assert await media_file_service.find_abandoned() is None


async def test_a_stored_file_is_not_abandoned(
    media_file_service: MediaFileService,
    test_media_file: MediaFile,
    frozen_time: Traveller,
) -> None:
    frozen_time.shift(24 * ABANDONED_AFTER)

    assert await media_file_service.find_abandoned() is None


async def test_the_file_that_was_abandoned_first_is_the_first(
    media_file_service: MediaFileService,
    media_file_content: NewContent,
    frozen_time: Traveller,
) -> None:
    files = []
    for _ in range(3):
        files.append(await begin_upload(media_file_service, media_file_content()))
        frozen_time.shift(1)
    frozen_time.shift(ABANDONED_AFTER)

    found = []
    for _ in files:
        file = await media_file_service.find_abandoned()
        assert file is not None
        found.append(file)
        await media_file_service.finish_deletion(file.id)

    assert found == files


async def test_a_file_of_another_organisation_is_not_found_as_abandoned(
    media_file_service: MediaFileService,
    media_file_content: NewContent,
    other_org: Organisation,
    frozen_time: Traveller,
) -> None:
    await begin_upload(media_file_service, media_file_content())
    frozen_time.shift(ABANDONED_AFTER)

    with organisation_scope(other_org.id):
        assert await media_file_service.find_abandoned() is None
