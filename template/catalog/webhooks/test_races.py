"""Tests of requests of providers that arrive at the same time, on PostgreSQL."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import Event, EventBus
from your_service.modules.webhooks.models import InboundMessage, Receipt
from your_service.modules.webhooks.schemas import TwilioMessage
from your_service.modules.webhooks.service import InboundMessageService

from tests.support.factories import Payload
from tests.support.races import RaceRunner


@pytest.mark.parametrize("number", [2, 5])
async def test_a_message_that_arrives_several_times_at_once_counts_once(
    race: RaceRunner,
    inbound_message_service: InboundMessageService,
    inbound_message_payload: Payload,
    number: int,
) -> None:
    message = TwilioMessage.model_validate(inbound_message_payload())
    await inbound_message_service.session.commit()

    async def receive(session: AsyncSession) -> None:
        await InboundMessageService(session, EventBus(session)).receive_message(message)

    outcomes = await race(*[receive] * number)

    # None of them is an error, because the provider would repeat the request.
    assert outcomes == [None] * number
    received = select(func.count(Event.id)).where(Event.name == "inbound_message.received")
    for statement in (select(func.count(InboundMessage.id)), select(func.count(Receipt.id)), received):
        assert await inbound_message_service.session.scalar(statement) == 1
