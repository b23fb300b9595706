"""The service for what providers send: each message, report and call counts once."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update

from ...core.concurrency import lock_keys
from ...core.resource import Resource
from .models import InboundMessage, Receipt
from .schemas import Call, TwilioMessage, TwilioStatus


class InboundMessageService(Resource[InboundMessage]):
    """Inbound messages of the current organisation, and the events about what its providers send."""

    model = InboundMessage
    name = "inbound_message"
    searchable = ("text", "sender")

    async def receive_message(self, message: TwilioMessage) -> None:
        """Store a message and publish it; do nothing if it was received before."""
        if await self._receive("message", message.provider_id) is None:
            return
        values = {
            "channel": message.channel,
            "sender": message.sender.removeprefix("whatsapp:"),
            "recipient": message.recipient.removeprefix("whatsapp:"),
            "text": message.text,
            "media": [each.model_dump() for each in message.media],
            "provider_id": message.provider_id,
        }
        await self._add(InboundMessage(**values), "received", **values)

    async def receive_status(self, status: TwilioStatus) -> None:
        """Publish what became of a sent message; do nothing if this status was received before."""
        receipt_id = await self._receive("status", f"{status.provider_id} {status.status}")
        if receipt_id is not None:
            await self.events.publish("delivery_status.received", receipt_id, **status.model_dump())

    async def receive_call(self, event_id: str, event: str, call: Call) -> None:
        """Publish an event of a voice agent about a call; do nothing if it was received before."""
        receipt_id = await self._receive("call", event_id)
        if receipt_id is not None:
            await self.events.publish(event, receipt_id, **call.model_dump())

    async def erase(self, known_as: Collection[str]) -> None:
        """Erase the messages from a person who is known by these texts."""
        theirs = update(InboundMessage).where(InboundMessage.mentions(known_as))
        await self.session.execute(theirs.values(sender="", text="", media=[]))

    async def _receive(self, kind: str, provider_id: str) -> UUID | None:
        # The same request may arrive twice at the same time.
        await lock_keys(self.session, ("webhooks", kind, provider_id))
        known = select(Receipt.id).where(Receipt.kind == kind, Receipt.provider_id == provider_id)
        if await self.session.scalar(known) is not None:
            return None
        receipt = Receipt(kind=kind, provider_id=provider_id)
        self.session.add(receipt)
        await self.session.flush()
        return receipt.id
