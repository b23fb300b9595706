"""Tests of concurrent notifications, on PostgreSQL."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.communications.models import Communication
from your_service.modules.notifications.models import Notification, NotificationPreference
from your_service.modules.notifications.schemas import NotificationCreate
from your_service.modules.notifications.service import NotificationService

from tests.support.factories import Factory, Payload
from tests.support.races import Racer, RaceRunner


def notifying(data: NotificationCreate) -> Racer:
    async def notify(session: AsyncSession) -> Notification:
        return await NotificationService(session, EventBus(session)).notify(data)

    return notify


async def test_concurrent_notifications_become_one_message(
    race: RaceRunner,
    notification_service: NotificationService,
    notification_payload: Payload,
    make_notification_preference: Factory[NotificationPreference],
) -> None:
    first = NotificationCreate(**notification_payload(addresses={"sms": "+12025550100"}))
    await make_notification_preference(recipient_id=first.recipient_id, batch_minutes=10)
    await notification_service.session.commit()

    await race(*[notifying(first)] * 5)

    found = await notification_service.session.scalars(select(Communication))
    assert [each.text for each in found] == ["\n\n".join(["Results at desk 1."] * 5)]
