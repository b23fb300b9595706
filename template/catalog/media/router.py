"""Routes for files. The body of an upload is the content itself, which the service checks and stores in S3."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Depends, Query, Response, status

from ...core.clock import utcnow
from ...core.errors import Conflict
from ...core.gateways import CallDep, S3Dep
from ...core.limits import BODY_LIMITS
from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from ...core.security import ADMIN_ONLY, PrincipalDep
from .models import MediaFile
from .rules import MAX_BYTES, read_content
from .schemas import Download, DownloadQuery, MediaFileQuery, MediaFileRead, UploadQuery
from .service import MediaFileService

router = ServiceRouter(prefix="/media", tags=["media"])

Service = Annotated[MediaFileService, Depends(MediaFileService.of_request)]
KNOWN: dict[int | str, dict[str, Any]] = {
    200: {"model": MediaFileRead, "description": "This content was stored before."}
}


@router.post("", status_code=status.HTTP_201_CREATED, response_model=MediaFileRead, responses=KNOWN)
async def upload_media_file(
    query: Annotated[UploadQuery, Query()],
    body: Annotated[bytes, Body(media_type="application/octet-stream")],
    service: Service,
    principal: PrincipalDep,
    s3: S3Dep,
    call: CallDep,
    response: Response,
) -> MediaFile:
    """Upload a file. If the organisation has its content already, return that file with the status 200."""
    content = read_content(body)
    abandoned = await service.find_abandoned()
    if abandoned is not None:
        await call(s3.delete, abandoned.key)
        await service.finish_deletion(abandoned.id)
    file = await service.begin_upload(query.name, content, principal.user_id)
    if file.stored_at is not None:
        response.status_code = status.HTTP_200_OK
        return file
    await call(s3.put, file.key, content.data, content.content_type)
    stored = await service.finish_upload(file.id)
    if stored is None:
        await call(s3.delete, file.key)
        raise Conflict("This content was deleted during the upload. Upload it again.")
    return stored


BODY_LIMITS[upload_media_file] = MAX_BYTES


@router.get("", response_model=Page[MediaFileRead])
async def list_media_files(query: Annotated[MediaFileQuery, Query()], service: Service) -> Listing[MediaFile]:
    """List files, oldest first."""
    return await service.list(query)


@router.get("/{media_file_id}", response_model=MediaFileRead)
async def get_media_file(media_file_id: UUID, service: Service) -> MediaFile:
    """Return what is known about a file."""
    return await service.get(media_file_id)


@router.get("/{media_file_id}/download", response_model=Download)
async def download_media_file(
    media_file_id: UUID,
    query: Annotated[DownloadQuery, Query()],
    service: Service,
    s3: S3Dep,
    call: CallDep,
    response: Response,
) -> Download:
    """Return a URL that downloads a file, for anybody who has it, until it expires."""
    file = await service.get(media_file_id)
    expires_at = utcnow() + timedelta(seconds=query.seconds)
    url = await call(s3.sign_download, file.key, file.name, query.seconds)
    response.headers["Cache-Control"] = "no-store"
    return Download(url=url, expires_at=expires_at)


@router.delete("/{media_file_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_media_file(media_file_id: UUID, service: Service, s3: S3Dep, call: CallDep) -> None:
    """Delete a file and its content. After a 503 it is hidden, and another request deletes its content."""
    file = await service.begin_deletion(media_file_id)
    await call(s3.delete, file.key)
    await service.finish_deletion(file.id)
