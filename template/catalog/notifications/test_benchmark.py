"""Benchmarks of the service for notifications."""

import pytest

from your_service.modules.notifications.models import Notification
from your_service.modules.notifications.schemas import NotificationCreate, NotificationQuery
from your_service.modules.notifications.service import NotificationService

from tests.performance.measure import Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_notifications(make_notification: Factory[Notification]) -> list[Notification]:
    """A hundred notifications of one recipient."""
    return [await make_notification() for _ in range(100)]


def test_notify(
    measure: Measure,
    notification_service: NotificationService,
    notification_payload: Payload,
    many_notifications: list[Notification],
) -> None:
    data = NotificationCreate(**notification_payload())

    sent = measure(lambda: notification_service.notify(data))

    assert sent not in many_notifications


def test_list_by_recipient(
    measure: Measure,
    notification_service: NotificationService,
    many_notifications: list[Notification],
) -> None:
    query = NotificationQuery(recipient_id=many_notifications[0].recipient_id)

    found = measure(lambda: notification_service.list(query))

    assert found.items == many_notifications[:50]
