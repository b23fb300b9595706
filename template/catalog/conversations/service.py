"""The service for conversations."""

from collections.abc import Collection
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import select, update

from ...core.addresses import one_spelling
from ...core.concurrency import lock_keys
from ...core.errors import Conflict, InvalidTransition
from ...core.resource import Lifecycle, Listing, Transitions
from .models import Conversation, ConversationState, Delivery, Direction, Message
from .schemas import ContextUpdate, ConversationCreate, MessageQuery, Reply

TURNS = {
    (Direction.INBOUND, ConversationState.WAITING): ConversationState.OPEN,
    (Direction.OUTBOUND, ConversationState.OPEN): ConversationState.WAITING,
}
"""The next state of a conversation after a message; in other states, messages change nothing."""
NOT_DELIVERED = frozenset({Delivery.FAILED, Delivery.UNCONFIRMED})
"""After these, it is the organisation's turn again."""


class ConversationService(Lifecycle[Conversation]):
    """Conversations of the current organisation. A participant has one at a time on each channel that is not closed."""

    model = Conversation
    name = "conversation"
    searchable = ("participant",)
    transitions: ClassVar[Transitions] = {
        ConversationState.OPEN: frozenset(
            {ConversationState.WAITING, ConversationState.HANDED_OVER, ConversationState.CLOSED}
        ),
        ConversationState.WAITING: frozenset(
            {ConversationState.OPEN, ConversationState.HANDED_OVER, ConversationState.CLOSED}
        ),
        ConversationState.HANDED_OVER: frozenset({ConversationState.OPEN, ConversationState.CLOSED}),
        ConversationState.CLOSED: frozenset(),
    }

    async def start(self, data: ConversationCreate) -> Conversation:
        """Start a conversation; raise `Conflict` if the participant has one on this channel that is not closed."""
        current = await self._current(data.channel, data.participant)
        if current is not None:
            known = [{"kind": self.name, "id": current.id}]
            raise Conflict("The participant has a conversation that is not closed.", "participant", records=known)
        return await self._add(Conversation(**data.model_dump()), "started")

    async def receive(self, channel: str, sender: str, **content: Any) -> Message:
        """Add a message of `sender` to the current conversation on this channel; start one if there is none."""
        conversation = await self._current(channel, sender)
        if conversation is None:
            begun = Conversation(channel=channel, participant=sender, context={})
            conversation = await self._add(begun, "started")
        return await self._append(conversation, Direction.INBOUND, "message_received", **content)

    async def reply(self, conversation_id: UUID, data: Reply) -> Message:
        """Add a message to the participant, and publish it for the module that sends messages.

        Raises `NotFound`, or `InvalidTransition` if the conversation is closed.
        """
        conversation = await self._unclosed(conversation_id)
        return await self._append(conversation, Direction.OUTBOUND, "replied", text=data.text)

    async def remember(self, conversation_id: UUID, changes: ContextUpdate) -> Conversation:
        """Change values of the context; raise what `reply` raises."""
        conversation = await self._unclosed(conversation_id)
        merged = conversation.context | changes.context
        # A new object: SQLAlchemy does not notice changes inside of the old one.
        conversation.context = {name: value for name, value in merged.items() if value is not None}
        return await self._publish("updated", conversation, fields=sorted(changes.context))

    async def messages(self, conversation_id: UUID, query: MessageQuery | None = None) -> Listing[Message]:
        """Return the messages of a conversation in order; raise `NotFound`."""
        await self.get(conversation_id)
        query = query or MessageQuery()
        conditions = [Message.conversation_id == conversation_id]
        if query.direction is not None:
            conditions.append(Message.direction == query.direction)
        return await self._listing(Message, conditions, [Message.conversation_id, Message.sequence, Message.id], query)

    async def note_delivery(self, message_id: UUID, delivery: Delivery, failure: str | None = None) -> None:
        """Store what became of a message; one that was not delivered is the organisation's turn again.

        Does nothing if there is no such message.
        """
        message = await self.session.scalar(select(Message).where(Message.id == message_id))
        if message is None:
            return
        conversation = await self.get(message.conversation_id, lock=True)
        message.delivery, message.failure = delivery, failure
        if delivery in NOT_DELIVERED:
            await self._publish("not_delivered", conversation, message_id=message.id, failure=failure)
            if conversation.state is ConversationState.WAITING:
                await self._pass_turn(conversation, ConversationState.OPEN)

    async def erase(self, known_as: Collection[str]) -> None:
        """Erase what was said in the conversations with a person who is known by these texts, and close them."""
        theirs = select(Conversation).where(Conversation.mentions(known_as)).order_by(Conversation.id)
        found = await self.session.scalars(theirs.with_for_update())
        conversations = found.all()
        for conversation in conversations:
            conversation.participant, conversation.context = "", {}
            if conversation.state is not ConversationState.CLOSED:
                await self.move_to(conversation.id, ConversationState.CLOSED)
        said = update(Message).where(Message.conversation_id.in_([each.id for each in conversations]))
        await self.session.execute(said.values(text="", media=[]))

    async def _append(self, conversation: Conversation, direction: Direction, event: str, **content: Any) -> Message:
        # The conversation is locked or new, so nobody else takes the same number.
        conversation.last_sequence += 1
        message = Message(
            conversation_id=conversation.id,
            sequence=conversation.last_sequence,
            direction=direction,
            **content,
        )
        self.session.add(message)
        await self.session.flush()
        await self._pass_turn(conversation, TURNS.get((direction, conversation.state), conversation.state))
        await self._publish(
            event,
            conversation,
            message_id=message.id,
            sequence=message.sequence,
            channel=conversation.channel,
            participant=conversation.participant,
            text=message.text,
        )
        return message

    async def _pass_turn(self, conversation: Conversation, after: ConversationState) -> None:
        before = conversation.state
        if after is not before:
            conversation.state = after
            await self._publish("moved", conversation, before=before, after=after)

    async def _current(self, channel: str, participant: str) -> Conversation | None:
        # Two first messages at the same time must not start two conversations.
        await lock_keys(self.session, ("conversations", channel, one_spelling(participant)))
        statement = select(Conversation).where(
            Conversation.channel == channel,
            Conversation.participant == participant,
            Conversation.state != ConversationState.CLOSED,
        )
        locked = statement.with_for_update().execution_options(populate_existing=True)
        conversation: Conversation | None = await self.session.scalar(locked)
        return conversation

    async def _unclosed(self, conversation_id: UUID) -> Conversation:
        conversation = await self.get(conversation_id, lock=True)
        if conversation.state is ConversationState.CLOSED:
            raise InvalidTransition("A closed conversation cannot change.", "state")
        return conversation
