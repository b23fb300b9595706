"""Tests of the API for credit notes."""

from fastapi import status
from httpx2 import AsyncClient

from your_service.modules.billing.models import Invoice

from tests.support.checks import write_and_read
from tests.support.factories import Payload

URL = "/credit-notes"


async def test_issue(admin_client: AsyncClient, test_invoice: Invoice, credit_note_payload: Payload) -> None:
    body = credit_note_payload()

    note = await write_and_read(admin_client, URL, body)

    assert (note["reference"], note["reason"], note["invoice_id"]) == ("CN-000001", body["reason"], body["invoice_id"])
    assert note["total"] == {"amount": "29.75", "currency": "EUR"}
    invoice = await admin_client.get(f"/invoices/{test_invoice.id}")
    assert invoice.json()["balance"] == {"amount": "89.25", "currency": "EUR"}
    assert invoice.json()["lines"][0]["credited"] == "1"


async def test_issue_requires_an_admin(member_client: AsyncClient, credit_note_payload: Payload) -> None:
    response = await member_client.post(URL, json=credit_note_payload())

    assert response.status_code == status.HTTP_403_FORBIDDEN


async def test_more_than_what_is_left_is_refused(admin_client: AsyncClient, credit_note_payload: Payload) -> None:
    response = await admin_client.post(URL, json=credit_note_payload(lines=[{"line": 1, "quantity": "5"}]))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "lines"]]
