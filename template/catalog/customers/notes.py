"""The service for notes about customers."""

from uuid import UUID

from pydantic import BaseModel

from ...core.errors import Forbidden
from ...core.resource import Conditions
from .models import CustomerNote
from .schemas import CustomerNoteUpdate
from .service import PartService


class CustomerNoteService(PartService[CustomerNote]):
    """Notes about the customers of the current organisation, as a reader sees them."""

    model = CustomerNote
    name = "customer_note"
    searchable = ("text",)
    shows_internal = False
    """Whether the reader sees internal notes; for others, they do not exist."""

    async def create(self, data: BaseModel) -> CustomerNote:
        """Create a note; raise `Unprocessable` if the customer does not exist, and `Forbidden` for what is not visible."""
        self._require_visible(data)
        return await super().create(data)

    async def edit(self, note_id: UUID, changes: CustomerNoteUpdate, editor_id: UUID) -> CustomerNote:
        """Change a note; raise `NotFound`, and `Forbidden` unless the editor is its author."""
        note = await self.get(note_id)
        if note.author_id != editor_id:
            raise Forbidden("Only the author of a note may change it.")
        self._require_visible(changes)
        return await self.update(note_id, changes)

    def _require_visible(self, data: BaseModel) -> None:
        if getattr(data, "is_internal", False) and not self.shows_internal:
            raise Forbidden("Only roles that see internal notes may write them.")

    def _visible(self) -> Conditions:
        visible = super()._visible()
        return visible if self.shows_internal else [*visible, CustomerNote.is_internal.is_(False)]
