"""Routes for the API keys of an organisation. Only admins use them, and no machine: a key must not make keys."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.resource import Listing
from ...core.routing import PrefixRouter, ServiceRouter, TransactionRoute
from ...core.schemas import ListQuery, Page
from ...core.security import ADMIN_ONLY, PEOPLE_ONLY, PrincipalDep
from .api_keys import ApiKeyService
from .models import ApiKey
from .schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyRead

Service = Annotated[ApiKeyService, Depends(ApiKeyService.of_request)]

ALLOWED = [*PEOPLE_ONLY, *ADMIN_ONLY]

api_keys = ServiceRouter(prefix="/api-keys", tags=["auth"], dependencies=ALLOWED)
# Without `Idempotency-Key`, because the key must not be in a stored response.
once = PrefixRouter(prefix="/api-keys", tags=["auth"], dependencies=ALLOWED, route_class=TransactionRoute)


@once.post("", status_code=status.HTTP_201_CREATED, response_model=ApiKeyCreated)
async def create_api_key(data: ApiKeyCreate, service: Service, principal: PrincipalDep) -> ApiKeyCreated:
    """Create an API key. Only this response contains it."""
    api_key, text = await service.issue(data, principal.user_id)
    return ApiKeyCreated(**ApiKeyRead.model_validate(api_key).model_dump(), key=text)


@api_keys.get("", response_model=Page[ApiKeyRead])
async def list_api_keys(query: Annotated[ListQuery, Query()], service: Service) -> Listing[ApiKey]:
    """List the API keys of the organisation, oldest first."""
    return await service.list(query)


@api_keys.get("/{api_key_id}", response_model=ApiKeyRead)
async def get_api_key(api_key_id: UUID, service: Service) -> ApiKey:
    """Return what is known of an API key."""
    return await service.get(api_key_id)


@api_keys.delete("/{api_key_id}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke_api_key(api_key_id: UUID, service: Service) -> None:
    """Revoke an API key: its next request is refused."""
    await service.revoke(api_key_id)


router = ServiceRouter()
router.include_router(once)
router.include_router(api_keys)
