"""The service for communications."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Any, ClassVar, Protocol
from uuid import UUID

from sqlalchemy import Select, and_, delete, literal, or_, select, tuple_

from ...core.addresses import one_spelling
from ...core.clock import utcnow
from ...core.concurrency import lock_keys
from ...core.errors import Conflict, Unprocessable
from ...core.events import Event, EventBus
from ...core.queues import LEASE, lock_first
from ...core.resource import Lifecycle, Transitions
from .models import Communication, CommunicationState, Contact
from .rules import MAX_ATTEMPTS, MAX_COPIES, Channel, choice_of, delay_after, is_open
from .schemas import CommunicationCreate

HOLD = timedelta(seconds=5)
"""How long a message waits at least for an earlier one to the same address."""
UNSUBSCRIBED = "21610"
"""Twilio's error code for a recipient who has sent STOP."""
REPORTED = {
    "delivered": CommunicationState.DELIVERED,
    "read": CommunicationState.READ,
    "undelivered": CommunicationState.FAILED,
    "failed": CommunicationState.FAILED,
}
"""The states that a provider reports; its other reports are steps before them."""
ACCEPTED = frozenset({CommunicationState.SENT, CommunicationState.DELIVERED, CommunicationState.READ})
"""The states of a message that the provider has accepted."""
TOKEN = "{token}"
"""The part of a text that a one-time token replaces while the message is sent."""


class TokenIssuer(Protocol):
    """Issues a one-time token for the recipient of a message, and stores its hash; returns None if it is needed no more."""

    async def __call__(self, events: EventBus, communication: Communication, /) -> str | None:
        """Return the token."""


TOKEN_ISSUERS: dict[str, TokenIssuer] = {}
"""The issuers by the kind of their tokens."""


def issues_token(kind: str) -> Callable[[TokenIssuer], TokenIssuer]:
    """Register a function that issues the tokens of this kind. It runs in the transaction that claims the message."""

    def register(issuer: TokenIssuer) -> TokenIssuer:
        TOKEN_ISSUERS[kind] = issuer
        return issuer

    return register


class Refusal(StrEnum):
    """Why a message must not be sent."""

    OPTED_OUT = "opted_out"
    WINDOW_CLOSED = "window_closed"
    INVALID = "invalid"


class CommunicationService(Lifecycle[Communication]):
    """Messages of the current organisation."""

    model = Communication
    name = "communication"
    about = "recipient_id"
    transitions: ClassVar[Transitions] = {
        CommunicationState.QUEUED: frozenset({CommunicationState.CANCELLED}),
        CommunicationState.SENT: frozenset(REPORTED.values()),
        CommunicationState.DELIVERED: frozenset({CommunicationState.READ}),
        CommunicationState.READ: frozenset(),
        CommunicationState.FAILED: frozenset({CommunicationState.QUEUED}),
        CommunicationState.UNCONFIRMED: frozenset({CommunicationState.QUEUED}),
        CommunicationState.CANCELLED: frozenset(),
    }

    async def schedule(self, data: CommunicationCreate, token_kind: str | None = None) -> Communication:
        """Store a message that the worker sends when it is due.

        With a `token_kind`, each copy gets a one-time token of its own instead of `{token}`. Such a token opens what
        belongs to the recipient, so nobody else can read it: it exists only in the worker that sends the message.
        A name in the text must not have another `{token}`, which could be part of a link. Raises `Unprocessable` if the recipient has opted out, or if WhatsApp requires a template.
        """
        if token_kind is not None and (data.text or "").count(TOKEN) != 1:
            raise ValueError(f"a text with a one-time token has {TOKEN} once")
        communication = _queued(data)
        communication.token_kind = token_kind
        await self._require_allowed(communication)
        return await self._add(communication, "scheduled", channel=data.channel)

    async def schedule_or_fail(self, data: CommunicationCreate, refusal: Refusal | None = None) -> Communication:
        """Store a message like `schedule`, but as failed if it must not be sent."""
        communication = _queued(data)
        refusal = refusal or await self._refusal(communication, communication.due_at)
        if refusal is None:
            return await self._add(communication, "scheduled", channel=data.channel)
        communication.state, communication.failure = CommunicationState.FAILED, refusal
        return await self._add(communication, "failed", channel=data.channel, failure=refusal)

    async def cancel(self, communication_id: UUID) -> Communication:
        """Cancel a message; raise `NotFound`, `InvalidTransition` unless it is queued, `Conflict` while it is being sent."""
        communication = await self.get(communication_id, lock=True)
        self._check_move(communication, CommunicationState.CANCELLED)
        if communication.claimed_until is not None and communication.claimed_until > utcnow():
            raise Conflict("This communication is being sent.")
        return await self._conclude(communication, CommunicationState.CANCELLED)

    async def send_again(self, communication_id: UUID) -> Communication:
        """Queue a message again.

        Raises `NotFound`, `InvalidTransition` unless it has failed or is unconfirmed, `Conflict` if it was erased or has a
        one-time token, `Unprocessable` if its channel cannot carry it, and what `schedule` raises.
        """
        communication = await self.get(communication_id, lock=True)
        self._check_move(communication, CommunicationState.QUEUED)
        if not communication.address:
            raise Conflict("This communication was erased.")
        if communication.token_kind is not None:
            raise Conflict("This communication has a one-time token. Request a new one instead.")
        if communication.failure == Refusal.INVALID:
            raise Unprocessable("Its channel cannot carry this communication. Schedule a corrected one instead.")
        communication.due_at = utcnow()
        await self._require_allowed(communication)
        communication.state = CommunicationState.QUEUED
        communication.attempts = communication.copies = 0
        communication.failure = communication.provider_id = communication.sent_at = None
        return await self._publish("scheduled", communication, channel=communication.channel)

    async def claim_next(self) -> Communication | None:
        """Return the message that is due first, and claim it for `LEASE`; return None if none is due.

        The claim counts as a copy that was perhaps sent, because the worker may be lost while it sends.
        """
        while (communication := await lock_first(self.session, to_send())) is not None:
            if (held_up_until := await self._held_up_until(communication)) is not None:
                communication.due_at = held_up_until
                await self.session.flush()
            elif communication.copies >= MAX_COPIES:
                await self._conclude(communication, CommunicationState.UNCONFIRMED)
            elif refusal := await self._refusal(communication, utcnow()):
                await self._conclude(communication, CommunicationState.FAILED, failure=refusal)
            else:
                communication.attempts += 1
                communication.copies += 1
                communication.claimed_until = utcnow() + LEASE
                await self.session.flush()
                return communication
        return None

    async def text_to_send(self, claimed: Communication) -> str | None:
        """Return the text of a claimed message, with a new token if it has one; cancel it if the token is not needed."""
        if claimed.text is None or claimed.token_kind is None:
            return claimed.text
        token = await TOKEN_ISSUERS[claimed.token_kind](self.events, claimed)
        if token is None:
            await self._conclude(claimed, CommunicationState.CANCELLED)
            return None
        return claimed.text.replace(TOKEN, token)

    async def confirm(self, claimed: Communication, provider_id: str | None) -> None:
        """Store that the provider has accepted a claimed message, and what it has reported since."""
        if provider_id is not None:
            await lock_keys(self.session, ("delivery", provider_id))
        communication = await self.get(claimed.id, lock=True)
        if communication.state in ACCEPTED:
            return
        communication.provider_id, communication.sent_at, communication.failure = provider_id, utcnow(), None
        await self._conclude(communication, CommunicationState.SENT)
        if provider_id is None or claimed.claimed_until is None:
            return
        # The provider can report the delivery before this transaction has stored its id.
        reports = select(Event).where(
            Event.name == "delivery_status.received",
            Event.occurred_at >= claimed.claimed_until - LEASE,
            Event.data["provider_id"].as_string() == provider_id,
        )
        for report in await self.session.scalars(reports.order_by(Event.occurred_at, Event.id)):
            await self._apply(communication, report.data["status"], report.data.get("error_code"))

    async def postpone(self, claimed: Communication, reason: str, *, perhaps_sent: bool) -> None:
        """Make a claimed message due again later, unless it was the last attempt or another worker has claimed it."""
        communication = await self._still_claimed(claimed)
        if communication is None:
            return
        communication.failure = reason[:200]
        if not perhaps_sent:
            communication.copies -= 1
        if communication.copies >= MAX_COPIES or communication.attempts >= MAX_ATTEMPTS:
            is_unconfirmed = communication.copies > 0
            state = CommunicationState.UNCONFIRMED if is_unconfirmed else CommunicationState.FAILED
            await self._conclude(communication, state, failure=communication.failure)
            return
        communication.claimed_until = None
        communication.due_at = utcnow() + delay_after(communication.attempts)
        await self.session.flush()

    async def refuse(self, claimed: Communication, reason: str, code: int | None) -> None:
        """Store that the provider refuses a claimed message, and whether the recipient has opted out there."""
        communication = await self._still_claimed(claimed)
        if communication is not None:
            await self._fail(communication, reason, code)

    async def report(self, provider_id: str, status: str, error_code: str | None) -> None:
        """Store what a provider reports about a message; a report that comes late or twice changes nothing."""
        await lock_keys(self.session, ("delivery", provider_id))
        statement = select(Communication).where(Communication.provider_id == provider_id)
        communication = await self.session.scalar(statement.with_for_update())
        if communication is not None:
            await self._apply(communication, status, error_code)

    async def receive(self, channel: Channel, sender: str, text: str, at: datetime) -> None:
        """Store when a person wrote, and whether they have opted out or in."""
        contact = await self._contact(channel, one_spelling(sender))
        contact.last_message_at = max(at, contact.last_message_at or at)
        opts_out = choice_of(channel, text)
        if opts_out is not None:
            await self._choose(contact, at if opts_out else None)
        await self.session.flush()

    async def erase(self, recipient_kind: str, recipient_id: UUID, known_as: Collection[str]) -> None:
        """Erase the messages to a person, who is a recipient and known by these texts, and send no more of them.

        Contacts who have opted out stay: that must still be obeyed.
        """
        is_recipient = and_(Communication.recipient_kind == recipient_kind, Communication.recipient_id == recipient_id)
        theirs = select(Communication).where(or_(is_recipient, Communication.mentions(known_as)))
        # Notifications lock the messages to a person in the order of their channels, too.
        in_order = theirs.order_by(Communication.channel, Communication.id)
        found = await self.session.scalars(in_order.with_for_update())
        communications = found.all()
        addresses = {*known_as, *(communication.address for communication in communications)}
        # Contacts are locked before other modules react, as in `receive`.
        await lock_keys(self.session, *(("contact", *contact) for contact in product(Channel, addresses)))
        for communication in communications:
            communication.address, communication.subject = "", None
            communication.text = communication.variables = None
            if communication.state is CommunicationState.QUEUED:
                await self._conclude(communication, CommunicationState.CANCELLED)
        await self.session.flush()
        used = select(Communication.address)
        unused = delete(Contact).where(Contact.mentions(addresses), Contact.address.not_in(used))
        await self.session.execute(unused.where(Contact.opted_out_at.is_(None)))

    async def _held_up_until(self, communication: Communication) -> datetime | None:
        # A person gets messages in their order, even if several workers send them, or an earlier one has to wait.
        columns = (Communication.send_at, Communication.created_at, Communication.id)
        place = tuple_(*(literal(getattr(communication, column.key), column.type) for column in columns))
        earlier = select(Communication.due_at).where(
            Communication.state == CommunicationState.QUEUED,
            Communication.channel == communication.channel,
            Communication.address == communication.address,
            tuple_(*columns) < place,
        )
        due_at: datetime | None = await self.session.scalar(earlier.order_by(*columns).limit(1))
        return None if due_at is None else max(due_at, utcnow() + HOLD)

    async def _apply(self, communication: Communication, status: str, error_code: object) -> None:
        state = REPORTED.get(status)
        if state is None or state not in self.transitions[communication.state]:
            return
        if state is CommunicationState.FAILED:
            await self._fail(communication, str(error_code or status), error_code)
        else:
            await self._conclude(communication, state)

    async def _fail(self, communication: Communication, reason: str, code: object) -> None:
        # Contacts are locked before other modules react, as in `receive`.
        if str(code) == UNSUBSCRIBED:
            await self._choose(await self._contact(communication.channel, communication.address), utcnow())
        communication.failure = reason[:200]
        await self._conclude(communication, CommunicationState.FAILED, failure=communication.failure)

    async def _conclude(self, communication: Communication, state: CommunicationState, **data: Any) -> Communication:
        communication.state, communication.claimed_until = state, None
        communication.failure = data.get("failure", communication.failure)
        return await self._publish(state, communication, channel=communication.channel, **data)

    async def _still_claimed(self, claimed: Communication) -> Communication | None:
        communication = await self.get(claimed.id, lock=True)
        return communication if communication.claimed_until == claimed.claimed_until else None

    async def _contact(self, channel: Channel, address: str) -> Contact:
        await lock_keys(self.session, ("contact", channel, address))
        contact = await self.session.scalar(select(Contact).filter_by(channel=channel, address=address))
        if contact is None:
            contact = Contact(channel=channel, address=address)
            self.session.add(contact)
            await self.session.flush()
        return contact

    async def _choose(self, contact: Contact, opted_out_at: datetime | None) -> None:
        if (contact.opted_out_at is None) == (opted_out_at is None):
            return
        contact.opted_out_at = opted_out_at
        choice = "opted_out" if opted_out_at else "opted_in"
        await self.events.publish(f"communication_contact.{choice}", contact.id, channel=contact.channel)

    async def _require_allowed(self, communication: Communication) -> None:
        match await self._refusal(communication, communication.due_at):
            case Refusal.OPTED_OUT:
                raise Unprocessable("The recipient has opted out of messages on this channel.", "address")
            case Refusal.WINDOW_CLOSED:
                detail = "WhatsApp requires a template, unless the recipient has written in the 24 hours before."
                raise Unprocessable(detail, "template")

    async def _refusal(self, communication: Communication, at: datetime) -> Refusal | None:
        known = select(Contact).filter_by(channel=communication.channel, address=communication.address)
        contact = await self.session.scalar(known)
        if contact is not None and contact.opted_out_at is not None:
            return Refusal.OPTED_OUT
        is_free_form = communication.channel is Channel.WHATSAPP and communication.template is None
        if is_free_form and not is_open(contact.last_message_at if contact else None, at):
            return Refusal.WINDOW_CLOSED
        return None


def to_send() -> Select[Communication]:
    """Select the messages that are due, and that no worker has claimed."""
    now, claimed_until = utcnow(), Communication.claimed_until
    due = select(Communication).where(
        Communication.state == CommunicationState.QUEUED,
        Communication.due_at <= now,
        or_(claimed_until.is_(None), claimed_until <= now),
    )
    # What had to wait for an earlier message is due at the same time.
    return due.order_by(Communication.due_at, Communication.send_at, Communication.created_at, Communication.id)


def _queued(data: CommunicationCreate) -> Communication:
    values = data.model_dump(exclude={"send_at"})
    now = utcnow()
    send_at = data.send_at or now
    return Communication(**values, send_at=send_at, due_at=max(send_at, now), state=CommunicationState.QUEUED)
