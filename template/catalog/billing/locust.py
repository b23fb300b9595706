"""Load test tasks for billing."""

from typing import Any
from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 20
TAX_RATE = "Standard 19 %"


def seed(user: Visitor) -> None:
    """Create a tax rate, a customer and the initial invoices."""
    user.client.post("/tax-rates", json={"name": TAX_RATE, "percent": "19"})
    user.client.post("/customers", json={"name": f"Customer {uuid4().hex}"})
    for _ in range(SEEDED):
        bill(user)


def bill(user: Visitor) -> dict[str, Any]:
    """Create an invoice and open it."""
    price = {"amount": "12.50", "currency": "EUR"}
    line = {"description": "Support", "quantity": "2", "unit_price": price, "tax_rate": TAX_RATE}
    body = {"customer_id": user.pick("/customers")["id"], "currency": "EUR", "lines": [line]}
    draft = user.client.post("/invoices", json=body).json()
    opened: dict[str, Any] = user.client.post(f"/invoices/{draft['id']}/open", name="/invoices/{id}/open").json()
    return opened


def bill_and_pay(user: Visitor) -> None:
    """Create an invoice, open it and record its payment."""
    invoice = bill(user)
    payment = {"invoice_id": invoice["id"], "amount": invoice["balance"], "received_on": "2030-01-15"}
    user.client.post("/invoice-payments", json=payment)


def list_open(user: Visitor) -> None:
    """List the open invoices."""
    user.browse("/invoices", state="open")


TASKS = {list_open: 4, bill: 2, bill_and_pay: 1}
