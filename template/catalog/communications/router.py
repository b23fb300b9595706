"""Routes for communications."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from .models import Communication
from .schemas import CommunicationCreate, CommunicationQuery, CommunicationRead
from .service import CommunicationService

router = ServiceRouter(prefix="/communications", tags=["communications"])

Service = Annotated[CommunicationService, Depends(CommunicationService.of_request)]


@router.post("", status_code=status.HTTP_201_CREATED, response_model=CommunicationRead)
async def schedule_communication(data: CommunicationCreate, service: Service) -> Communication:
    """Queue a message; the worker sends it when it is due."""
    return await service.schedule(data)


@router.get("", response_model=Page[CommunicationRead])
async def list_communications(
    query: Annotated[CommunicationQuery, Query()],
    service: Service,
) -> Listing[Communication]:
    """List communications by recipient, channel and state, oldest first."""
    return await service.list(query)


@router.get("/{communication_id}", response_model=CommunicationRead)
async def get_communication(communication_id: UUID, service: Service) -> Communication:
    """Return a communication."""
    return await service.get(communication_id)


@router.post("/{communication_id}/cancel", response_model=CommunicationRead)
async def cancel_communication(communication_id: UUID, service: Service) -> Communication:
    """Cancel a communication that was not sent yet."""
    return await service.cancel(communication_id)


@router.post("/{communication_id}/send-again", response_model=CommunicationRead)
async def send_communication_again(communication_id: UUID, service: Service) -> Communication:
    """Queue a communication again that has failed, or that the provider did not confirm."""
    return await service.send_again(communication_id)
