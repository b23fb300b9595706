"""Routes for customers, their contacts and notes."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, status

from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from ...core.security import ADMIN_ONLY, Principal, PrincipalDep
from .contacts import CustomerContactService
from .models import Customer, CustomerContact, CustomerNote
from .notes import CustomerNoteService
from .schemas import (
    AuthoredNote,
    CustomerContactCreate,
    CustomerContactQuery,
    CustomerContactRead,
    CustomerContactUpdate,
    CustomerCreate,
    CustomerNoteCreate,
    CustomerNoteQuery,
    CustomerNoteRead,
    CustomerNoteUpdate,
    CustomerQuery,
    CustomerRead,
    CustomerUpdate,
)
from .service import CustomerService

customers = ServiceRouter(prefix="/customers")
contacts = ServiceRouter(prefix="/customer-contacts")
notes = ServiceRouter(prefix="/customer-notes")

Service = Annotated[CustomerService, Depends(CustomerService.of_request)]
ContactService = Annotated[CustomerContactService, Depends(CustomerContactService.of_request)]
NoteService = Annotated[CustomerNoteService, Depends(CustomerNoteService.of_request)]


def shown_to(reader: Principal, service: CustomerNoteService, request: Request) -> CustomerNoteService:
    """Return the service for notes as the reader sees them."""
    service.shows_internal = not reader.roles.isdisjoint(request.app.state.settings.customers_internal_note_roles)
    return service


@customers.post("", status_code=status.HTTP_201_CREATED, response_model=CustomerRead)
async def create_customer(data: CustomerCreate, service: Service) -> Customer:
    """Create a customer."""
    return await service.create(data)


@customers.get("", response_model=Page[CustomerRead])
async def list_customers(query: Annotated[CustomerQuery, Query()], service: Service) -> Listing[Customer]:
    """List customers, oldest first."""
    return await service.list(query)


@customers.get("/{customer_id}", response_model=CustomerRead)
async def get_customer(customer_id: UUID, service: Service) -> Customer:
    """Return a customer."""
    return await service.get(customer_id)


@customers.patch("/{customer_id}", response_model=CustomerRead)
async def update_customer(customer_id: UUID, changes: CustomerUpdate, service: Service) -> Customer:
    """Change a customer."""
    return await service.update(customer_id, changes)


@customers.delete("/{customer_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_customer(customer_id: UUID, service: Service) -> None:
    """Delete a customer. Contacts and notes are not found either, until the customer is restored."""
    await service.delete(customer_id)


@customers.post("/{customer_id}/restore", response_model=CustomerRead, dependencies=ADMIN_ONLY)
async def restore_customer(customer_id: UUID, service: Service) -> Customer:
    """Restore a customer that was deleted, with contacts and notes."""
    return await service.restore(customer_id)


@contacts.post("", status_code=status.HTTP_201_CREATED, response_model=CustomerContactRead)
async def create_customer_contact(data: CustomerContactCreate, service: ContactService) -> CustomerContact:
    """Create a contact. It has an e-mail address, a telephone number, or both."""
    return await service.create(data)


@contacts.get("", response_model=Page[CustomerContactRead])
async def list_customer_contacts(
    query: Annotated[CustomerContactQuery, Query()],
    service: ContactService,
) -> Listing[CustomerContact]:
    """List contacts, oldest first."""
    return await service.list(query)


@contacts.get("/{customer_contact_id}", response_model=CustomerContactRead)
async def get_customer_contact(customer_contact_id: UUID, service: ContactService) -> CustomerContact:
    """Return a contact."""
    return await service.get(customer_contact_id)


@contacts.patch("/{customer_contact_id}", response_model=CustomerContactRead)
async def update_customer_contact(
    customer_contact_id: UUID,
    changes: CustomerContactUpdate,
    service: ContactService,
) -> CustomerContact:
    """Change a contact."""
    return await service.update(customer_contact_id, changes)


@contacts.delete("/{customer_contact_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_customer_contact(customer_contact_id: UUID, service: ContactService) -> None:
    """Delete a contact."""
    await service.delete(customer_contact_id)


@notes.post("", status_code=status.HTTP_201_CREATED, response_model=CustomerNoteRead)
async def create_customer_note(
    data: CustomerNoteCreate,
    service: NoteService,
    author: PrincipalDep,
    request: Request,
) -> CustomerNote:
    """Write a note; its author is the authenticated user. Only roles that see internal notes may write them."""
    note = AuthoredNote(**data.model_dump(), author_id=author.user_id)
    return await shown_to(author, service, request).create(note)


@notes.get("", response_model=Page[CustomerNoteRead])
async def list_customer_notes(
    query: Annotated[CustomerNoteQuery, Query()],
    service: NoteService,
    reader: PrincipalDep,
    request: Request,
) -> Listing[CustomerNote]:
    """List notes, oldest first; internal ones only for the roles that see them."""
    return await shown_to(reader, service, request).list(query)


@notes.get("/{customer_note_id}", response_model=CustomerNoteRead)
async def get_customer_note(
    customer_note_id: UUID,
    service: NoteService,
    reader: PrincipalDep,
    request: Request,
) -> CustomerNote:
    """Return a note."""
    return await shown_to(reader, service, request).get(customer_note_id)


@notes.patch("/{customer_note_id}", response_model=CustomerNoteRead)
async def update_customer_note(
    customer_note_id: UUID,
    changes: CustomerNoteUpdate,
    service: NoteService,
    editor: PrincipalDep,
    request: Request,
) -> CustomerNote:
    """Change a note; only its author may."""
    return await shown_to(editor, service, request).edit(customer_note_id, changes, editor.user_id)


@notes.delete("/{customer_note_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_customer_note(
    customer_note_id: UUID,
    service: NoteService,
    reader: PrincipalDep,
    request: Request,
) -> None:
    """Delete a note."""
    await shown_to(reader, service, request).delete(customer_note_id)


router = ServiceRouter(tags=["customers"])
router.include_router(customers)
router.include_router(contacts)
router.include_router(notes)
