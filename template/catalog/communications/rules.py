"""Addresses of channels, opting out and in, WhatsApp's window, and the delays between attempts."""

import string
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from ...core.addresses import normal_number
from ...core.schemas import Email

MAX_ATTEMPTS = 10
"""How often a message is tried that the provider does not accept; about eight hours after the first attempt it has failed."""
MAX_COPIES = 2
"""The maximum number of copies of a message, if the provider does not confirm them."""
WINDOW = timedelta(hours=24)
"""How long after a person's last message WhatsApp accepts free-form text."""
FIRST_DELAY = timedelta(minutes=1)
"""The delay after the first attempt; each further one is twice as long."""

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


class Channel(StrEnum):
    """How a message reaches a person."""

    WHATSAPP = "whatsapp"
    SMS = "sms"
    EMAIL = "email"


# CANCEL, END, QUIT and YES are words of a conversation, but Twilio acts on them in SMS.
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT", "REVOKE"})
_START = frozenset({"START", "UNSTOP"})
STOP_WORDS = {Channel.WHATSAPP: _STOP, Channel.SMS: _STOP | {"CANCEL", "END", "QUIT"}}
START_WORDS = {Channel.WHATSAPP: _START, Channel.SMS: _START | {"YES"}}


def normal_address(channel: Channel, address: str) -> str:
    """Return a phone number in E.164 format, or an e-mail address in lower case; raise `ValueError` for any other text."""
    if channel is Channel.EMAIL:
        return _normal_email(address)
    number = normal_number(address)
    if number is None:
        raise ValueError("must be a valid phone number with its country code, such as +49 30 901820")
    return number


def _normal_email(address: str) -> str:
    try:
        return _EMAIL.validate_python(address)
    except ValidationError:
        raise ValueError("must be an e-mail address, such as ada@example.com") from None


def choice_of(channel: Channel, text: str) -> bool | None:
    """Return True if a message asks for no more messages, False if it asks for them again, and None for any other text."""
    word = text.strip(string.whitespace + string.punctuation).upper()
    if word in STOP_WORDS.get(channel, ()):
        return True
    if word in START_WORDS.get(channel, ()):
        return False
    return None


def is_open(last_message_at: datetime | None, at: datetime) -> bool:
    """Return whether WhatsApp accepts free-form text at a time, after a person's last message."""
    return last_message_at is not None and at < last_message_at + WINDOW


def delay_after(attempts: int) -> timedelta:
    """Return how long to wait after this number of attempts."""
    return FIRST_DELAY * (1 << (attempts - 1))
