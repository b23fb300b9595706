"""Tests of the API for tax rates and invoices."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient

from your_service.modules.billing.models import Invoice
from your_service.modules.billing.rules import TaxRounding

from tests.support.checks import write_and_read
from tests.support.factories import Payload

URL = "/invoices"


async def test_a_tax_rate_is_created_and_changed(admin_client: AsyncClient, tax_rate_payload: Payload) -> None:
    body = tax_rate_payload()

    created = await write_and_read(admin_client, "/tax-rates", body)
    changed = await write_and_read(admin_client, "/tax-rates", {"percent": "7.5"}, created["id"])

    assert (created["name"], created["percent"], changed["percent"]) == (body["name"], "19.000", "7.500")


async def test_only_admins_change_tax_rates(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    tax_rate_payload: Payload,
) -> None:
    created = await admin_client.post("/tax-rates", json=tax_rate_payload())
    url = f"/tax-rates/{created.json()['id']}"

    refused = [
        await member_client.post("/tax-rates", json=tax_rate_payload()),
        await member_client.patch(url, json={"percent": "1"}),
        await member_client.delete(url),
    ]

    assert [response.status_code for response in refused] == [status.HTTP_403_FORBIDDEN] * 3
    deleted = await admin_client.delete(url)
    assert deleted.status_code == status.HTTP_204_NO_CONTENT


async def test_a_draft_is_created_changed_and_opened(member_client: AsyncClient, invoice_payload: Payload) -> None:
    draft = await write_and_read(member_client, URL, invoice_payload())
    changed = await write_and_read(member_client, URL, {"payment_days": 30}, draft["id"])

    opened = await member_client.post(f"{URL}/{draft['id']}/open")

    assert (draft["state"], draft["total"]) == ("draft", {"amount": "119.00", "currency": "EUR"})
    assert (draft["number"], draft["billed_to"], changed["payment_days"]) == (None, None, 30)
    assert opened.status_code == status.HTTP_200_OK
    invoice = opened.json()
    assert (invoice["state"], invoice["reference"], invoice["balance"]) == ("open", "INV-000001", draft["total"])
    assert invoice["billed_to"]["country"] == "DE"
    found = await member_client.get(f"{URL}/{draft['id']}")
    assert found.json() == invoice


async def test_the_settings_say_where_tax_is_rounded(
    app: FastAPI,
    member_client: AsyncClient,
    invoice_payload: Payload,
) -> None:
    (line,) = invoice_payload()["lines"]
    small = line | {"quantity": "1", "unit_price": {"amount": "0.03", "currency": "EUR"}}
    before = app.state.settings
    app.state.settings = before.model_copy(update={"billing_tax_rounding": TaxRounding.INVOICE})
    try:
        created = await member_client.post(URL, json=invoice_payload(lines=[small] * 3))
    finally:
        app.state.settings = before

    assert (created.json()["tax_rounding"], created.json()["tax"]["amount"]) == ("invoice", "0.02")


async def test_an_open_invoice_stays_as_it_is(admin_client: AsyncClient, test_invoice: Invoice) -> None:
    url = f"{URL}/{test_invoice.id}"
    before = await admin_client.get(url)

    refused = [await admin_client.patch(url, json={"payment_days": 1}), await admin_client.delete(url)]
    refused.append(await admin_client.post(f"{url}/open"))

    assert [response.status_code for response in refused] == [status.HTTP_409_CONFLICT] * 3
    after = await admin_client.get(url)
    assert after.json() == before.json()


@pytest.mark.parametrize(("action", "state"), [("void", "void"), ("mark-uncollectible", "uncollectible")])
async def test_only_admins_give_up_an_invoice(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    test_invoice_id: UUID,
    action: str,
    state: str,
) -> None:
    url = f"{URL}/{test_invoice_id}/{action}"

    refused = await member_client.post(url)
    done = await admin_client.post(url)

    assert (refused.status_code, done.status_code) == (status.HTTP_403_FORBIDDEN, status.HTTP_200_OK)
    assert (done.json()["state"], done.json()["number"]) == (state, 1)


async def test_a_draft_is_deleted_by_an_admin(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    test_draft: Invoice,
) -> None:
    url = f"{URL}/{test_draft.id}"

    refused = await member_client.delete(url)
    deleted = await admin_client.delete(url)

    assert (refused.status_code, deleted.status_code) == (status.HTTP_403_FORBIDDEN, status.HTTP_204_NO_CONTENT)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"state": "open"}, 1),
        ({"state": "paid"}, 0),
        ({"number": 1}, 1),
        ({"due_on_to": "2000-01-01"}, 0),
        ({"due_on_from": "2000-01-01"}, 1),
    ],
)
async def test_list_filters(
    member_client: AsyncClient,
    test_invoice: Invoice,
    query: dict[str, Any],
    number: int,
) -> None:
    response = await member_client.get(URL, params={"customer_id": str(test_invoice.customer_id), **query})

    assert [item["id"] for item in response.json()["items"]] == [str(test_invoice.id)] * number


@pytest.mark.parametrize("query", [{"due_on_to": "0"}, {"state": "lost"}, {"number": 0}])
async def test_list_refuses_a_bad_query(member_client: AsyncClient, query: dict[str, Any]) -> None:
    response = await member_client.get(URL, params=query)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
