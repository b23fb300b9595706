"""Tests of the API for files."""

from collections.abc import Callable
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from time_machine import Traveller

from your_service.core.clock import utcnow
from your_service.core.errors import PROBLEM_JSON
from your_service.core.tenancy import Organisation
from your_service.core.users import User
from your_service.gateways.s3 import S3Error, S3Refused, S3Unavailable
from your_service.modules.media.models import MediaFile
from your_service.modules.media.rules import MAX_BYTES, read_content
from your_service.modules.media.service import ABANDONED_AFTER, MediaFileService

from tests.fixtures.media import PDF
from tests.support.gateways.s3 import MemoryS3Gateway

URL = "/media"
NAME = {"name": "scan.png"}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
FAILURES = [S3Unavailable("put_object: ReadTimeoutError"), S3Refused("put_object: 403 AccessDenied")]
NewContent = Callable[..., bytes]

each_failure = pytest.mark.parametrize("failure", FAILURES, ids=["unavailable", "refused"])


async def test_upload(
    member_client: AsyncClient,
    acting_user: User,
    media_file_content: NewContent,
    mock_s3: MemoryS3Gateway,
    test_org: Organisation,
) -> None:
    # The type in the header and in the name says nothing.
    data = media_file_content(PDF)

    response = await member_client.post(URL, params=NAME, content=data, headers={"Content-Type": "image/png"})

    assert response.status_code == status.HTTP_201_CREATED
    created = response.json()
    assert created == {
        "name": "scan.png",
        "content_type": "application/pdf",
        "size": len(data),
        "sha256": sha256(data).hexdigest(),
        "uploaded_by": str(acting_user.id),
        "id": created["id"],
        "stored_at": created["stored_at"],
        "created_at": created["created_at"],
        "updated_at": created["updated_at"],
    }
    assert mock_s3.objects == {f"{test_org.id}/{created['id']}": (data, "application/pdf")}
    found = await member_client.get(f"{URL}/{created['id']}")
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, created)


async def test_the_same_content_is_stored_once(
    member_client: AsyncClient,
    media_file_content: NewContent,
    mock_s3: MemoryS3Gateway,
) -> None:
    data = media_file_content()

    first = await member_client.post(URL, params=NAME, content=data)
    second = await member_client.post(URL, params={"name": "other.png"}, content=data)

    assert (first.status_code, second.status_code) == (status.HTTP_201_CREATED, status.HTTP_200_OK)
    assert second.json() == first.json()
    assert len(mock_s3.objects) == 1


async def test_another_organisation_stores_the_same_content_for_itself(
    member_client: AsyncClient,
    other_org_client: AsyncClient,
    media_file_content: NewContent,
    mock_s3: MemoryS3Gateway,
) -> None:
    data = media_file_content()

    for client in (member_client, other_org_client):
        response = await client.post(URL, params=NAME, content=data)
        assert response.status_code == status.HTTP_201_CREATED

    assert len(mock_s3.objects) == 2


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\3\4"], ids=["empty", "HTML", "archive"])
async def test_other_content_is_refused(
    member_client: AsyncClient,
    mock_s3: MemoryS3Gateway,
    db_session: AsyncSession,
    organisation: Organisation,
    content: bytes,
) -> None:
    response = await member_client.post(URL, params=NAME, content=content)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert response.headers["Content-Type"] == PROBLEM_JSON
    assert (mock_s3.objects, await db_session.scalar(select(MediaFile))) == ({}, None)


async def test_a_refusal_names_the_accepted_types(member_client: AsyncClient) -> None:
    response = await member_client.post(URL, params=NAME, content=b"<html>")

    (error,) = response.json()["errors"]
    assert error["msg"] == "The content is of no known type."
    assert "image/png" in error["allowed"]


@pytest.mark.parametrize(
    ("size", "code"),
    [(MAX_BYTES, status.HTTP_201_CREATED), (MAX_BYTES + 1, status.HTTP_413_CONTENT_TOO_LARGE)],
)
async def test_the_size_is_limited(
    member_client: AsyncClient,
    media_file_content: NewContent,
    size: int,
    code: int,
) -> None:
    response = await member_client.post(URL, params=NAME, content=media_file_content().ljust(size, b"\0"))

    assert response.status_code == code


@each_failure
async def test_a_failed_upload_leaves_no_file_and_can_be_repeated(
    member_client: AsyncClient,
    media_file_content: NewContent,
    mock_s3: MemoryS3Gateway,
    failure: S3Error,
) -> None:
    data = media_file_content()
    mock_s3.failures = [failure]

    failed = await member_client.post(URL, params=NAME, content=data, headers=KEY)
    listed = await member_client.get(URL)
    repeated = await member_client.post(URL, params=NAME, content=data, headers=KEY)

    assert (failed.status_code, failed.headers["Retry-After"]) == (status.HTTP_503_SERVICE_UNAVAILABLE, "5")
    assert failed.headers["Content-Type"] == PROBLEM_JSON
    assert listed.json()["items"] == []
    assert repeated.status_code == status.HTTP_201_CREATED
    assert [content for content, _ in mock_s3.objects.values()] == [data]


async def test_a_repeated_upload_stores_nothing_again(
    member_client: AsyncClient,
    media_file_content: NewContent,
    mock_s3: MemoryS3Gateway,
) -> None:
    data = media_file_content()

    first = await member_client.post(URL, params=NAME, content=data, headers=KEY)
    mock_s3.objects.clear()
    second = await member_client.post(URL, params=NAME, content=data, headers=KEY)

    assert (second.status_code, second.json()) == (status.HTTP_201_CREATED, first.json())
    assert mock_s3.objects == {}


async def test_an_upload_of_a_file_that_is_deleted_meanwhile_is_refused(
    member_client: AsyncClient,
    media_file_content: NewContent,
    mock_s3: MemoryS3Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def finish(service: MediaFileService, file_id: UUID) -> MediaFile | None:
        await finish_upload(service, file_id)
        await service.begin_deletion(file_id)
        return await finish_upload(service, file_id)

    finish_upload = MediaFileService.finish_upload
    monkeypatch.setattr(MediaFileService, "finish_upload", finish)

    response = await member_client.post(URL, params=NAME, content=media_file_content())

    assert response.status_code == status.HTTP_409_CONFLICT
    assert mock_s3.objects == {}


async def test_an_upload_deletes_what_an_interrupted_one_has_left(
    member_client: AsyncClient,
    media_file_service: MediaFileService,
    media_file_content: NewContent,
    mock_s3: MemoryS3Gateway,
    frozen_time: Traveller,
) -> None:
    left = await media_file_service.begin_upload("scan.png", read_content(media_file_content()))
    mock_s3.put(left.key, b"", "image/png")
    await media_file_service.session.commit()
    frozen_time.shift(ABANDONED_AFTER)

    response = await member_client.post(URL, params=NAME, content=media_file_content())

    assert response.status_code == status.HTTP_201_CREATED
    assert [key.rpartition("/")[2] for key in mock_s3.objects] == [response.json()["id"]]
    found = await media_file_service.session.scalars(select(MediaFile.id).where(MediaFile.id == left.id))
    assert found.all() == []


async def test_list_by_type(member_client: AsyncClient, test_media_file_id: UUID) -> None:
    images = await member_client.get(URL, params={"content_type": "image/png"})
    documents = await member_client.get(URL, params={"content_type": "application/pdf"})

    assert [item["id"] for item in images.json()["items"]] == [str(test_media_file_id)]
    assert documents.json()["items"] == []


@pytest.mark.parametrize(("query", "seconds"), [({}, 300), ({"seconds": 60}, 60)])
async def test_a_download_has_a_url_that_expires(
    member_client: AsyncClient,
    test_media_file: MediaFile,
    frozen_time: Traveller,
    query: dict[str, int],
    seconds: int,
) -> None:
    response = await member_client.get(f"{URL}/{test_media_file.id}/download", params=query)

    assert (response.status_code, response.headers["Cache-Control"]) == (status.HTTP_200_OK, "no-store")
    download = response.json()
    url = urlsplit(download["url"])
    assert (url.path, parse_qs(url.query)) == (
        f"/{test_media_file.key}",
        {"name": ["scan.png"], "seconds": [str(seconds)]},
    )
    expires_at = utcnow().fromisoformat(download["expires_at"])
    assert (expires_at - utcnow()).total_seconds() == seconds


@pytest.mark.parametrize("seconds", [0, 3601])
async def test_a_url_is_valid_for_an_hour_at_most(
    member_client: AsyncClient,
    test_media_file: MediaFile,
    seconds: int,
) -> None:
    response = await member_client.get(f"{URL}/{test_media_file.id}/download", params={"seconds": seconds})

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_delete(
    member_client: AsyncClient,
    admin_client: AsyncClient,
    media_file_content: NewContent,
    mock_s3: MemoryS3Gateway,
) -> None:
    uploaded = await member_client.post(URL, params=NAME, content=media_file_content())
    url = f"{URL}/{uploaded.json()['id']}"

    by_member = await member_client.delete(url)
    kept = len(mock_s3.objects)
    by_admin = await admin_client.delete(url)
    again = await admin_client.delete(url)

    assert (by_member.status_code, kept) == (status.HTTP_403_FORBIDDEN, 1)
    assert (by_admin.status_code, mock_s3.objects) == (status.HTTP_204_NO_CONTENT, {})
    assert again.status_code == status.HTTP_404_NOT_FOUND


@each_failure
async def test_a_failed_deletion_hides_the_file_and_can_be_repeated(
    admin_client: AsyncClient,
    media_file_content: NewContent,
    mock_s3: MemoryS3Gateway,
    failure: S3Error,
) -> None:
    uploaded = await admin_client.post(URL, params=NAME, content=media_file_content())
    url = f"{URL}/{uploaded.json()['id']}"
    mock_s3.failures = [failure]

    failed = await admin_client.delete(url)
    hidden = await admin_client.get(url)
    kept = len(mock_s3.objects)
    repeated = await admin_client.delete(url)

    assert failed.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
    assert (hidden.status_code, kept) == (status.HTTP_404_NOT_FOUND, 1)
    assert (repeated.status_code, mock_s3.objects) == (status.HTTP_204_NO_CONTENT, {})
