"""A workflow of n8n confirms the slot that a patient was offered."""

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.core.tenancy import Organisation
from your_service.modules.appointments.models import Appointment, Practitioner
from your_service.modules.appointments.service import AppointmentService
from your_service.modules.n8n.models import WorkflowRun
from your_service.modules.patients.models import Patient

# What the double of n8n accepts.
SIGNED = {"X-Signature-Timestamp": "1893499200", "X-Signature": "signed", "Content-Type": "application/json"}

pytestmark = pytest.mark.usefixtures("frozen_time")


@pytest.fixture
async def offer(
    appointment_service: AppointmentService,
    test_patient: Patient,
    test_practitioner: Practitioner,
) -> Appointment:
    """An appointment that is offered to the patient."""
    offered = await appointment_service.offer(test_patient.id, test_practitioner.id, timedelta(days=1))
    assert offered is not None
    return offered


async def call_back(client: AsyncClient, organisation: Organisation, run: WorkflowRun, offer: Appointment) -> int:
    """Send the callback with which a workflow confirms the offer, and return the status of the response."""
    report = {"run_id": str(run.id), "execution": 1, "state": "succeeded", "confirms": str(offer.id)}
    response = await client.post(f"/n8n/{organisation.id}/callbacks", content=json.dumps(report), headers=SIGNED)
    return response.status_code


async def read(client: AsyncClient, url: str) -> Any:
    """Return a record."""
    response = await client.get(url)
    return response.json()


async def test_a_callback_books_the_offered_appointment_once(
    client: AsyncClient,
    member_client: AsyncClient,
    test_org: Organisation,
    test_workflow_run: WorkflowRun,
    offer: Appointment,
) -> None:
    answers = [await call_back(client, test_org, test_workflow_run, offer) for _ in range(2)]

    assert answers == [status.HTTP_204_NO_CONTENT] * 2
    booked = await read(member_client, f"/appointments/{offer.id}")
    run = await read(member_client, f"/workflow-runs/{test_workflow_run.id}")
    assert (booked["state"], run["state"]) == ("booked", "succeeded")


async def test_a_slot_that_was_taken_back_is_not_confirmed(
    client: AsyncClient,
    member_client: AsyncClient,
    test_org: Organisation,
    test_workflow_run: WorkflowRun,
    offer: Appointment,
) -> None:
    cancelled = await member_client.post(f"/appointments/{offer.id}/cancel", json={"reason": "The practitioner is ill"})

    answer = await call_back(client, test_org, test_workflow_run, offer)

    assert (cancelled.status_code, answer) == (status.HTTP_200_OK, status.HTTP_409_CONFLICT)
    run = await read(member_client, f"/workflow-runs/{test_workflow_run.id}")
    assert run["state"] == "queued"


async def test_a_run_is_locked_after_the_patient_of_the_slot_that_it_confirms(
    client: AsyncClient,
    test_org: Organisation,
    test_workflow_run: WorkflowRun,
    offer: Appointment,
    statements: list[str],
) -> None:
    await call_back(client, test_org, test_workflow_run, offer)

    # An erasure locks them in this order, too.
    locking = [statement for statement in statements if statement.endswith(" FOR UPDATE")]
    tables = [statement.partition("FROM ")[2].split()[0] for statement in locking]
    assert tables == ["patients", "practitioners", "appointments", "workflow_runs"]
