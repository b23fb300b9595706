"""Tests of the service for conversations."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.database import SessionFactory
from your_service.core.errors import Conflict, InvalidTransition, NotFound
from your_service.core.events import EventBus
from your_service.core.tenancy import Organisation
from your_service.modules.conversations.models import Conversation, ConversationState, Direction
from your_service.modules.conversations.schemas import (
    ContextUpdate,
    ConversationCreate,
    ConversationQuery,
    MessageQuery,
    Reply,
)
from your_service.modules.conversations.service import ConversationService

from tests.support.factories import Factory, Payload
from tests.test_utils import ServiceTestCase, TenantContext

PHOTO = {"url": "https://api.twilio.com/Media/ME1", "content_type": "image/jpeg"}
OPEN, WAITING = ConversationState.OPEN, ConversationState.WAITING
HANDED_OVER, CLOSED = ConversationState.HANDED_OVER, ConversationState.CLOSED
MOVES = [
    (OPEN, WAITING),
    (OPEN, HANDED_OVER),
    (OPEN, CLOSED),
    (WAITING, OPEN),
    (WAITING, HANDED_OVER),
    (WAITING, CLOSED),
    (HANDED_OVER, OPEN),
    (HANDED_OVER, CLOSED),
]
CHANGES: dict[str, Callable[[ConversationService, Conversation], Any]] = {
    "reply": lambda service, record: service.reply(record.id, Reply(text="Hello")),
    "remember": lambda service, record: service.remember(record.id, ContextUpdate(context={"a": 1})),
}


# Other modules may react to the events.
pytestmark = pytest.mark.usefixtures("no_handlers")


@pytest.mark.parametrize("field", ["channel", "participant"])
@pytest.mark.parametrize("wrong", [None, "", " ", "a" * 201, "a\x00b"])
def test_a_conversation_requires(conversation_payload: Payload, field: str, wrong: str | None) -> None:
    with pytest.raises(ValidationError, match=field):
        ConversationCreate(**conversation_payload(**{field: wrong}))


def test_a_reply_has_a_text() -> None:
    with pytest.raises(ValidationError, match="text"):
        Reply(text=" ")


class TestConversationService(ServiceTestCase[ConversationService]):
    """Messages, states and the context of conversations."""

    service_class = ConversationService

    @property
    def names(self) -> list[str]:
        """The names of the published events."""
        return [event.name for event in self.published_events]

    async def in_state(self, conversation: Conversation, state: ConversationState) -> Conversation:
        """Put a conversation into a state."""
        conversation.state = state
        await self.session.flush()
        return conversation

    async def test_a_new_conversation_is_open_and_has_no_messages(self, test_conversation: Conversation) -> None:
        assert (test_conversation.state, test_conversation.last_sequence) == (OPEN, 0)
        assert (test_conversation.context, self.names) == ({}, ["conversation.started"])

    async def test_a_participant_has_one_conversation_on_a_channel(
        self,
        make_conversation: Factory[Conversation],
        test_conversation: Conversation,
    ) -> None:
        with pytest.raises(Conflict) as error:
            await make_conversation(participant=test_conversation.participant)

        assert error.value.detail == "The participant has a conversation that is not closed."
        assert error.value.fields == ("participant",)
        assert error.value.hints == {"records": [{"kind": "conversation", "id": test_conversation.id}]}
        sms = await make_conversation(participant=test_conversation.participant, channel="sms")
        assert sms.id != test_conversation.id

    async def test_a_participant_is_known_in_every_spelling(self, make_conversation: Factory[Conversation]) -> None:
        conversation = await make_conversation(participant="+1 (202) 555-0143")

        found = [
            await self.service.list(ConversationQuery(participant="+1 202 5550143")),
            await self.service.list(ConversationQuery(search="+1 202 555 0143")),
            await self.service.list(ConversationQuery(search="5550143")),
        ]

        assert conversation.participant == "+12025550143"
        assert [[*each.items] for each in found] == [[conversation]] * 3
        with pytest.raises(Conflict):
            await make_conversation(participant="+12025550143")

    async def test_a_closed_conversation_leaves_room_for_another(
        self,
        make_conversation: Factory[Conversation],
        test_conversation: Conversation,
    ) -> None:
        await self.service.move_to(test_conversation.id, CLOSED)

        another = await make_conversation(participant=test_conversation.participant)

        assert another.id != test_conversation.id

    async def test_a_first_message_starts_a_conversation(self) -> None:
        message = await self.service.receive("sms", "+12025550143", text="Hi", media=[PHOTO], provider_id="SM1")

        conversation = await self.service.get(message.conversation_id)
        assert (conversation.channel, conversation.participant) == ("sms", "+12025550143")
        assert (conversation.state, conversation.context, conversation.last_sequence) == (OPEN, {}, 1)
        assert (message.sequence, message.direction, message.text) == (1, Direction.INBOUND, "Hi")
        assert (message.media, message.provider_id) == ([PHOTO], "SM1")
        assert self.names == ["conversation.started", "conversation.message_received"]

    async def test_further_messages_continue_the_conversation(self) -> None:
        messages = [await self.service.receive("sms", "+12025550143", text=text) for text in ("One", "Two", "Three")]

        assert len({message.conversation_id for message in messages}) == 1
        assert [message.sequence for message in messages] == [1, 2, 3]

    @pytest.mark.parametrize(
        ("channel", "sender", "same"),
        [("sms", "+12025550143", True), ("whatsapp", "+12025550143", False), ("sms", "+12025550199", False)],
    )
    async def test_a_message_continues_only_the_conversation_of_its_sender_on_its_channel(
        self,
        channel: str,
        sender: str,
        same: bool,
    ) -> None:
        first = await self.service.receive("sms", "+12025550143", text="One")
        second = await self.service.receive(channel, sender, text="Two")

        assert (second.conversation_id == first.conversation_id) is same
        assert second.sequence == (2 if same else 1)

    async def test_a_message_after_the_end_starts_another_conversation(self) -> None:
        first = await self.service.receive("sms", "+12025550143", text="One")
        await self.service.move_to(first.conversation_id, CLOSED)

        second = await self.service.receive("sms", "+12025550143", text="Two")

        assert (second.conversation_id != first.conversation_id, second.sequence) == (True, 1)

    async def test_a_message_does_not_continue_a_conversation_of_another_organisation(
        self,
        other_org: Organisation,
    ) -> None:
        first = await self.service.receive("sms", "+12025550143", text="One")
        with TenantContext(other_org):
            second = await self.service.receive("sms", "+12025550143", text="Two")

        assert (second.conversation_id != first.conversation_id, second.sequence) == (True, 1)

    async def test_a_reply_is_stored_and_published(self, test_conversation: Conversation) -> None:
        message = await self.service.reply(test_conversation.id, Reply(text="Monday at nine?"))

        assert (message.direction, message.sequence, message.media) == (Direction.OUTBOUND, 1, [])
        assert (message.delivery, message.failure) == (None, None)
        (replied,) = [event for event in self.published_events if event.name == "conversation.replied"]
        assert (replied.name, replied.record_id) == ("conversation.replied", test_conversation.id)
        assert replied.data == {
            "message_id": str(message.id),
            "sequence": 1,
            "channel": test_conversation.channel,
            "participant": test_conversation.participant,
            "text": "Monday at nine?",
        }

    @pytest.mark.parametrize(
        ("before", "after"),
        [(OPEN, WAITING), (WAITING, WAITING), (HANDED_OVER, HANDED_OVER)],
    )
    async def test_a_reply_passes_the_turn(
        self,
        test_conversation: Conversation,
        before: ConversationState,
        after: ConversationState,
    ) -> None:
        await self.in_state(test_conversation, before)

        await self.service.reply(test_conversation.id, Reply(text="Monday at nine?"))

        assert test_conversation.state is after
        moves = [event.data for event in self.published_events if event.name == "conversation.moved"]
        assert moves == ([{"before": before, "after": after}] if before is not after else [])

    @pytest.mark.parametrize(
        ("before", "after"),
        [(OPEN, OPEN), (WAITING, OPEN), (HANDED_OVER, HANDED_OVER)],
    )
    async def test_an_inbound_message_takes_the_turn(
        self,
        test_conversation: Conversation,
        before: ConversationState,
        after: ConversationState,
    ) -> None:
        await self.in_state(test_conversation, before)

        message = await self.service.receive("whatsapp", test_conversation.participant, text="Yes")

        assert (message.conversation_id, test_conversation.state) == (test_conversation.id, after)

    @pytest.mark.parametrize("before", ConversationState)
    @pytest.mark.parametrize("after", ConversationState)
    async def test_states_change_only_as_listed(
        self,
        test_conversation: Conversation,
        before: ConversationState,
        after: ConversationState,
    ) -> None:
        await self.in_state(test_conversation, before)

        if (before, after) in MOVES:
            await self.service.move_to(test_conversation.id, after)
            assert test_conversation.state is after
        else:
            with pytest.raises(InvalidTransition):
                await self.service.move_to(test_conversation.id, after)
            assert test_conversation.state is before

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
    async def test_a_closed_conversation_cannot_change(
        self,
        test_conversation: Conversation,
        change: Callable[[ConversationService, Conversation], Any],
    ) -> None:
        await self.in_state(test_conversation, CLOSED)

        with pytest.raises(InvalidTransition) as error:
            await change(self.service, test_conversation)

        assert (error.value.detail, error.value.fields) == ("A closed conversation cannot change.", ("state",))
        assert (test_conversation.last_sequence, test_conversation.context) == (0, {})

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
    async def test_an_unknown_conversation_is_not_found(
        self,
        test_conversation: Conversation,
        change: Callable[[ConversationService, Conversation], Any],
    ) -> None:
        with pytest.raises(NotFound):
            await change(self.service, Conversation(id=uuid4()))

    async def test_values_of_the_context_are_added_replaced_and_removed(
        self,
        make_conversation: Factory[Conversation],
    ) -> None:
        conversation = await make_conversation(context={"day": "Monday", "slot": 1, "name": "Ada"})

        await self.service.remember(conversation.id, ContextUpdate(context={"slot": {"at": "09:00"}, "name": None}))

        assert conversation.context == {"day": "Monday", "slot": {"at": "09:00"}}
        event = self.published_events[-1]
        assert (event.name, event.data) == ("conversation.updated", {"fields": ["name", "slot"]})

    async def test_the_context_is_stored(
        self,
        test_conversation: Conversation,
        session_factory: SessionFactory,
    ) -> None:
        await self.service.remember(test_conversation.id, ContextUpdate(context={"slots": ["09:00"]}))
        await self.service.remember(test_conversation.id, ContextUpdate(context={"asked": True}))
        await self.session.commit()

        # As after a restart: nothing is in memory.
        async with session_factory() as session:
            found = await ConversationService(session, EventBus(session)).get(test_conversation.id)

        assert found.context == {"slots": ["09:00"], "asked": True}

    async def test_messages_are_listed_in_order(self, make_conversation: Factory[Conversation]) -> None:
        first, second = await make_conversation(), await make_conversation()
        for conversation in (first, second, first):
            await self.service.receive("whatsapp", conversation.participant, text="In")
            await self.service.reply(conversation.id, Reply(text="Out"))

        everything = await self.service.messages(first.id)
        replies = await self.service.messages(first.id, MessageQuery(direction=Direction.OUTBOUND))

        assert [message.sequence for message in everything.items] == [1, 2, 3, 4]
        assert [message.sequence for message in replies.items] == [2, 4]

    async def test_pages_of_messages_follow_each_other(self, test_conversation: Conversation) -> None:
        for _ in range(5):
            await self.service.receive("whatsapp", test_conversation.participant, text="Hi")

        first = await self.service.messages(test_conversation.id, MessageQuery(limit=3))
        second = await self.service.messages(test_conversation.id, MessageQuery(limit=3, cursor=first.next))

        assert [[message.sequence for message in page.items] for page in (first, second)] == [[1, 2, 3], [4, 5]]

    async def test_messages_of_another_organisation_are_not_found(
        self,
        test_conversation: Conversation,
        other_org: Organisation,
    ) -> None:
        with TenantContext(other_org), pytest.raises(NotFound):
            await self.service.messages(test_conversation.id)

    async def test_conversations_are_filtered_and_searched(self, make_conversation: Factory[Conversation]) -> None:
        sms = await make_conversation(channel="sms", participant="+12025550101")
        whatsapp = await make_conversation(channel="whatsapp", participant="+12025550102")
        await self.service.reply(whatsapp.id, Reply(text="Hello"))

        found = [
            await self.service.list(query)
            for query in (
                ConversationQuery(channel="sms"),
                ConversationQuery(participant="+12025550102"),
                ConversationQuery(state=WAITING),
                ConversationQuery(search="550101"),
            )
        ]

        assert [[*each.items] for each in found] == [[sms], [whatsapp], [whatsapp], [sms]]

    async def test_a_number_that_was_read_earlier_is_not_given_twice(
        self,
        test_conversation: Conversation,
        session_factory: SessionFactory,
    ) -> None:
        # The session still holds the conversation as it was before the message of another one.
        async with session_factory() as session:
            await receive(session, test_conversation.participant)
            await session.commit()

        received = await self.service.receive("whatsapp", test_conversation.participant, text="Hello")
        assert received.sequence == 2
        async with session_factory() as session:
            await receive(session, test_conversation.participant)
            await session.commit()
        replied = await self.service.reply(test_conversation.id, Reply(text="Hello"))
        assert replied.sequence == 4


async def receive(session: AsyncSession, participant: str) -> None:
    """Receive a message in another session."""
    await ConversationService(session, EventBus(session)).receive("whatsapp", participant, text="Hi")
