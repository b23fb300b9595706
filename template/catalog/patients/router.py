"""Routes for patients. For a merged patient they respond with 410 and `merged_into_id`."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.events import Event
from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import ListQuery, Page
from ...core.security import ADMIN_ONLY
from .models import Patient
from .schemas import (
    Duplicate,
    PatientCreate,
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
async def list_patients(query: Annotated[PatientQuery, Query()], service: Service) -> Listing[Patient]:
    """List patients, oldest record first."""
    return await service.list(query)


@router.get("/{patient_id}", response_model=PatientRead)
async def get_patient(patient_id: UUID, service: Service) -> Patient:
    """Return a patient."""
    return await service.get(patient_id)


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
) -> Page[Duplicate]:
    """List likely duplicates of a patient, most likely first."""
    return await service.duplicates(patient_id, query)


@router.post("/{patient_id}/merge", response_model=PatientRead, dependencies=ADMIN_ONLY)
async def merge_patients(patient_id: UUID, merge: PatientMerge, service: Service) -> Patient:
    """Merge a duplicate into a patient."""
    return await service.merge(patient_id, merge.duplicate_id)


@router.get("/{patient_id}/timeline", response_model=Page[TimelineEntry])
async def read_timeline(patient_id: UUID, query: Annotated[ListQuery, Query()], service: Service) -> Listing[Event]:
    """List the events of a patient, oldest first."""
    return await service.timeline(patient_id, query)
