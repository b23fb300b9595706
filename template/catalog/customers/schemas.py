"""Requests and responses about customers, their contacts and notes."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from ...core.schemas import (
    Boolean,
    Email,
    LongText,
    NameCharacters,
    RecordRead,
    RequestModel,
    SearchQuery,
    ShortText,
    sorted_by,
    unchanged,
)

# Letters, digits, underscores, spaces and hyphens: the list of a record is searched for a tag in quotes.
Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=50, pattern=r"^[\w][\w -]*$"),
    NameCharacters,
]
Tags = Annotated[list[Tag], Field(max_length=20), AfterValidator(lambda tags: sorted({*tags}))]
# ISO 3166-1 alpha-2.
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
TaxNumber = Annotated[str, StringConstraints(pattern="^[A-Z0-9][A-Z0-9 ./-]{0,48}[A-Z0-9]$")]
Phone = Annotated[str, StringConstraints(pattern="^[+(]?[0-9][0-9 ()/-]{1,48}$")]


class CustomerCreate(RequestModel):
    """Fields of a new customer."""

    name: ShortText
    email: Email | None = None
    address: LongText | None = None
    country: Country | None = None
    tax_number: TaxNumber | None = None
    tags: Tags = Field(default_factory=list)


class CustomerUpdate(RequestModel):
    """Fields of a customer to change; a field that is left out keeps its value. `tags` replaces all tags."""

    name: ShortText = unchanged()
    email: Email | None = None
    address: LongText | None = None
    country: Country | None = None
    tax_number: TaxNumber | None = None
    tags: Tags = unchanged()


class CustomerQuery(SearchQuery):
    """Filters of the list of customers."""

    country: Country | None = None
    tag: Tag | None = Field(default=None, exclude=True)
    sort: str | None = sorted_by("name", "created_at")


class CustomerRead(RecordRead):
    """A customer in a response."""

    name: str
    email: str | None
    address: str | None
    country: str | None
    tax_number: str | None
    tags: list[str]


class CustomerContactUpdate(RequestModel):
    """Fields of a contact to change; a field that is left out keeps its value."""

    name: ShortText = unchanged()
    position: ShortText | None = None
    email: Email | None = None
    phone: Phone | None = None
    is_primary: Boolean = unchanged("Whether this becomes the only primary contact of the customer.")


class CustomerContactCreate(RequestModel):
    """Fields of a new contact."""

    customer_id: UUID
    name: ShortText
    position: ShortText | None = None
    email: Email | None = None
    phone: Phone | None = None
    is_primary: Boolean = False


class CustomerContactQuery(SearchQuery):
    """Filters of the list of contacts."""

    customer_id: UUID | None = None
    is_primary: bool | None = None


class CustomerContactRead(RecordRead):
    """A contact in a response."""

    customer_id: UUID
    name: str
    position: str | None
    email: str | None
    phone: str | None
    is_primary: bool


class CustomerNoteCreate(RequestModel):
    """Fields of a new note."""

    customer_id: UUID
    text: LongText
    is_internal: Boolean = False


class AuthoredNote(CustomerNoteCreate):
    """Fields of a new note, with the user who writes it."""

    author_id: UUID


class CustomerNoteUpdate(RequestModel):
    """Fields of a note to change; a field that is left out keeps its value."""

    text: LongText = unchanged()
    is_internal: Boolean = unchanged()


class CustomerNoteQuery(SearchQuery):
    """Filters of the list of notes."""

    customer_id: UUID | None = None
    author_id: UUID | None = None
    is_internal: bool | None = None


class CustomerNoteRead(RecordRead):
    """A note in a response."""

    customer_id: UUID
    author_id: UUID
    text: str
    is_internal: bool
