"""Tests of notifications that other modules ask for."""

from typing import Any
from uuid import UUID

import pytest

from your_service.core.events import is_handled
from your_service.modules.notifications.models import NotificationPreference
from your_service.modules.notifications.service import NotificationPreferenceService, NotificationService

from tests.support.factories import Factory, Payload
from tests.test_utils import ServiceTestCase

INTAKE = UUID(int=1)
ADA = UUID("00000000-0000-4000-8000-000000000001")


class TestRequestedNotifications(ServiceTestCase[NotificationService]):
    service_class = NotificationService

    async def request(self, **data: Any) -> None:
        """Publish that another module asks for a notification."""
        await self.events.publish("notification.requested", INTAKE, about=ADA, **data)

    def test_other_modules_can_ask_for_notifications(self) -> None:
        assert is_handled("notification.requested")

    async def test_a_requested_notification_is_sent(self, notification_payload: Payload) -> None:
        await self.request(**notification_payload())

        listing = await self.service.list()
        [sent] = listing.items
        assert [each["channel"] for each in sent.deliveries if each["communication_id"]] == ["email", "sms"]
        assert "notification.refused" not in {event.name for event in self.published_events}

    @pytest.mark.parametrize(
        ("change", "detail"),
        [
            ({"template": "greeting"}, "There is no template 'greeting'."),
            ({"values": {"name": "Ada"}}, "Values are missing: place."),
            ({"recipient_kind": "A patient"}, "recipient_kind"),
        ],
    )
    async def test_a_request_that_is_refused_leaves_an_event(
        self,
        notification_payload: Payload,
        change: dict[str, Any],
        detail: str,
    ) -> None:
        await self.request(**notification_payload(**change))

        listing = await self.service.list()
        refused = self.published_events[-1]
        assert listing.items == []
        assert (refused.name, refused.record_id, refused.about) == ("notification.refused", INTAKE, ADA)
        assert detail in refused.data["detail"]


class TestErasure(ServiceTestCase[NotificationPreferenceService]):
    service_class = NotificationPreferenceService

    async def test_the_preference_of_an_erased_patient_is_deleted(
        self,
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        await make_notification_preference(recipient_id=ADA)
        kept = [
            await make_notification_preference(recipient_id=ADA, recipient_kind="practitioner"),
            await make_notification_preference(),
        ]

        for _ in range(2):
            await self.events.publish("patient.erased", ADA, known_as=[])

        listing = await self.service.list()
        assert [preference.id for preference in listing.items] == [preference.id for preference in kept]
