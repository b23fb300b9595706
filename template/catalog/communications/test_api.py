"""Tests of the API of communications."""

from http import HTTPStatus
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient

from your_service.modules.communications.models import Communication, CommunicationState
from your_service.modules.communications.service import CommunicationService

from tests.support.factories import Payload

Headers = dict[str, str]


async def test_a_scheduled_message_is_returned_in_the_spelling_of_its_channel(
    client: AsyncClient, auth_headers: Headers, communication_payload: Payload
) -> None:
    recipient = {"recipient_kind": "patient", "recipient_id": str(uuid4())}
    message = communication_payload(address="+1 202 555 0123", send_at="2130-01-01T12:00:00+02:00", **recipient)

    response = await client.post("/communications", json=message, headers=auth_headers)

    created = response.json()
    assert response.status_code == HTTPStatus.CREATED
    assert created == {
        **{name: created[name] for name in ("id", "created_at", "updated_at")},
        **message,
        **dict.fromkeys(["subject", "token_kind", "template", "variables", "failure", "sent_at", "provider_id"]),
        "address": "+12025550123",
        "send_at": "2130-01-01T10:00:00Z",
        "state": "queued",
        "attempts": 0,
    }
    read = await client.get(f"/communications/{created['id']}", headers=auth_headers)
    assert read.json() == created


async def test_a_request_cannot_ask_for_a_token(
    client: AsyncClient, auth_headers: Headers, communication_payload: Payload
) -> None:
    message = communication_payload(text="{token}", token_kind="test")

    response = await client.post("/communications", json=message, headers=auth_headers)

    (error,) = response.json()["errors"]
    assert (response.status_code, error["loc"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, ["body", "token_kind"])


async def test_an_unknown_channel_is_refused(
    client: AsyncClient, auth_headers: Headers, communication_payload: Payload
) -> None:
    response = await client.post("/communications", json=communication_payload(channel="fax"), headers=auth_headers)

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    (error,) = response.json()["errors"]
    assert (error["loc"], error["type"]) == (["body", "channel"], "enum")


async def test_an_address_of_another_channel_is_refused(
    client: AsyncClient, auth_headers: Headers, communication_payload: Payload
) -> None:
    message = communication_payload(address="ada@example.com")

    response = await client.post("/communications", json=message, headers=auth_headers)

    (error,) = response.json()["errors"]
    assert (response.status_code, error["loc"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, ["body", "address"])


async def test_messages_are_listed_by_recipient_and_state(
    client: AsyncClient,
    auth_headers: Headers,
    communication_payload: Payload,
    communication_service: CommunicationService,
    test_communication_id: UUID,
) -> None:
    other = await client.post(
        "/communications",
        json=communication_payload(address="+12025550199"),
        headers=auth_headers,
    )
    await communication_service.cancel(test_communication_id)

    pages = [
        await client.get("/communications", params=filters, headers=auth_headers)
        for filters in ({"address": "+1 202 555 0199"}, {"state": "cancelled"}, {"channel": "email"})
    ]

    found = [[item["id"] for item in page.json()["items"]] for page in pages]
    assert found == [[other.json()["id"]], [str(test_communication_id)], []]


@pytest.mark.parametrize(("action", "state"), [("cancel", "cancelled"), ("send-again", "queued")])
async def test_a_message_is_cancelled_or_sent_again(
    client: AsyncClient,
    auth_headers: Headers,
    communication_service: CommunicationService,
    test_communication: Communication,
    action: str,
    state: str,
) -> None:
    if action == "send-again":
        test_communication.state = CommunicationState.FAILED
        await communication_service.session.flush()
    path = f"/communications/{test_communication.id}"

    response = await client.post(f"{path}/{action}", headers=auth_headers)

    read = await client.get(path, headers=auth_headers)
    assert (response.status_code, response.json()["state"]) == (HTTPStatus.OK, state)
    assert read.json() == response.json()
