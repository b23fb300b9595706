"""Routes for intake sessions. Reading what a patient said counts as reading the patient's record."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response, status

from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import ListQuery, Page
from ...core.security import ADMIN_ONLY, PrincipalDep
from ..patients.models import AccessKind
from ..patients.schemas import Duplicate
from .models import IntakeSession
from .schemas import IntakeDetails, IntakeLink, IntakeOpen, IntakeQuery, IntakeRead, IntakeUpdate
from .service import IntakeSessionService

router = ServiceRouter(prefix="/intake-sessions", tags=["intake"])

Service = Annotated[IntakeSessionService, Depends(IntakeSessionService.of_request)]


class FhirResponse(Response):
    """A FHIR resource in JSON."""

    media_type = "application/fhir+json"


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=IntakeDetails,
    responses={status.HTTP_200_OK: {"model": IntakeDetails, "description": "The session was opened before"}},
)
async def open_intake_session(data: IntakeOpen, service: Service, response: Response) -> IntakeSession:
    """Open a session; with the key of another one, that one is returned."""
    intake, is_new = await service.open(data)
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return intake


@router.get("", response_model=Page[IntakeRead])
async def list_intake_sessions(query: Annotated[IntakeQuery, Query()], service: Service) -> Listing[IntakeSession]:
    """List sessions, oldest first, without what the persons said."""
    return await service.list(query)


@router.get("/{intake_session_id}", response_model=IntakeDetails)
async def get_intake_session(intake_session_id: UUID, service: Service, reader: PrincipalDep) -> IntakeSession:
    """Return a session."""
    intake = await service.get(intake_session_id)
    if intake.patient_id:
        service.patients.note_access(reader.user_id, AccessKind.RECORD, intake.patient_id)
    return intake


@router.patch("/{intake_session_id}", response_model=IntakeDetails)
async def update_intake_session(intake_session_id: UUID, changes: IntakeUpdate, service: Service) -> IntakeSession:
    """Store what the person says."""
    return await service.update(intake_session_id, changes)


@router.post("/{intake_session_id}/submit", response_model=IntakeDetails)
async def submit_intake_session(intake_session_id: UUID, service: Service) -> IntakeSession:
    """Submit a session. It is completed if its patient is clear; otherwise, link it to one of its candidates."""
    return await service.submit(intake_session_id)


@router.get("/{intake_session_id}/candidates")
async def find_candidates(
    intake_session_id: UUID,
    query: Annotated[ListQuery, Query()],
    service: Service,
    reader: PrincipalDep,
) -> Page[Duplicate]:
    """List the patients who are likely to be the person, most likely first."""
    page = await service.candidates(intake_session_id, query)
    service.patients.note_access(reader.user_id, AccessKind.LIST, *(patient.id for patient in page.items))
    return page


@router.post("/{intake_session_id}/link", response_model=IntakeDetails)
async def link_intake_session(intake_session_id: UUID, link: IntakeLink, service: Service) -> IntakeSession:
    """Complete a session with a patient."""
    return await service.link(intake_session_id, link.patient_id)


@router.post("/{intake_session_id}/abandon", response_model=IntakeDetails)
async def abandon_intake_session(intake_session_id: UUID, service: Service) -> IntakeSession:
    """End a session without a patient."""
    return await service.abandon(intake_session_id)


@router.get(
    "/{intake_session_id}/fhir",
    response_class=FhirResponse,
    responses={status.HTTP_200_OK: {"content": {FhirResponse.media_type: {"schema": {"type": "object"}}}}},
)
async def export_intake_session(intake_session_id: UUID, service: Service, reader: PrincipalDep) -> FhirResponse:
    """Return the patient and the answers as a FHIR R4 bundle."""
    patient_id, bundle = await service.export(intake_session_id)
    service.patients.note_access(reader.user_id, AccessKind.EXPORT, patient_id)
    return FhirResponse(bundle)


@router.delete("/{intake_session_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_intake_session(intake_session_id: UUID, service: Service) -> None:
    """Delete a session."""
    await service.delete(intake_session_id)
