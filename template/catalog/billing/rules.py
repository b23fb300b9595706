"""How invoices are calculated, and how signed events are recognised; these functions use neither database nor settings."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from standardwebhooks import Webhook, WebhookVerificationError

from ...core.money import MonetaryAmount

MIN_SECRET_BYTES = 24
"""The shortest secret according to the specification of Standard Webhooks."""


class TaxRounding(StrEnum):
    """Where tax is rounded to the smallest unit of the currency, half away from zero."""

    LINE = "line"
    """For each line: the tax of an invoice is the sum of rounded amounts."""
    INVOICE = "invoice"
    """Once for each tax rate of an invoice; the lines share the result."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a line charges."""

    quantity: Decimal
    unit_price: MonetaryAmount
    tax_percent: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """The amounts of a line, or of several."""

    net: MonetaryAmount
    tax: MonetaryAmount

    @property
    def total(self) -> MonetaryAmount:
        """The amount with tax."""
        return self.net + self.tax


def price(items: Sequence[Item], rounding: TaxRounding) -> list[Priced]:
    """Return the amounts of each line; all have one currency.

    Raises `ValueError` if an amount has more digits than `MonetaryAmount` can have.
    """
    nets = [item.unit_price * item.quantity for item in items]
    if rounding is TaxRounding.LINE:
        taxes = [net * (item.tax_percent / 100) for item, net in zip(items, nets, strict=True)]
    else:
        taxes = _tax_by_rate([item.tax_percent for item in items], nets)
    return [Priced(net, tax) for net, tax in zip(nets, taxes, strict=True)]


def _tax_by_rate(percents: Sequence[Decimal], nets: Sequence[MonetaryAmount]) -> list[MonetaryAmount]:
    taxes = [net * 0 for net in nets]
    for percent in {*percents}:
        lines = [index for index, each in enumerate(percents) if each == percent]
        base = add([nets[index] for index in lines])
        if base.amount:
            shares = (base * (percent / 100)).allocate([nets[index].amount for index in lines])
            for index, share in zip(lines, shares, strict=True):
                taxes[index] = share
    return taxes


def add(amounts: Sequence[MonetaryAmount]) -> MonetaryAmount:
    """Return the sum of at least one amount; raise `CurrencyMismatch` if they have several currencies."""
    first, *others = amounts
    return sum(others, start=first)


def part_of(line: Priced, quantity: Decimal, before: Decimal, part: Decimal) -> Priced:
    """Return the amounts of a `part` of the quantity of a line, after the part `before` it.

    The amounts of all parts add up to those of the line, in whatever parts the quantity is divided.
    """

    def share(amount: MonetaryAmount) -> MonetaryAmount:
        return amount * ((before + part) / quantity) - amount * (before / quantity)

    return Priced(share(line.net), share(line.tax))


def receipt(reference: str, total: MonetaryAmount) -> tuple[str, str]:
    """Return the subject and the text of a message about an invoice of which nothing is left to pay."""
    text = f"Hello,\n\nnothing is left to pay for invoice {reference} over {total}.\nThank you.\n"
    return f"Receipt for invoice {reference}", text


def reminder(reference: str, balance: MonetaryAmount, due_on: date | None) -> tuple[str, str]:
    """Return the subject and the text of a message about an overdue invoice."""
    text = (
        f"Hello,\n\nthe payment of invoice {reference} was due on {due_on}. {balance} are left to pay.\n"
        "If you have paid in the meantime, please ignore this message.\n"
    )
    return f"Invoice {reference} is overdue", text


def split_secrets(text: str) -> list[str]:
    """Return the secrets in a list that is separated by commas or spaces; raise `ValueError` if one is not valid."""
    secrets = text.replace(",", " ").split()
    for number, secret in enumerate(secrets, 1):
        if _length(secret.removeprefix("whsec_")) < MIN_SECRET_BYTES:
            raise ValueError(f"secret {number} must be whsec_ with at least {MIN_SECRET_BYTES} bytes in Base64")
    return secrets


def _length(encoded: str) -> int:
    try:
        return len(b64decode(encoded, validate=True))
    except ValueError:
        return 0


def is_signed(secrets: Sequence[str], body: bytes, headers: Mapping[str, str]) -> bool:
    """Return whether a request was signed with one of the secrets in the last five minutes (Standard Webhooks)."""
    return any(_is_signed_with(secret, body, headers) for secret in secrets)


def _is_signed_with(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    # The library does not catch the errors of a malformed header, and of a body that is not in UTF-8.
    except (WebhookVerificationError, ValueError):
        return False
    return True
