"""Tests of the API for conversations."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.conversations.models import Conversation

from tests.support.checks import write_and_read
from tests.support.factories import Payload

URL = "/conversations"


async def test_start_conversation(member_client: AsyncClient, conversation_payload: Payload) -> None:
    body = conversation_payload(context={"reason": "Check-up"})

    created = await write_and_read(member_client, URL, body)

    assert created.items() >= (body | {"state": "open", "last_sequence": 0}).items()


async def test_a_second_conversation_names_the_first(
    member_client: AsyncClient,
    conversation_payload: Payload,
    test_conversation: Conversation,
) -> None:
    body = conversation_payload(participant=test_conversation.participant)

    response = await member_client.post(URL, json=body)

    assert response.status_code == status.HTTP_409_CONFLICT
    (error,) = response.json()["errors"]
    assert error["records"] == [{"kind": "conversation", "id": str(test_conversation.id)}]


async def test_update_conversation(member_client: AsyncClient, test_conversation_id: UUID) -> None:
    await write_and_read(member_client, URL, {"context": {"day": "Monday", "slot": 1}}, test_conversation_id)
    updated = await write_and_read(member_client, URL, {"context": {"slot": None}}, test_conversation_id)

    assert updated["context"] == {"day": "Monday"}


@pytest.mark.usefixtures("no_handlers")
async def test_reply_and_list_messages(member_client: AsyncClient, test_conversation: Conversation) -> None:
    url = f"{URL}/{test_conversation.id}/messages"

    created = [await member_client.post(url, json={"text": text}) for text in ("At nine?", "Or at ten?")]

    assert [response.status_code for response in created] == [status.HTTP_201_CREATED] * 2
    page = await member_client.get(url)
    assert page.json()["items"] == [response.json() for response in created]
    texts = [(each["sequence"], each["direction"], each["text"]) for each in page.json()["items"]]
    assert texts == [(1, "outbound", "At nine?"), (2, "outbound", "Or at ten?")]
    inbound = await member_client.get(url, params={"direction": "inbound"})
    assert inbound.json()["items"] == []
    conversation = await member_client.get(f"{URL}/{test_conversation.id}")
    assert (conversation.json()["state"], conversation.json()["last_sequence"]) == ("waiting", 2)


async def test_move_conversation(member_client: AsyncClient, test_conversation_id: UUID) -> None:
    moved = await member_client.post(f"{URL}/{test_conversation_id}/move", json={"state": "closed"})
    again = await member_client.post(f"{URL}/{test_conversation_id}/move", json={"state": "open"})

    assert (moved.status_code, moved.json()["state"]) == (status.HTTP_200_OK, "closed")
    assert again.status_code == status.HTTP_409_CONFLICT


@pytest.mark.parametrize(
    ("query", "found"),
    [({"state": "open"}, 1), ({"state": "closed"}, 0), ({"channel": "whatsapp"}, 1), ({"channel": "sms"}, 0)],
)
async def test_lists_are_filtered(
    member_client: AsyncClient,
    test_conversation: Conversation,
    query: dict[str, Any],
    found: int,
) -> None:
    page = await member_client.get(URL, params=query)

    assert len(page.json()["items"]) == found
