"""Tests of the API for notifications, their templates and preferences."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.notifications.models import NotificationPreference, NotificationTemplate

from tests.support.checks import write_and_read
from tests.support.factories import Payload

TEMPLATES = "/notification-templates"
PREFERENCES = "/notification-preferences"
URL = "/notifications"


async def test_responses_about_templates_contain_the_stored_values(
    admin_client: AsyncClient,
    notification_template_payload: Payload,
    test_notification_template: NotificationTemplate,
) -> None:
    body = notification_template_payload(name=" results ", short_text=None)
    stored = body | {"name": "results"}

    created = await write_and_read(admin_client, TEMPLATES, body)
    body["name"] = " other results"
    changed = await write_and_read(admin_client, TEMPLATES, body, test_notification_template.id)

    assert created.items() >= stored.items()
    assert changed.items() >= (stored | {"name": "other results"}).items()


async def test_a_template_with_an_unlisted_variable_is_refused(
    admin_client: AsyncClient,
    notification_template_payload: Payload,
) -> None:
    response = await admin_client.post(TEMPLATES, json=notification_template_payload(text="$when"))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    [error] = response.json()["errors"]
    assert (error["loc"], error["allowed"]) == (["body", "text"], ["name", "place"])


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_changing_templates_requires_an_admin(
    member_client: AsyncClient,
    notification_template_payload: Payload,
    test_notification_template: NotificationTemplate,
    method: str,
) -> None:
    url = f"{TEMPLATES}/{test_notification_template.id}"

    response = await member_client.request(
        method, TEMPLATES if method == "POST" else url, json=notification_template_payload()
    )

    assert response.status_code == status.HTTP_403_FORBIDDEN


async def test_list_and_delete_templates(
    admin_client: AsyncClient,
    test_notification_template: NotificationTemplate,
) -> None:
    listed = await admin_client.get(TEMPLATES, params={"search": "RESULTS"})

    deleted = await admin_client.delete(f"{TEMPLATES}/{test_notification_template.id}")

    assert [item["id"] for item in listed.json()["items"]] == [str(test_notification_template.id)]
    assert deleted.status_code == status.HTTP_204_NO_CONTENT
    left = await admin_client.get(TEMPLATES)
    assert left.json()["items"] == []


async def test_responses_about_preferences_contain_the_stored_values(
    member_client: AsyncClient,
    test_notification_preference: NotificationPreference,
) -> None:
    quiet = {"quiet_from": "22:00", "quiet_until": "07:30", "time_zone": "Europe/Berlin", "batch_minutes": "5"}
    stored = {"quiet_from": "22:00:00", "quiet_until": "07:30:00", "time_zone": "Europe/Berlin", "batch_minutes": 5}
    recipient = {"recipient_kind": "patient", "recipient_id": "00000000-0000-4000-8000-000000000001"}

    created = await write_and_read(member_client, PREFERENCES, recipient | quiet)
    body = quiet | {"channels": ["sms"]}
    changed = await write_and_read(member_client, PREFERENCES, body, test_notification_preference.id)

    assert created.items() >= (recipient | stored | {"channels": ["whatsapp", "sms", "email"]}).items()
    assert changed.items() >= (stored | {"channels": ["sms"]}).items()


async def test_list_and_delete_preferences(
    member_client: AsyncClient,
    test_notification_preference: NotificationPreference,
) -> None:
    recipient = {"recipient_id": str(test_notification_preference.recipient_id), "recipient_kind": "patient"}
    listed = await member_client.get(PREFERENCES, params=recipient)

    deleted = await member_client.delete(f"{PREFERENCES}/{test_notification_preference.id}")

    assert [item["id"] for item in listed.json()["items"]] == [str(test_notification_preference.id)]
    assert deleted.status_code == status.HTTP_204_NO_CONTENT
    left = await member_client.get(PREFERENCES, params=recipient)
    assert left.json()["items"] == []


async def test_notify(member_client: AsyncClient, notification_payload: Payload) -> None:
    response = await member_client.post(URL, json=notification_payload())

    assert response.status_code == status.HTTP_201_CREATED
    sent = response.json()
    assert [(each["channel"], each["not_sent"]) for each in sent["deliveries"]] == [("email", None), ("sms", None)]
    found = await member_client.get(f"{URL}/{sent['id']}")
    assert found.json() == sent
    for delivery in sent["deliveries"]:
        communication = await member_client.get(f"/communications/{delivery['communication_id']}")
        assert communication.json()["channel"] == delivery["channel"]


async def test_notify_refuses_missing_values(member_client: AsyncClient, notification_payload: Payload) -> None:
    response = await member_client.post(URL, json=notification_payload(values={"name": "Ada"}))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    [error] = response.json()["errors"]
    assert (error["loc"], error["msg"]) == (["body", "values"], "Values are missing: place.")


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"recipient_kind": "patient"}, 1),
        ({"recipient_kind": "practitioner"}, 0),
        ({"recipient_id": "00000000-0000-4000-8000-000000000001"}, 1),
        ({"recipient_id": "00000000-0000-4000-8000-000000000002"}, 0),
        ({"template_id": "00000000-0000-4000-8000-000000000001"}, 0),
    ],
)
async def test_list_filters(
    member_client: AsyncClient,
    test_notification_id: UUID,
    query: dict[str, Any],
    number: int,
) -> None:
    response = await member_client.get(URL, params=query)

    assert [item["id"] for item in response.json()["items"]] == [str(test_notification_id)] * number
