"""Tests of addresses, of opting out and in, of WhatsApp's window, and of the delays between attempts."""

from datetime import UTC, datetime, timedelta

import pytest

from your_service.modules.communications.rules import (
    MAX_ATTEMPTS,
    WINDOW,
    Channel,
    choice_of,
    delay_after,
    is_open,
    normal_address,
)

NOON = datetime(2030, 1, 15, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PHONE_CHANNELS = [Channel.SMS, Channel.WHATSAPP]


@pytest.mark.parametrize("channel", PHONE_CHANNELS)
@pytest.mark.parametrize("address", ["+1 202 555 0123", "+1 (202) 555-0123", "+12025550123"])
def test_a_phone_number_is_stored_in_e164(channel: Channel, address: str) -> None:
    assert normal_address(channel, address) == "+12025550123"


@pytest.mark.parametrize("channel", PHONE_CHANNELS)
@pytest.mark.parametrize(
    "address", ["202 555 0123", "+1 555 0123", "+12025550123 ext. 5", "+999123456789", "ada@example.com", "none"]
)
def test_a_phone_number_that_nobody_can_have_is_refused(channel: Channel, address: str) -> None:
    with pytest.raises(ValueError, match="must be a valid phone number with its country code"):
        normal_address(channel, address)


def test_an_email_address_is_stored_in_lower_case() -> None:
    assert normal_address(Channel.EMAIL, "Ada@Example.com") == "ada@example.com"


@pytest.mark.parametrize("address", ["ada", "+12025550123", "Ada <ada@example.com>", "ada@example"])
def test_an_invalid_email_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must be an e-mail address"):
        normal_address(Channel.EMAIL, address)


@pytest.mark.parametrize("channel", PHONE_CHANNELS)
@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("STOP", True),
        (" Stop!\n", True),
        ("unsubscribe", True),
        ("START", False),
        ("start.", False),
        ("unstop", False),
        ("Please stop", None),
        ("Stop by at noon", None),
        ("", None),
    ],
)
def test_a_single_word_opts_out_or_in(channel: Channel, text: str, choice: bool | None) -> None:
    assert choice_of(channel, text) is choice


@pytest.mark.parametrize(("word", "choice"), [("cancel", True), ("end", True), ("quit", True), ("yes", False)])
def test_some_words_count_only_where_twilio_acts_on_them(word: str, choice: bool) -> None:
    assert (choice_of(Channel.SMS, word), choice_of(Channel.WHATSAPP, word)) == (choice, None)


def test_an_email_neither_opts_out_nor_in() -> None:
    assert (choice_of(Channel.EMAIL, "STOP"), choice_of(Channel.EMAIL, "START")) == (None, None)


@pytest.mark.parametrize(
    ("last_message_at", "expected"),
    [(None, False), (NOON - WINDOW, False), (NOON - WINDOW + SECOND, True), (NOON, True)],
)
def test_the_window_of_whatsapp_is_open_for_a_day(last_message_at: datetime | None, expected: bool) -> None:
    assert (is_open(last_message_at, NOON), WINDOW) == (expected, timedelta(hours=24))


def test_each_delay_is_twice_as_long() -> None:
    delays = [delay_after(attempts) for attempts in range(1, MAX_ATTEMPTS)]

    assert [delay.total_seconds() / 60 for delay in delays] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert sum(delays, timedelta()) == timedelta(hours=8, minutes=31)
