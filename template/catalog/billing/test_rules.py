"""Tests of how invoices are calculated, and of how signed events are recognised."""

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from standardwebhooks import Webhook

from your_service.core.money import MonetaryAmount
from your_service.modules.billing.rules import (
    Item,
    Priced,
    TaxRounding,
    add,
    is_signed,
    part_of,
    price,
    receipt,
    reminder,
    split_secrets,
)

from tests.fixtures.billing import OTHER_SECRET, SECRET

CURRENCIES = {"JPY": 0, "EUR": 2, "KWD": 3}
INVOICES = int(os.environ.get("RANDOM_INVOICES", "300")) // 6
"""How many random invoices are calculated for each of three currencies and two ways of rounding."""
PERCENTS = ("0", "5.5", "7", "8.875", "19", "21")


def item(quantity: str, unit_price: str, percent: str = "19", currency: str = "EUR") -> Item:
    return Item(Decimal(quantity), MonetaryAmount(Decimal(unit_price), currency), Decimal(percent))


def euros(amount: str) -> MonetaryAmount:
    return MonetaryAmount(Decimal(amount), "EUR")


def test_a_line_has_its_net_and_its_tax() -> None:
    (line,) = price([item("4", "25.00")], TaxRounding.LINE)

    assert (line.net, line.tax, line.total) == (euros("100.00"), euros("19.00"), euros("119.00"))


@pytest.mark.parametrize(
    ("quantity", "unit_price", "percent", "net", "tax"),
    [
        ("0.5", "0.01", "0", "0.01", "0.00"),
        ("1", "0.50", "1", "0.50", "0.01"),
        ("1", "0.49", "1", "0.49", "0.00"),
        ("0.333", "10.00", "7", "3.33", "0.23"),
        ("1", "0.00", "19", "0.00", "0.00"),
    ],
)
def test_halves_are_rounded_up(quantity: str, unit_price: str, percent: str, net: str, tax: str) -> None:
    (line,) = price([item(quantity, unit_price, percent)], TaxRounding.LINE)

    assert (line.net, line.tax) == (euros(net), euros(tax))


@pytest.mark.parametrize(
    ("rounding", "taxes"), [(TaxRounding.LINE, ["0.01"] * 3), (TaxRounding.INVOICE, ["0.01", "0.01", "0.00"])]
)
def test_tax_is_rounded_for_each_line_or_for_each_rate(rounding: TaxRounding, taxes: list[str]) -> None:
    # 19 % of 0.03 is 0.0057, and 19 % of 0.09 is 0.0171.
    lines = price([item("1", "0.03")] * 3, rounding)

    assert [line.tax for line in lines] == [euros(tax) for tax in taxes]


def test_each_rate_of_an_invoice_is_rounded_by_itself() -> None:
    lines = price([item("1", "0.10", "5"), item("1", "0.10", "15"), item("1", "0.00", "5")], TaxRounding.INVOICE)

    assert [line.tax for line in lines] == [euros("0.01"), euros("0.02"), euros("0.00")]


def test_amounts_that_are_too_large_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 14 digits"):
        price([item("999999.999", "99999999999999.99")], TaxRounding.LINE)


def draw_items(random: Random, currency: str) -> list[Item]:
    """Return random items of one currency."""
    decimals = CURRENCIES[currency]
    return [
        Item(
            Decimal(random.choice([1, 1000, random.randint(1, 10**6)])).scaleb(-3),
            MonetaryAmount(Decimal(random.randint(0, 10 ** random.randint(1, 7))).scaleb(-decimals), currency),
            Decimal(random.choice(PERCENTS)),
        )
        for _ in range(random.randint(1, 6))
    ]


def divide(random: Random, whole: Decimal, unit: Decimal) -> list[Decimal]:
    """Divide a number into random parts, which are multiples of `unit`."""
    parts: list[Decimal] = []
    while whole > 0:
        parts.append(min(unit * random.randint(1, 1 + int(whole / unit)), whole))
        whole -= parts[-1]
    return parts


@pytest.mark.parametrize("rounding", TaxRounding)
@pytest.mark.parametrize("currency", CURRENCIES)
def test_random_invoices_add_up(currency: str, rounding: TaxRounding) -> None:
    random = Random(f"{currency} {rounding}")
    unit = Decimal(1).scaleb(-CURRENCIES[currency])
    for _ in range(INVOICES):
        items = draw_items(random, currency)

        lines = price(items, rounding)

        # The tax differs from the exact one by half of a unit at most, each time that it is rounded.
        total = add([line.total for line in lines])
        net, tax = add([line.net for line in lines]), add([line.tax for line in lines])
        exact = sum(line.net.amount * each.tax_percent / 100 for line, each in zip(lines, items, strict=True))
        roundings = len(items) if rounding is TaxRounding.LINE else len({each.tax_percent for each in items})
        assert total == net + tax
        assert abs(tax.amount - exact) <= unit / 2 * roundings

        # One line is credited in parts, and the rest of the invoice is paid in parts.
        balance, before, credited = total, Decimal(0), list[Priced]()
        for part in divide(random, items[0].quantity, Decimal("0.001")):
            credited.append(part_of(lines[0], items[0].quantity, before, part))
            before += part
            balance -= credited[-1].total
        assert (add([part.net for part in credited]), add([part.tax for part in credited])) == (
            lines[0].net,
            lines[0].tax,
        )
        for payment in divide(random, balance.amount, unit):
            balance -= MonetaryAmount(payment, currency)
        assert balance.amount == 0


def test_a_receipt_names_invoice_and_total() -> None:
    subject, text = receipt("INV-000001", euros("119.00"))

    assert subject == "Receipt for invoice INV-000001"
    assert text == "Hello,\n\nnothing is left to pay for invoice INV-000001 over 119.00 EUR.\nThank you.\n"


def test_a_reminder_names_invoice_date_and_balance() -> None:
    subject, text = reminder("INV-000001", euros("100.00"), date(2030, 1, 29))

    assert subject == "Invoice INV-000001 is overdue"
    assert "the payment of invoice INV-000001 was due on 2030-01-29. 100.00 EUR are left to pay." in text


def sign(secret: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    """Return the headers of a signed request."""
    moment = at or datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", moment, body.decode()),
    }


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
def test_each_of_the_secrets_is_accepted(secret: str) -> None:
    assert is_signed([SECRET, OTHER_SECRET], b"{}", sign(secret, b"{}"))


def test_another_secret_body_or_time_is_refused() -> None:
    headers = sign(SECRET, b"{}")
    old = sign(SECRET, b"{}", datetime.now(UTC) - timedelta(minutes=6))

    assert not is_signed([OTHER_SECRET], b"{}", headers)
    assert not is_signed([SECRET], b"{ }", headers)
    assert not is_signed([SECRET], b"\xff", headers)
    assert not is_signed([SECRET], b"{}", old)
    assert not is_signed([SECRET], b"{}", {})
    assert not is_signed([], b"{}", headers)


@pytest.mark.parametrize("text", [f"{SECRET},{OTHER_SECRET}", f" {SECRET} , {OTHER_SECRET} "])
def test_secrets_are_separated_by_commas(text: str) -> None:
    assert split_secrets(text) == [SECRET, OTHER_SECRET]


@pytest.mark.parametrize("text", ["whsec_!", "whsec_c2hvcnQ="])
def test_a_secret_that_is_not_valid_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="secret 2 must be whsec_"):
        split_secrets(f"{SECRET}, {text}")
