"""Tests of the routes for the requests of providers, and for inbound messages."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient
from pydantic import SecretStr

from your_service.core.events import Event
from your_service.core.tenancy import Organisation
from your_service.modules.webhooks.models import InboundMessage

from tests.fixtures.webhooks import OTHER_SECRET, Signed
from tests.support.factories import Payload

MESSAGES = "/inbound-messages"
SID = "SM" + "0" * 31 + "1"
CALL = {"type": "call.ended", "data": {"call_id": "c1", "caller": "+12025550143", "collected": {"name": "Ada"}}}
INBOUND: dict[str, Any] = {
    "specversion": "1.0",
    "type": "com.twilio.messaging.inbound-message.received",
    "data": {"messageSid": SID, "from": "+12025550143", "to": "+15005550006", "body": "Ahoy!", "numMedia": 0},
}
DELIVERED = {"type": "com.twilio.messaging.message.delivered", "data": {"messageSid": SID}}
OTHER = {"type": "com.twilio.voice.insights.call-event.ringing", "data": {"messageSid": 1}}

# Other modules may react to the events.
pytestmark = pytest.mark.usefixtures("webhook_app", "no_handlers")


async def test_a_message_is_received_and_read(
    client: AsyncClient,
    member_client: AsyncClient,
    signed_form: Signed,
    inbound_message_payload: Payload,
) -> None:
    fields = inbound_message_payload(From="whatsapp:+12025550143", MediaUrl0="https://api.twilio.com/Media/ME1")
    request = signed_form("messages", fields | {"MediaContentType0": "image/png"})

    response = await client.post(**request)

    assert (response.status_code, response.content) == (status.HTTP_204_NO_CONTENT, b"")
    page = await member_client.get(MESSAGES)
    (message,) = page.json()["items"]
    expected = {
        "channel": "whatsapp",
        "sender": "+12025550143",
        "recipient": "+15005550006",
        "text": "Is there a slot on Monday?",
        "media": [{"url": "https://api.twilio.com/Media/ME1", "content_type": "image/png"}],
        "provider_id": fields["MessageSid"],
    }
    assert message.items() >= expected.items()
    found = await member_client.get(f"{MESSAGES}/{message['id']}")
    assert found.json() == message


async def test_a_replayed_message_is_accepted_and_changes_nothing(
    client: AsyncClient,
    member_client: AsyncClient,
    signed_form: Signed,
    inbound_message_payload: Payload,
) -> None:
    request = signed_form("messages", inbound_message_payload())

    responses = [await client.post(**request) for _ in range(2)]

    assert [response.status_code for response in responses] == [status.HTTP_204_NO_CONTENT] * 2
    page = await member_client.get(MESSAGES)
    assert len(page.json()["items"]) == 1


async def test_a_message_belongs_to_the_organisation_in_its_path(
    client: AsyncClient,
    member_client: AsyncClient,
    other_org_client: AsyncClient,
    other_org: Organisation,
    signed_form: Signed,
    inbound_message_payload: Payload,
) -> None:
    await client.post(**signed_form("messages", inbound_message_payload(), other_org.id))

    pages = [await each.get(MESSAGES) for each in (member_client, other_org_client)]
    assert [len(page.json()["items"]) for page in pages] == [0, 1]


async def test_an_unknown_organisation_is_not_found(
    client: AsyncClient,
    signed_form: Signed,
    inbound_message_payload: Payload,
) -> None:
    response = await client.post(**signed_form("messages", inbound_message_payload(), uuid4()))

    assert response.status_code == status.HTTP_404_NOT_FOUND


async def test_a_delivery_status_is_published(
    client: AsyncClient,
    signed_form: Signed,
    published_events: list[Event],
) -> None:
    fields = {"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": "30003"}

    response = await client.post(**signed_form("statuses", fields))

    assert response.status_code == status.HTTP_204_NO_CONTENT
    assert [(event.name, event.data) for event in published_events] == [
        ("delivery_status.received", {"provider_id": SID, "status": "undelivered", "error_code": 30003})
    ]


async def test_the_events_of_a_json_body_are_received(
    client: AsyncClient,
    signed_events: Signed,
    published_events: list[Event],
) -> None:
    response = await client.post(**signed_events([OTHER, INBOUND, DELIVERED]))

    assert response.status_code == status.HTTP_204_NO_CONTENT
    assert [event.name for event in published_events] == ["inbound_message.received", "delivery_status.received"]
    assert [event.data["provider_id"] for event in published_events] == [SID, SID]


@pytest.mark.parametrize(("kind", "name"), [("call.started", "voice_call.started"), ("call.ended", "voice_call.ended")])
async def test_the_call_of_a_voice_agent_is_published(
    client: AsyncClient,
    signed_call: Signed,
    published_events: list[Event],
    kind: str,
    name: str,
) -> None:
    response = await client.post(**signed_call(CALL | {"type": kind}, secret=OTHER_SECRET))

    assert response.status_code == status.HTTP_204_NO_CONTENT
    assert [(event.name, event.data) for event in published_events] == [(name, CALL["data"])]


async def test_the_id_of_an_event_of_the_agent_counts_once(
    client: AsyncClient,
    signed_call: Signed,
    published_events: list[Event],
) -> None:
    requests = [signed_call(CALL), signed_call(CALL, "msg_2"), signed_call(CALL)]

    responses = [await client.post(**request) for request in requests]

    assert [response.status_code for response in responses] == [status.HTTP_204_NO_CONTENT] * 3
    assert len(published_events) == 2


async def test_other_events_of_the_agent_are_ignored(
    client: AsyncClient,
    signed_call: Signed,
    published_events: list[Event],
) -> None:
    response = await client.post(**signed_call({"type": "agent.updated", "data": {"call_id": 1}}))

    assert (response.status_code, published_events) == (status.HTTP_204_NO_CONTENT, [])


@pytest.fixture(params=["messages", "statuses", "events", "voice agent"])
def signed_request(
    request: pytest.FixtureRequest,
    signed_form: Signed,
    signed_events: Signed,
    signed_call: Signed,
    inbound_message_payload: Payload,
) -> dict[str, Any]:
    """A request with a valid signature, one for each route."""
    match request.param:
        case "messages":
            return signed_form("messages", inbound_message_payload())
        case "statuses":
            return signed_form("statuses", {"MessageSid": SID, "MessageStatus": "sent"})
        case "events":
            return signed_events([INBOUND])
        case _:
            return signed_call(CALL)


async def refuse(client: AsyncClient, request: dict[str, Any], statements: list[str]) -> None:
    """Send a request; fail unless it is refused before it reaches the database."""
    statements.clear()
    response = await client.post(**request)

    assert response.status_code == status.HTTP_403_FORBIDDEN
    assert response.json()["detail"] == "The signature is not valid."
    assert statements == []


async def test_a_request_without_a_signature_does_not_reach_the_database(
    client: AsyncClient,
    signed_request: dict[str, Any],
    statements: list[str],
) -> None:
    headers = {"Content-Type": signed_request["headers"]["Content-Type"]}

    await refuse(client, signed_request | {"headers": headers}, statements)


async def test_a_refused_request_is_logged_with_its_supposed_sender(
    client: AsyncClient,
    signed_request: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    sender = "the voice agent" if signed_request["url"].endswith("/voice-agent") else "Twilio"

    await client.post(**signed_request | {"content": b""})

    refused = "A request with a signature that is not valid was refused; it says that it comes from"
    assert f"{refused} {sender}." in caplog.messages


async def test_a_request_with_another_body_does_not_reach_the_database(
    client: AsyncClient,
    signed_request: dict[str, Any],
    statements: list[str],
) -> None:
    content = signed_request["content"]
    more = content + ("&Body=" if isinstance(content, str) else b" ")

    await refuse(client, signed_request | {"content": more}, statements)


async def test_a_request_of_another_url_does_not_reach_the_database(
    client: AsyncClient,
    signed_form: Signed,
    inbound_message_payload: Payload,
    other_org: Organisation,
    statements: list[str],
) -> None:
    request = signed_form("messages", inbound_message_payload())
    other = request["url"].replace(request["url"].split("/")[2], str(other_org.id))

    await refuse(client, request | {"url": other}, statements)
    await refuse(client, request | {"url": f"{request['url']}?more=1"}, statements)


async def test_an_old_request_of_the_agent_does_not_reach_the_database(
    client: AsyncClient,
    signed_call: Signed,
    statements: list[str],
) -> None:
    await refuse(client, signed_call(CALL, at=datetime(2020, 1, 1, tzinfo=UTC)), statements)


async def test_nothing_is_accepted_without_secrets(
    client: AsyncClient,
    webhook_app: FastAPI,
    signed_request: dict[str, Any],
    statements: list[str],
) -> None:
    unset = {"twilio_auth_token": None, "voice_agent_secrets": SecretStr("")}
    webhook_app.state.settings = webhook_app.state.settings.model_copy(update=unset)

    await refuse(client, signed_request, statements)


@pytest.mark.parametrize(
    ("path", "fields", "places"),
    [
        ("messages", {}, [["body", "MessageSid"], ["body", "From"], ["body", "To"]]),
        ("messages", {"MessageSid": SID, "From": "?", "To": "1"}, [["body", "From"]]),
        ("statuses", {"MessageSid": SID, "MessageStatus": "sent", "ErrorCode": "x"}, [["body", "ErrorCode"]]),
    ],
)
async def test_a_form_that_is_not_valid_is_refused(
    client: AsyncClient,
    signed_form: Signed,
    published_events: list[Event],
    path: str,
    fields: dict[str, str],
    places: list[list[str]],
) -> None:
    response = await client.post(**signed_form(path, fields))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == places
    assert published_events == []


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[1]", b'[{"type": "a"}]', b'[{"type": "a", "data": []}]'])
async def test_a_json_body_that_is_not_valid_is_refused(
    client: AsyncClient,
    signed_events: Signed,
    published_events: list[Event],
    body: bytes,
) -> None:
    response = await client.post(**signed_events(body))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert published_events == []


@pytest.mark.parametrize("wrong", [INBOUND | {"data": INBOUND["data"] | {"from": "rcs:Ada"}}, DELIVERED | {"data": {}}])
async def test_an_event_that_is_not_valid_does_not_hold_up_the_others(
    client: AsyncClient,
    signed_events: Signed,
    published_events: list[Event],
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, Any],
) -> None:
    response = await client.post(**signed_events([wrong, INBOUND, DELIVERED]))

    assert response.status_code == status.HTTP_204_NO_CONTENT
    assert [event.name for event in published_events] == ["inbound_message.received", "delivery_status.received"]
    assert f"data are not valid: {wrong['type']}" in caplog.text
    assert "Ada" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"type": "call.ended"}',
        b'{"type": "call.ended", "data": {}}',
        b'{"type": "call.ended", "data": {"call_id": ""}}',
        b'{"type": "call.ended", "data": {"call_id": "c", "collected": [1]}}',
        b'{"type": "call.ended", "data": {"call_id": "c", "collected": {"a": NaN}}}',
        b'{"type": "call.ended", "data": {"call_id": "\\ud800"}}',
    ],
)
async def test_an_event_of_the_agent_that_is_not_valid_is_refused(
    client: AsyncClient,
    signed_call: Signed,
    published_events: list[Event],
    body: bytes,
) -> None:
    response = await client.post(**signed_call(body))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert published_events == []


async def test_a_long_id_of_an_event_is_refused(client: AsyncClient, signed_call: Signed) -> None:
    responses = [await client.post(**signed_call(CALL, "m" * length)) for length in (200, 201)]

    assert [response.status_code for response in responses] == [
        status.HTTP_204_NO_CONTENT,
        status.HTTP_422_UNPROCESSABLE_CONTENT,
    ]


async def test_lists_are_filtered(
    member_client: AsyncClient,
    test_inbound_message: InboundMessage,
    test_inbound_message_id: UUID,
) -> None:
    queries = [{"channel": "sms"}, {"channel": "whatsapp"}, {"sender": "+12025550143"}, {"search": "monday"}]

    pages = [await member_client.get(MESSAGES, params=query) for query in queries]

    found = [[item["id"] for item in page.json()["items"]] for page in pages]
    assert found == [[str(test_inbound_message_id)], [], *[[str(test_inbound_message_id)]] * 2]
