"""Tests of messages that arrive at the same time, on PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.events import EventBus
from your_service.modules.conversations.models import Conversation, Message
from your_service.modules.conversations.schemas import ContextUpdate, Reply
from your_service.modules.conversations.service import ConversationService

from tests.support.factories import Factory
from tests.support.races import Racer, RaceRunner


def receiving(text: str, participant: str = "+12025550143") -> Racer:
    async def receive(session: AsyncSession) -> Message:
        return await ConversationService(session, EventBus(session)).receive("sms", participant, text=text)

    return receive


async def test_first_messages_that_arrive_at_once_are_one_conversation_in_order(
    race: RaceRunner,
    conversation_service: ConversationService,
) -> None:
    await conversation_service.session.commit()

    outcomes = await race(*(receiving(f"Message {number}") for number in range(6)))

    assert len({message.conversation_id for message in outcomes}) == 1
    assert sorted(message.sequence for message in outcomes) == [1, 2, 3, 4, 5, 6]
    found = await conversation_service.messages(outcomes[0].conversation_id)
    assert [message.text for message in found.items] == [
        message.text for message in sorted(outcomes, key=lambda message: message.sequence)
    ]


async def test_messages_of_both_sides_at_once_get_different_numbers(
    race: RaceRunner,
    conversation_service: ConversationService,
    make_conversation: Factory[Conversation],
) -> None:
    conversation = await make_conversation(channel="sms", participant="+12025550143")
    await conversation_service.session.commit()

    async def reply(session: AsyncSession) -> Message:
        return await ConversationService(session, EventBus(session)).reply(conversation.id, Reply(text="Out"))

    outcomes = await race(receiving("One"), reply, receiving("Two"), reply)

    assert sorted(message.sequence for message in outcomes) == [1, 2, 3, 4]
    await conversation_service.session.refresh(conversation)
    assert conversation.last_sequence == 4


async def test_a_message_that_arrives_while_the_conversation_is_closed_starts_another(
    race_in_order: RaceRunner,
    conversation_service: ConversationService,
    make_conversation: Factory[Conversation],
) -> None:
    conversation = await make_conversation(channel="sms", participant="+12025550143")
    await conversation_service.session.commit()

    async def close(session: AsyncSession) -> None:
        service = ConversationService(session, EventBus(session))
        await service.move_to(conversation.id, type(conversation.state).CLOSED)

    _, message = await race_in_order(close, receiving("Hello"))

    assert (message.conversation_id != conversation.id, message.sequence) == (True, 1)


async def test_concurrent_changes_of_the_context_are_all_kept(
    race: RaceRunner,
    conversation_service: ConversationService,
    test_conversation: Conversation,
) -> None:
    await conversation_service.session.commit()

    def remembering(number: int) -> Racer:
        async def remember(session: AsyncSession) -> None:
            changes = ContextUpdate(context={f"value_{number}": number})
            await ConversationService(session, EventBus(session)).remember(test_conversation.id, changes)

        return remember

    await race(*map(remembering, range(5)))

    await conversation_service.session.refresh(test_conversation)
    assert test_conversation.context == {f"value_{number}": number for number in range(5)}
