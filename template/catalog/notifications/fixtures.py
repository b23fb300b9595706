"""Fixtures of notifications, their templates and preferences."""

from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.notifications.models import (
    Notification,
    NotificationPreference,
    NotificationTemplate,
)
from your_service.modules.notifications.schemas import (
    NotificationCreate,
    NotificationPreferenceCreate,
    NotificationTemplateCreate,
)
from your_service.modules.notifications.service import (
    NotificationPreferenceService,
    NotificationService,
    NotificationTemplateService,
)

from tests.support.factories import Factory, Payload


@pytest.fixture
def notification_template_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> NotificationTemplateService:
    """The service for templates of the test's organisation."""
    return NotificationTemplateService(db_session, event_bus)


@pytest.fixture
def notification_template_payload() -> Payload:
    """Return a function that makes the request body of a template for e-mail and SMS, with a different name each time."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        return {
            "name": f"results_{next(numbers)}",
            "channels": ["email", "sms"],
            "variables": ["name", "place"],
            "subject": "Your results, $name",
            "text": "Dear $name,\n\nyour results are at ${place}.",
            "short_text": "Results at $place.",
            "whatsapp_template": None,
            **overrides,
        }

    return make


@pytest.fixture
def make_notification_template(
    notification_template_service: NotificationTemplateService,
    notification_template_payload: Payload,
) -> Factory[NotificationTemplate]:
    """Return a function that creates a template; arguments override the payload."""

    async def make(**overrides: Any) -> NotificationTemplate:
        data = NotificationTemplateCreate(**notification_template_payload(**overrides))
        return await notification_template_service.create(data)

    return make


@pytest.fixture
async def test_notification_template(
    make_notification_template: Factory[NotificationTemplate],
) -> NotificationTemplate:
    """A template for e-mail and SMS, with the variables name and place."""
    return await make_notification_template()


@pytest.fixture
def notification_preference_payload() -> Payload:
    """Return a function that makes the request body of a preference, each time of another recipient."""

    def make(**overrides: Any) -> dict[str, Any]:
        return {"recipient_kind": "patient", "recipient_id": str(uuid4()), **overrides}

    return make


@pytest.fixture
def make_notification_preference(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
    notification_preference_payload: Payload,
) -> Factory[NotificationPreference]:
    """Return a function that stores a preference; arguments override the payload."""

    async def make(**overrides: Any) -> NotificationPreference:
        data = NotificationPreferenceCreate(**notification_preference_payload(**overrides))
        return await NotificationPreferenceService(db_session, event_bus).create(data)

    return make


@pytest.fixture
async def test_notification_preference(
    make_notification_preference: Factory[NotificationPreference],
) -> NotificationPreference:
    """The preference of a recipient who wants everything at once."""
    return await make_notification_preference()


@pytest.fixture
def notification_service(
    db_session: AsyncSession,
    event_bus: EventBus,
    organisation: Organisation,
) -> NotificationService:
    """The service for notifications of the test's organisation."""
    return NotificationService(db_session, event_bus)


@pytest.fixture
def notification_payload(test_notification_template: NotificationTemplate) -> Payload:
    """Return a function that makes the request body of a notification, each time for another place."""
    numbers = count(1)

    def make(**overrides: Any) -> dict[str, Any]:
        return {
            "template": test_notification_template.name,
            "values": {"name": "Ada", "place": f"desk {next(numbers)}"},
            "recipient_kind": "patient",
            "recipient_id": "00000000-0000-4000-8000-000000000001",
            "addresses": {"email": "ada@example.com", "sms": "+12025550100"},
            **overrides,
        }

    return make


@pytest.fixture
def make_notification(
    notification_service: NotificationService,
    notification_payload: Payload,
) -> Factory[Notification]:
    """Return a function that sends a notification; arguments override the payload."""

    async def make(**overrides: Any) -> Notification:
        return await notification_service.notify(NotificationCreate(**notification_payload(**overrides)))

    return make


@pytest.fixture
async def test_notification(make_notification: Factory[Notification]) -> Notification:
    """A notification to Ada by e-mail and SMS."""
    return await make_notification()


@pytest.fixture
def test_notification_id(test_notification: Notification) -> UUID:
    """The identifier of `test_notification`."""
    return test_notification.id
