"""A customer is billed, pays through a provider and gets a receipt; wrong amounts and void invoices change nothing."""

from typing import Any

import pytest
from fastapi import status
from httpx2 import Client

from tests.fixtures.billing import OTHER_SECRET, SignedPayment
from tests.suite.waiting import wait_for
from tests.support.gateways.email_server import SmtpServer

ADA = {"name": "Ada's Bakery", "email": "ada@example.com", "country": "DE"}
PAID_ON = "2030-01-20"


def create(staff: Client, url: str, body: dict[str, Any]) -> Any:
    """Send a request that must succeed, and return the body of its response."""
    response = staff.post(url, json=body)
    assert response.is_success, response.text
    return response.json()


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


@pytest.fixture
def invoice(staff: Client) -> Any:
    """An open invoice of 119.00 EUR for Ada."""
    create(staff, "/tax-rates", {"name": "Standard", "percent": "19"})
    customer = create(staff, "/customers", ADA)
    line = {"description": "Bread", "quantity": "40", "unit_price": euros("2.50"), "tax_rate": "Standard"}
    draft = create(staff, "/invoices", {"customer_id": customer["id"], "currency": "EUR", "lines": [line]})
    return create(staff, f"/invoices/{draft['id']}/open", {})


def payment(invoice: Any, amount: str) -> dict[str, Any]:
    return {"invoice_id": invoice["id"], "amount": euros(amount), "received_on": PAID_ON}


def read(staff: Client, invoice: Any) -> Any:
    """Return the invoice as it is now."""
    return staff.get(f"/invoices/{invoice['id']}").raise_for_status().json()


@pytest.mark.usefixtures("running_worker")
def test_a_customer_pays_and_gets_a_receipt(
    staff: Client,
    client: Client,
    invoice: Any,
    signed_payment: SignedPayment,
    smtp_server: SmtpServer,
) -> None:
    too_much = staff.post("/invoice-payments", json=payment(invoice, "119.01"))
    create(staff, "/invoice-payments", payment(invoice, "19.00"))
    received = payment(invoice, "100.00") | {"payment_id": "pay-1"}
    forged = client.post(**signed_payment(received, secret=OTHER_SECRET))
    # The provider repeats its event, as after a lost response.
    for _ in range(2):
        client.post(**signed_payment(received)).raise_for_status()
    wait_for(lambda: smtp_server.messages, "the receipt to be sent")

    assert too_much.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert forged.status_code == status.HTTP_403_FORBIDDEN
    paid = read(staff, invoice)
    assert (invoice["reference"], invoice["state"], invoice["total"]) == ("INV-000001", "open", euros("119.00"))
    assert (paid["state"], paid["paid"], paid["balance"]) == ("paid", euros("119.00"), euros("0.00"))
    (receipt,) = smtp_server.messages
    assert (receipt.recipients, receipt.message["Subject"]) == ([ADA["email"]], "Receipt for invoice INV-000001")
    assert "invoice INV-000001 over 119.00 EUR" in receipt.message.get_content()


def test_money_for_a_void_invoice_is_not_lost(
    staff: Client,
    client: Client,
    invoice: Any,
    signed_payment: SignedPayment,
) -> None:
    create(staff, f"/invoices/{invoice['id']}/void", {})

    client.post(**signed_payment(payment(invoice, "119.00") | {"payment_id": "pay-2"})).raise_for_status()

    refused = staff.post("/invoice-payments", json=payment(invoice, "119.00"))
    assert refused.status_code == status.HTTP_409_CONFLICT
    assert read(staff, invoice)["state"] == "void"
    (kept,) = staff.get("/invoice-payments", params={"assigned": False}).raise_for_status().json()["items"]
    assert (kept["provider_id"], kept["problem"]) == ("pay-2", "This invoice is void and cannot be paid.")
