"""Routes for patients. They respond with 410 for a merged patient, and for one whose data was erased."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.events import Event
from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import ListQuery, Page
from ...core.security import ADMIN_ONLY, PrincipalDep
from .models import AccessKind, Patient, PatientAccess
from .schemas import (
    AccessQuery,
    AccessRead,
    Duplicate,
    PatientCreate,
    PatientExport,
    PatientMerge,
    PatientQuery,
    PatientRead,
    PatientUpdate,
    TimelineEntry,
)
from .service import PatientService

router = ServiceRouter(prefix="/patients", tags=["patients"])

Service = Annotated[PatientService, Depends(PatientService.of_request)]
AllowDuplicate = Annotated[bool, Query(description="Accept the patient although others are likely duplicates.")]


@router.post("", status_code=status.HTTP_201_CREATED, response_model=PatientRead)
async def create_patient(data: PatientCreate, service: Service, allow_duplicate: AllowDuplicate = False) -> Patient:
    """Register a patient. A likely duplicate is refused with a list of the matching patients."""
    return await service.create(data, allow_duplicate=allow_duplicate)


@router.get("", response_model=Page[PatientRead])
async def list_patients(
    query: Annotated[PatientQuery, Query()],
    service: Service,
    reader: PrincipalDep,
) -> Listing[Patient]:
    """List patients, oldest record first."""
    listing = await service.list(query)
    service.note_access(reader.user_id, AccessKind.LIST, *(patient.id for patient in listing.items))
    return listing


@router.get("/{patient_id}", response_model=PatientRead)
async def get_patient(patient_id: UUID, service: Service, reader: PrincipalDep) -> Patient:
    """Return a patient."""
    patient = await service.get(patient_id)
    service.note_access(reader.user_id, AccessKind.RECORD, patient_id)
    return patient


@router.patch("/{patient_id}", response_model=PatientRead)
async def update_patient(
    patient_id: UUID,
    changes: PatientUpdate,
    service: Service,
    allow_duplicate: AllowDuplicate = False,
) -> Patient:
    """Change a patient. A likely duplicate is refused with a list of the matching patients."""
    return await service.update(patient_id, changes, allow_duplicate=allow_duplicate)


@router.delete("/{patient_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_patient(patient_id: UUID, service: Service) -> None:
    """Delete a patient."""
    await service.delete(patient_id)


@router.get("/{patient_id}/duplicates")
async def find_duplicates(
    patient_id: UUID,
    query: Annotated[ListQuery, Query()],
    service: Service,
    reader: PrincipalDep,
) -> Page[Duplicate]:
    """List likely duplicates of a patient, most likely first."""
    page = await service.duplicates(patient_id, query)
    service.note_access(reader.user_id, AccessKind.LIST, *(duplicate.id for duplicate in page.items))
    return page


@router.post("/{patient_id}/merge", response_model=PatientRead, dependencies=ADMIN_ONLY)
async def merge_patients(patient_id: UUID, merge: PatientMerge, service: Service) -> Patient:
    """Merge a duplicate into a patient."""
    return await service.merge(patient_id, merge.duplicate_id)


@router.get("/{patient_id}/timeline", response_model=Page[TimelineEntry])
async def read_timeline(
    patient_id: UUID,
    query: Annotated[ListQuery, Query()],
    service: Service,
    reader: PrincipalDep,
) -> Listing[Event]:
    """List the events of a patient, oldest first."""
    listing = await service.timeline(patient_id, query)
    service.note_access(reader.user_id, AccessKind.TIMELINE, patient_id)
    return listing


@router.get("/{patient_id}/accesses", response_model=Page[AccessRead], dependencies=ADMIN_ONLY)
async def list_accesses(
    patient_id: UUID,
    query: Annotated[AccessQuery, Query()],
    service: Service,
) -> Listing[PatientAccess]:
    """List who has read something about a patient, oldest first; also about a merged or erased one."""
    return await service.accesses(patient_id, query)


@router.get("/{patient_id}/export", dependencies=ADMIN_ONLY)
async def export_patient(patient_id: UUID, service: Service, reader: PrincipalDep) -> PatientExport:
    """Return everything that the service stores about a patient."""
    export = await service.export(patient_id)
    service.note_access(reader.user_id, AccessKind.EXPORT, patient_id)
    return export


@router.post("/{patient_id}/erase", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def erase_patient(patient_id: UUID, service: Service) -> None:
    """Erase the personal data of a patient for good. A repeated request does nothing."""
    await service.erase(patient_id)
