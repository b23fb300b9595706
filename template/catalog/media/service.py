"""The service for files. The routes call S3 between its methods, without a transaction."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import not_, select

from ...core.clock import utcnow
from ...core.concurrency import lock_keys
from ...core.errors import NotFound
from ...core.resource import Conditions, Resource
from ...core.schemas import ListQuery
from .models import MediaFile
from .rules import Content

ABANDONED_AFTER = timedelta(hours=1)
"""After this time, an upload or a deletion that has not ended was interrupted; longer than any request takes."""


class MediaFileService(Resource[MediaFile]):
    """Files of the current organisation; only those whose content is in S3 are found."""

    model = MediaFile
    name = "media_file"
    searchable = ("name",)

    async def get(self, record_id: UUID, *, lock: bool = False) -> MediaFile:
        """Return a file, or raise `NotFound` unless its content is there."""
        file = await super().get(record_id, lock=lock)
        if file.stored_at is None or file.sha256 is None:
            raise NotFound.record(self.name, record_id)
        return file

    async def begin_upload(self, name: str, content: Content, by: UUID | None = None) -> MediaFile:
        """Return the file with this content, whether it is stored or not; create one if there is none.

        Concurrent uploads of the same content get the same file, and store the same object.
        """
        await lock_keys(self.session, (MediaFile.__tablename__, content.sha256))
        found = await self.session.scalar(select(MediaFile).where(MediaFile.sha256 == content.sha256))
        if found is not None:
            return found
        file = MediaFile(
            name=name,
            content_type=content.content_type,
            size=len(content.data),
            sha256=content.sha256,
            uploaded_by=by,
        )
        self.session.add(file)
        await self.session.flush()
        return file

    async def finish_upload(self, file_id: UUID) -> MediaFile | None:
        """Mark the content of a file as stored; return None if the file was deleted in the meantime."""
        file = await self._lock(file_id)
        if file is None or file.sha256 is None:
            return None
        if file.stored_at is None:
            file.stored_at = utcnow()
            await self._publish("stored", file, content_type=file.content_type, size=file.size)
        return file

    async def find_abandoned(self) -> MediaFile | None:
        """Return a file whose upload or deletion was interrupted, ready to be deleted, or None if there is none."""
        abandoned = select(MediaFile).where(
            not_(MediaFile.referable()), MediaFile.updated_at <= utcnow() - ABANDONED_AFTER
        )
        oldest = abandoned.order_by(MediaFile.updated_at, MediaFile.id).limit(1).with_for_update(skip_locked=True)
        file: MediaFile | None = await self.session.scalar(oldest)
        if file is not None:
            file.sha256 = None
            await self.session.flush()
        return file

    async def begin_deletion(self, file_id: UUID) -> MediaFile:
        """Hide a file whose object is about to be deleted; raise `NotFound`. A deletion that was begun may begin again."""
        file = await self._lock(file_id)
        if file is None or file.stored_at is None:
            raise NotFound.record(self.name, file_id)
        file.sha256 = None
        await self.session.flush()
        return file

    async def finish_deletion(self, file_id: UUID) -> None:
        """Delete the row of a file whose object is deleted, unless another request has done so."""
        file = await self._lock(file_id)
        if file is not None:
            await self.session.delete(file)
            if file.stored_at is not None:
                await self._publish("deleted", file)

    async def _lock(self, file_id: UUID) -> MediaFile | None:
        statement = select(MediaFile).where(MediaFile.id == file_id).with_for_update()
        file: MediaFile | None = await self.session.scalar(statement.execution_options(populate_existing=True))
        return file

    def _conditions(self, query: ListQuery) -> Conditions:
        return [*super()._conditions(query), MediaFile.referable()]
