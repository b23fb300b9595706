"""The services for notifications, their templates and preferences."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy import Row, func, select

from ...core.clock import utcnow
from ...core.concurrency import lock_keys
from ...core.errors import ServiceError, Unprocessable
from ...core.resource import Resource
from ..communications.models import Communication, CommunicationState
from ..communications.rules import Channel
from ..communications.schemas import MAX_CHARACTERS, CommunicationCreate
from ..communications.service import CommunicationService
from .models import Notification, NotificationMessage, NotificationPreference, NotificationTemplate, NotSent
from .rules import SEPARATOR, fill_in, first_allowed, variables_in
from .schemas import NotificationCreate, NotificationPreferenceCreate, NotificationPreferenceQuery

LONGEST = {Channel.EMAIL: 20_000, Channel.SMS: MAX_CHARACTERS, Channel.WHATSAPP: MAX_CHARACTERS}
"""The longest text of a message that contains several notifications."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a channel does with a notification: a communication, or the reason why there is none."""

    channel: Channel
    communication_id: UUID | None = None
    not_sent: NotSent | None = None
    detail: str | None = None


class NotificationTemplateService(Resource[NotificationTemplate]):
    """Templates of the current organisation."""

    model = NotificationTemplate
    name = "notification_template"
    searchable = ("name",)

    async def _check_rules(self, record: NotificationTemplate) -> None:
        for field in ("subject", "text", "short_text"):
            if unknown := sorted(variables_in([getattr(record, field)]).difference(record.variables)):
                detail = f"The {field} has variables that are not in the list of variables: {', '.join(unknown)}."
                raise Unprocessable(detail, field, allowed=record.variables)


class NotificationPreferenceService(Resource[NotificationPreference]):
    """Preferences of recipients in the current organisation."""

    model = NotificationPreference
    name = "notification_preference"
    about = "recipient_id"

    async def of(self, recipient_kind: str, recipient_id: UUID) -> NotificationPreference:
        """Return the preference of a recipient, or the defaults."""
        recipient: dict[str, Any] = {"recipient_kind": recipient_kind, "recipient_id": recipient_id}
        stored = await self.session.scalar(select(NotificationPreference).filter_by(**recipient))
        return stored or NotificationPreference(**NotificationPreferenceCreate(**recipient).model_dump())

    async def erase(self, recipient_kind: str, recipient_id: UUID) -> None:
        """Delete the preference of a recipient, if there is one."""
        query = NotificationPreferenceQuery(recipient_kind=recipient_kind, recipient_id=recipient_id)
        listing = await self.list(query)
        for preference in listing.items:
            await self.delete(preference.id)

    async def _check_rules(self, record: NotificationPreference) -> None:
        if (record.quiet_from is None) != (record.quiet_until is None):
            raise Unprocessable("Quiet hours have a start and an end.", "quiet_from", "quiet_until")
        if record.quiet_from is not None and record.quiet_from == record.quiet_until:
            raise Unprocessable("Quiet hours must end at another time than they start.", "quiet_until")


class NotificationService(Resource[Notification]):
    """Notifications of the current organisation. Each channel that carries one has a communication."""

    model = Notification
    name = "notification"
    about = "recipient_id"

    async def notify(self, data: NotificationCreate) -> Notification:
        """Send a notification on the channels of its template, as far as the recipient wants and can be reached.

        Raises `Unprocessable` if there is no such template, or if the values are not those of its variables. A channel
        that refuses the message does not affect the others.
        """
        template = await self.session.scalar(select(NotificationTemplate).filter_by(name=data.template))
        if template is None:
            raise Unprocessable(f"There is no template {data.template!r}.", "template")
        _check_values(template, data.values)
        recipient = data.model_dump(include={"recipient_kind", "recipient_id"})
        preference = await NotificationPreferenceService(self.session, self.events).of(**recipient)
        # Always in the same order, so that concurrent transactions cannot deadlock.
        channels = sorted(map(Channel, template.channels))
        deliveries = to_jsonable_python([await self._deliver(each, data, template, preference) for each in channels])
        notification = Notification(template_id=template.id, urgent=data.urgent, deliveries=deliveries, **recipient)
        return await self._add(notification, "created", template=template.name)

    async def _deliver(
        self,
        channel: Channel,
        data: NotificationCreate,
        template: NotificationTemplate,
        preference: NotificationPreference,
    ) -> Delivery:
        if channel not in preference.channels:
            return Delivery(channel, not_sent=NotSent.NOT_WANTED)
        if getattr(data.addresses, channel) is None:
            return Delivery(channel, not_sent=NotSent.NO_ADDRESS)
        try:
            async with self.session.begin_nested():
                message = _message(channel, template, data)
                communication_id = await self._send(message, preference, data.urgent)
        except (ServiceError, ValidationError) as error:
            return Delivery(channel, not_sent=NotSent.REFUSED, detail=_reason(error))
        return Delivery(channel, communication_id)

    async def _send(self, message: CommunicationCreate, preference: NotificationPreference, urgent: bool) -> UUID:
        if not urgent:
            # Concurrent notifications of this recipient wait, and find the message to join.
            await lock_keys(self.session, ("notifications", message.channel, message.address))
            if message.text is not None and (waiting := await self._waiting(message)):
                return await self._join(waiting, message)
            end_of_batch = utcnow() + timedelta(minutes=preference.batch_minutes)
            due = first_allowed(end_of_batch, preference.quiet_hours, preference.zone)
            message = message.model_copy(update={"send_at": due})
        communication = await CommunicationService(self.session, self.events).schedule(message)
        if not urgent:
            self.session.add(NotificationMessage(communication_id=communication.id))
        return communication.id

    async def _waiting(self, message: CommunicationCreate) -> Row[Communication, NotificationMessage] | None:
        longest = LONGEST[message.channel] - len(f"{SEPARATOR}{message.text}")
        statement = (
            select(Communication, NotificationMessage)
            .join(NotificationMessage, NotificationMessage.communication_id == Communication.id)
            .where(Communication.channel == message.channel, Communication.address == message.address)
            # Others may have the same address, such as the parents of a child.
            .where(Communication.recipient_kind == message.recipient_kind)
            .where(Communication.recipient_id == message.recipient_id)
            .where(Communication.state == CommunicationState.QUEUED, Communication.attempts == 0)
            .where(Communication.due_at > utcnow(), func.length(Communication.text) <= longest)
            .order_by(Communication.due_at, Communication.id)
            .limit(1)
            .with_for_update()
        )
        found = await self.session.execute(statement.execution_options(populate_existing=True))
        return found.one_or_none()

    async def _join(
        self,
        waiting: Row[Communication, NotificationMessage],
        message: CommunicationCreate,
    ) -> UUID:
        communication, carrier = waiting
        carrier.number += 1
        communication.text = f"{communication.text}{SEPARATOR}{message.text}"
        if message.channel is Channel.EMAIL:
            communication.subject = f"{carrier.number} notifications"
        await self.session.flush()
        return communication.id


def _check_values(template: NotificationTemplate, values: Mapping[str, str]) -> None:
    if missing := [name for name in template.variables if name not in values]:
        raise Unprocessable(f"Values are missing: {', '.join(missing)}.", "values", allowed=template.variables)
    if unknown := sorted(set(values).difference(template.variables)):
        detail = f"The template has no variables {', '.join(unknown)}."
        raise Unprocessable(detail, "values", allowed=template.variables)


def _message(channel: Channel, template: NotificationTemplate, data: NotificationCreate) -> CommunicationCreate:
    content: dict[str, Any] = {"text": fill_in(template.short_text or template.text, data.values)}
    if channel is Channel.EMAIL:
        content = {"subject": fill_in(template.subject, data.values)[:200], "text": fill_in(template.text, data.values)}
    elif channel is Channel.WHATSAPP and template.whatsapp_template:
        content = {"template": template.whatsapp_template, "variables": data.values}
    return CommunicationCreate(
        channel=channel,
        address=getattr(data.addresses, channel),
        recipient_kind=data.recipient_kind,
        recipient_id=data.recipient_id,
        **content,
    )


def _reason(error: ServiceError | ValidationError) -> str:
    return error.detail if isinstance(error, ServiceError) else error.errors()[0]["msg"]
