"""Routes for workflow runs, and for the callbacks of n8n, which are signed."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, status

from ...core.callbacks import RawBody, parse_body
from ...core.errors import Forbidden
from ...core.gateways import N8nDep
from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page
from ...core.security import OrganisationDep
from ...gateways.n8n import BadSignature
from .models import WorkflowRun
from .schemas import RunResult, WorkflowRunCreate, WorkflowRunQuery, WorkflowRunRead
from .service import WorkflowRunService

runs = ServiceRouter(prefix="/workflow-runs", tags=["n8n"])
callbacks = ServiceRouter(prefix="/n8n", tags=["n8n"])

Service = Annotated[WorkflowRunService, Depends(WorkflowRunService.of_request)]


@runs.post("", status_code=status.HTTP_201_CREATED, response_model=WorkflowRunRead)
async def create_workflow_run(data: WorkflowRunCreate, service: Service) -> WorkflowRun:
    """Queue a workflow; the worker starts it within seconds."""
    return await service.create(data)


@runs.get("", response_model=Page[WorkflowRunRead])
async def list_workflow_runs(
    query: Annotated[WorkflowRunQuery, Query()],
    service: Service,
) -> Listing[WorkflowRun]:
    """List runs, oldest first."""
    return await service.list(query)


@runs.get("/{workflow_run_id}", response_model=WorkflowRunRead)
async def get_workflow_run(workflow_run_id: UUID, service: Service) -> WorkflowRun:
    """Return a run."""
    return await service.get(workflow_run_id)


@runs.post("/{workflow_run_id}/retry", response_model=WorkflowRunRead)
async def retry_workflow_run(workflow_run_id: UUID, service: Service) -> WorkflowRun:
    """Queue a run again that has failed, or of which nothing was heard."""
    return await service.retry(workflow_run_id)


async def signed_callback(
    body: RawBody,
    n8n: N8nDep,
    timestamp: Annotated[str, Header(alias="X-Signature-Timestamp")] = "",
    signature: Annotated[str, Header(alias="X-Signature")] = "",
) -> bytes:
    """Return the body of a signed callback, or raise `Forbidden`."""
    try:
        n8n.check_callback(body, timestamp, signature)
    except BadSignature:
        raise Forbidden("The signature is not valid.") from None
    return body


@callbacks.public.post("/{organisation_id}/callbacks", status_code=status.HTTP_204_NO_CONTENT)
async def receive_callback(
    body: Annotated[bytes, Depends(signed_callback)],
    organisation: OrganisationDep,
    service: Service,
) -> None:
    """Receive the result of a workflow; a repeated callback changes nothing."""
    await service.finish(parse_body(RunResult, body))


router = ServiceRouter()
router.include_router(runs)
router.include_router(callbacks)
