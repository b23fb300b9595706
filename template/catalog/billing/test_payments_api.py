"""Tests of the API for payments, and of the events of a payment provider."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI, status
from httpx2 import AsyncClient
from pydantic import SecretStr

from your_service.modules.billing.models import Invoice

from tests.fixtures.billing import OTHER_SECRET, SignedPayment
from tests.support.checks import write_and_read
from tests.support.factories import Payload

URL = "/invoice-payments"

pytestmark = pytest.mark.usefixtures("billing_app")


async def test_record(member_client: AsyncClient, test_invoice: Invoice, invoice_payment_payload: Payload) -> None:
    body = invoice_payment_payload()

    payment = await write_and_read(member_client, URL, body)

    assert payment.items() >= {**body, "assigned": True, "problem": None, "provider_id": None}.items()
    invoice = await member_client.get(f"/invoices/{test_invoice.id}")
    assert invoice.json()["balance"] == {"amount": "100.00", "currency": "EUR"}


async def test_a_repeated_request_with_a_key_pays_once(
    member_client: AsyncClient,
    test_invoice: Invoice,
    invoice_payment_payload: Payload,
) -> None:
    body, headers = invoice_payment_payload(), {"Idempotency-Key": "payment-1"}

    responses = [await member_client.post(URL, json=body, headers=headers) for _ in range(2)]

    assert [response.status_code for response in responses] == [status.HTTP_201_CREATED] * 2
    assert responses[0].json() == responses[1].json()
    invoice = await member_client.get(f"/invoices/{test_invoice.id}")
    assert invoice.json()["paid"]["amount"] == "19.00"


async def test_too_much_is_refused(member_client: AsyncClient, invoice_payment_payload: Payload) -> None:
    body = invoice_payment_payload(amount={"amount": "119.01", "currency": "EUR"})

    response = await member_client.post(URL, json=body)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [["body", "amount"]]


@pytest.mark.parametrize("number", [1, 2])
async def test_a_signed_event_pays_the_invoice_once(
    client: AsyncClient,
    member_client: AsyncClient,
    test_invoice: Invoice,
    provider_payment: Payload,
    signed_payment: SignedPayment,
    number: int,
) -> None:
    request = signed_payment(provider_payment())

    responses = [await client.post(**request) for _ in range(number)]

    assert {response.status_code for response in responses} == {status.HTTP_204_NO_CONTENT}
    invoice = await member_client.get(f"/invoices/{test_invoice.id}")
    assert (invoice.json()["state"], invoice.json()["paid"]["amount"]) == ("paid", "119.00")
    page = await member_client.get(URL)
    assert [payment["provider_id"] for payment in page.json()["items"]] == ["pay-1"]


async def test_the_previous_secret_is_accepted(
    client: AsyncClient,
    provider_payment: Payload,
    signed_payment: SignedPayment,
) -> None:
    response = await client.post(**signed_payment(provider_payment(), secret=OTHER_SECRET))

    assert response.status_code == status.HTTP_204_NO_CONTENT


async def test_money_for_a_void_invoice_is_listed_as_unassigned(
    client: AsyncClient,
    admin_client: AsyncClient,
    test_invoice: Invoice,
    provider_payment: Payload,
    signed_payment: SignedPayment,
) -> None:
    await admin_client.post(f"/invoices/{test_invoice.id}/void")

    response = await client.post(**signed_payment(provider_payment()))

    assert response.status_code == status.HTTP_204_NO_CONTENT
    page = await admin_client.get(URL, params={"assigned": False})
    assert [payment["problem"] for payment in page.json()["items"]] == ["This invoice is void and cannot be paid."]


async def test_other_events_are_ignored(
    client: AsyncClient,
    member_client: AsyncClient,
    signed_payment: SignedPayment,
) -> None:
    response = await client.post(**signed_payment({"payment_id": 1}, kind="payment.failed"))

    assert response.status_code == status.HTTP_204_NO_CONTENT
    page = await member_client.get(URL)
    assert page.json()["items"] == []


async def test_an_invoice_of_another_organisation_is_not_found(
    client: AsyncClient,
    other_org_client: AsyncClient,
    provider_payment: Payload,
    signed_payment: SignedPayment,
    other_org_user: Any,
) -> None:
    request = signed_payment(provider_payment(), organisation_id=other_org_user.organisation_id)

    response = await client.post(**request)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    page = await other_org_client.get(URL)
    assert page.json()["items"] == []


async def test_an_unknown_organisation_is_not_found(
    client: AsyncClient,
    provider_payment: Payload,
    signed_payment: SignedPayment,
) -> None:
    response = await client.post(**signed_payment(provider_payment(), organisation_id=uuid4()))

    assert response.status_code == status.HTTP_404_NOT_FOUND


@pytest.mark.parametrize("fields", [{"payment_id": ""}, {"amount": {"amount": "0", "currency": "EUR"}}])
async def test_data_that_are_not_valid_are_refused(
    client: AsyncClient,
    provider_payment: Payload,
    signed_payment: SignedPayment,
    fields: dict[str, Any],
) -> None:
    response = await client.post(**signed_payment(provider_payment(**fields)))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_a_request_that_is_not_signed_does_not_reach_the_database(
    client: AsyncClient,
    billing_app: FastAPI,
    provider_payment: Payload,
    signed_payment: SignedPayment,
    statements: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    request, old = signed_payment(provider_payment()), signed_payment({}, at=datetime(2020, 1, 1, tzinfo=UTC))
    statements.clear()

    refused = [
        await client.post(**request | {"headers": {"Content-Type": "application/json"}}),
        await client.post(**request | {"content": request["content"] + b" "}),
        await client.post(**old),
    ]
    unset = {"billing_provider_secrets": SecretStr("")}
    billing_app.state.settings = billing_app.state.settings.model_copy(update=unset)
    refused.append(await client.post(**request))

    assert [response.status_code for response in refused] == [status.HTTP_403_FORBIDDEN] * 4
    assert {response.json()["detail"] for response in refused} == {"The signature is not valid."}
    assert statements == []
    assert "it says that it is about a payment." in caplog.text
