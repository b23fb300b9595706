"""Tasks that send messages by e-mail, SMS and WhatsApp."""

import logging
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ...core.tasks import Schedule, Worker, every, in_turn, task
from ...gateways.email import Email, EmailError, EmailUnconfirmed, RecipientRefused
from ...gateways.twilio import MessageRefused, TwilioError, TwilioMessage, TwilioUnconfirmed
from .models import Communication, CommunicationState
from .rules import Channel
from .service import CommunicationService, to_send

logger = logging.getLogger(__name__)


class TaskSettings(BaseSettings):
    """Settings of the messages."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    communication_interval_seconds: float = Field(
        default=10, gt=0, description="How often a task begins to send the messages that are due."
    )


def schedule(settings: TaskSettings) -> Schedule:
    """Return the schedule of the periodic tasks."""
    return every(settings.communication_interval_seconds, "communications.send_due")


@task(name="communications.send_due")
async def send_due(worker: Worker) -> int:
    """Send the messages that are due, and return how many the providers have accepted."""
    return await in_turn(worker, to_send(), send_next)


async def send_next(worker: Worker) -> bool | None:
    """Send the next message; return whether the provider has accepted it, or None if none is due.

    No transaction is open while the provider answers: the first claims the message, another one stores the outcome.
    """
    async with worker.transaction(CommunicationService) as service:
        claimed = await service.claim_next()
        text = await service.text_to_send(claimed) if claimed else None
    if claimed is None:
        return None
    if claimed.state is CommunicationState.CANCELLED:
        return False
    try:
        provider_id = transmit(worker, claimed, text)
    except (RecipientRefused, MessageRefused) as refusal:
        async with worker.transaction(CommunicationService) as service:
            await service.refuse(claimed, str(refusal), getattr(refusal, "code", None))
        return False
    except (EmailError, TwilioError) as error:
        logger.warning("Communication %s was not confirmed by its provider: %s", claimed.id, error)
        perhaps_sent = isinstance(error, EmailUnconfirmed | TwilioUnconfirmed)
        async with worker.transaction(CommunicationService) as service:
            await service.postpone(claimed, str(error), perhaps_sent=perhaps_sent)
        return False
    async with worker.transaction(CommunicationService) as service:
        await service.confirm(claimed, provider_id)
    return True


def transmit(worker: Worker, communication: Communication, text: str | None) -> str | None:
    """Pass a message with this text to its gateway, and return the id that the provider gave it."""
    channel, to = communication.channel, communication.address
    if channel is Channel.EMAIL:
        # The same for each copy, so that mail programs can drop the second one.
        reference = f"communication-{communication.id}"
        worker.email.send(Email(to, communication.subject or "", text or "", reference))
        return None
    name: Literal["sms", "whatsapp"] = "whatsapp" if channel is Channel.WHATSAPP else "sms"
    content = text, communication.template, communication.variables or {}
    return worker.twilio.send(TwilioMessage(name, to, communication.organisation_id, *content))
