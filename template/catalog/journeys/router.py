"""Routes for journeys and their definitions."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page, SearchQuery
from ...core.security import ADMIN_ONLY
from .models import Journey, JourneyDefinition
from .schemas import (
    JourneyAdvance,
    JourneyCancel,
    JourneyDefinitionCreate,
    JourneyDefinitionRead,
    JourneyDefinitionUpdate,
    JourneyQuery,
    JourneyRead,
    JourneyStart,
)
from .service import JourneyDefinitionService, JourneyService

definitions = ServiceRouter(prefix="/journey-definitions")
journeys = ServiceRouter(prefix="/journeys")

DefinitionService = Annotated[JourneyDefinitionService, Depends(JourneyDefinitionService.of_request)]
Service = Annotated[JourneyService, Depends(JourneyService.of_request)]


@definitions.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=JourneyDefinitionRead,
    dependencies=ADMIN_ONLY,
)
async def create_journey_definition(data: JourneyDefinitionCreate, service: DefinitionService) -> JourneyDefinition:
    """Define a journey."""
    return await service.create(data)


@definitions.get("", response_model=Page[JourneyDefinitionRead])
async def list_journey_definitions(
    query: Annotated[SearchQuery, Query()],
    service: DefinitionService,
) -> Listing[JourneyDefinition]:
    """List definitions, oldest first."""
    return await service.list(query)


@definitions.get("/{journey_definition_id}", response_model=JourneyDefinitionRead)
async def get_journey_definition(journey_definition_id: UUID, service: DefinitionService) -> JourneyDefinition:
    """Return a definition."""
    return await service.get(journey_definition_id)


@definitions.patch("/{journey_definition_id}", response_model=JourneyDefinitionRead, dependencies=ADMIN_ONLY)
async def update_journey_definition(
    journey_definition_id: UUID,
    changes: JourneyDefinitionUpdate,
    service: DefinitionService,
) -> JourneyDefinition:
    """Change a definition; journeys that have started keep their stages."""
    return await service.update(journey_definition_id, changes)


@definitions.delete("/{journey_definition_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_journey_definition(journey_definition_id: UUID, service: DefinitionService) -> None:
    """Delete a definition that no journey uses."""
    await service.delete(journey_definition_id)


@journeys.post("", status_code=status.HTTP_201_CREATED, response_model=JourneyRead)
async def start_journey(data: JourneyStart, service: Service) -> Journey:
    """Start a journey for a patient."""
    return await service.start(data)


@journeys.get("", response_model=Page[JourneyRead])
async def list_journeys(query: Annotated[JourneyQuery, Query()], service: Service) -> Listing[Journey]:
    """List journeys, oldest first."""
    return await service.list(query)


@journeys.get("/{journey_id}", response_model=JourneyRead)
async def get_journey(journey_id: UUID, service: Service) -> Journey:
    """Return a journey."""
    return await service.get(journey_id)


@journeys.post("/{journey_id}/advance", response_model=JourneyRead)
async def advance_journey(journey_id: UUID, step: JourneyAdvance, service: Service) -> Journey:
    """Advance a journey to its next stage."""
    return await service.advance(journey_id, step.stage)


@journeys.post("/{journey_id}/complete", response_model=JourneyRead)
async def complete_journey(journey_id: UUID, service: Service) -> Journey:
    """Complete a journey that is at its last stage."""
    return await service.complete(journey_id)


@journeys.post("/{journey_id}/cancel", response_model=JourneyRead)
async def cancel_journey(journey_id: UUID, cancellation: JourneyCancel, service: Service) -> Journey:
    """Cancel a journey."""
    return await service.cancel(journey_id, cancellation.reason)


router = ServiceRouter(tags=["journeys"])
router.include_router(definitions)
router.include_router(journeys)
