"""Benchmarks of the service for inbound messages."""

import pytest

from your_service.modules.webhooks.models import InboundMessage
from your_service.modules.webhooks.schemas import InboundMessageQuery, TwilioMessage
from your_service.modules.webhooks.service import InboundMessageService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_messages(make_inbound_message: Factory[InboundMessage]) -> list[InboundMessage]:
    """Two hundred messages of two senders."""
    return [await make_inbound_message(From=f"+1202555010{number % 2}") for number in range(200)]


def test_receive_message(
    measure: Measure,
    inbound_message_service: InboundMessageService,
    inbound_message_payload: Payload,
    many_messages: list[InboundMessage],
) -> None:
    messages = [TwilioMessage.model_validate(inbound_message_payload(MessageSid=f"MM{n:032x}")) for n in range(ROUNDS)]

    measure(lambda: inbound_message_service.receive_message(messages.pop()))

    assert messages == []


def test_list_by_sender(
    measure: Measure,
    inbound_message_service: InboundMessageService,
    many_messages: list[InboundMessage],
) -> None:
    query = InboundMessageQuery(sender="+12025550100")

    found = measure(lambda: inbound_message_service.list(query))

    assert [*found.items] == many_messages[::2][: query.limit]
