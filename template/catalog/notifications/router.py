"""Routes for notifications, their templates and preferences."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from ...core.resource import Listing
from ...core.routing import ServiceRouter
from ...core.schemas import Page, SearchQuery
from ...core.security import ADMIN_ONLY
from .models import Notification, NotificationPreference, NotificationTemplate
from .schemas import (
    NotificationCreate,
    NotificationPreferenceCreate,
    NotificationPreferenceQuery,
    NotificationPreferenceRead,
    NotificationPreferenceUpdate,
    NotificationQuery,
    NotificationRead,
    NotificationTemplateCreate,
    NotificationTemplateRead,
    NotificationTemplateUpdate,
)
from .service import NotificationPreferenceService, NotificationService, NotificationTemplateService

templates = ServiceRouter(prefix="/notification-templates")
preferences = ServiceRouter(prefix="/notification-preferences")
notifications = ServiceRouter(prefix="/notifications")

Templates = Annotated[NotificationTemplateService, Depends(NotificationTemplateService.of_request)]
Preferences = Annotated[NotificationPreferenceService, Depends(NotificationPreferenceService.of_request)]
Service = Annotated[NotificationService, Depends(NotificationService.of_request)]


@templates.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=NotificationTemplateRead,
    dependencies=ADMIN_ONLY,
)
async def create_notification_template(data: NotificationTemplateCreate, service: Templates) -> NotificationTemplate:
    """Create a template; every variable in its texts must be in its list of variables."""
    return await service.create(data)


@templates.get("", response_model=Page[NotificationTemplateRead])
async def list_notification_templates(
    query: Annotated[SearchQuery, Query()],
    service: Templates,
) -> Listing[NotificationTemplate]:
    """List templates, oldest first."""
    return await service.list(query)


@templates.get("/{notification_template_id}", response_model=NotificationTemplateRead)
async def get_notification_template(notification_template_id: UUID, service: Templates) -> NotificationTemplate:
    """Return a template."""
    return await service.get(notification_template_id)


@templates.patch(
    "/{notification_template_id}",
    response_model=NotificationTemplateRead,
    dependencies=ADMIN_ONLY,
)
async def update_notification_template(
    notification_template_id: UUID,
    changes: NotificationTemplateUpdate,
    service: Templates,
) -> NotificationTemplate:
    """Change a template; messages that wait keep their texts."""
    return await service.update(notification_template_id, changes)


@templates.delete("/{notification_template_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=ADMIN_ONLY)
async def delete_notification_template(notification_template_id: UUID, service: Templates) -> None:
    """Delete a template that was never used."""
    await service.delete(notification_template_id)


@preferences.post("", status_code=status.HTTP_201_CREATED, response_model=NotificationPreferenceRead)
async def create_notification_preference(
    data: NotificationPreferenceCreate,
    service: Preferences,
) -> NotificationPreference:
    """Store how a recipient wants to be notified."""
    return await service.create(data)


@preferences.get("", response_model=Page[NotificationPreferenceRead])
async def list_notification_preferences(
    query: Annotated[NotificationPreferenceQuery, Query()],
    service: Preferences,
) -> Listing[NotificationPreference]:
    """List preferences, oldest first."""
    return await service.list(query)


@preferences.get("/{notification_preference_id}", response_model=NotificationPreferenceRead)
async def get_notification_preference(notification_preference_id: UUID, service: Preferences) -> NotificationPreference:
    """Return a preference."""
    return await service.get(notification_preference_id)


@preferences.patch("/{notification_preference_id}", response_model=NotificationPreferenceRead)
async def update_notification_preference(
    notification_preference_id: UUID,
    changes: NotificationPreferenceUpdate,
    service: Preferences,
) -> NotificationPreference:
    """Change a preference; messages that wait keep their time."""
    return await service.update(notification_preference_id, changes)


@preferences.delete("/{notification_preference_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_notification_preference(notification_preference_id: UUID, service: Preferences) -> None:
    """Delete a preference; the defaults apply again."""
    await service.delete(notification_preference_id)


@notifications.post("", status_code=status.HTTP_201_CREATED, response_model=NotificationRead)
async def send_notification(data: NotificationCreate, service: Service) -> Notification:
    """Send a notification on the channels of its template that the recipient wants."""
    return await service.notify(data)


@notifications.get("", response_model=Page[NotificationRead])
async def list_notifications(query: Annotated[NotificationQuery, Query()], service: Service) -> Listing[Notification]:
    """List notifications, oldest first."""
    return await service.list(query)


@notifications.get("/{notification_id}", response_model=NotificationRead)
async def get_notification(notification_id: UUID, service: Service) -> Notification:
    """Return a notification with what each channel did."""
    return await service.get(notification_id)


router = ServiceRouter(tags=["notifications"])
router.include_router(templates)
router.include_router(preferences)
router.include_router(notifications)
