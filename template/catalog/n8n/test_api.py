"""Tests of the API for workflow runs, and of the callbacks of n8n."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.core.tenancy import Organisation
from your_service.modules.n8n.models import RunState, WorkflowRun
from your_service.modules.n8n.service import WorkflowRunService

from tests.support.factories import Payload
from tests.support.gateways.n8n import RecordingN8nGateway

URL = "/workflow-runs"
SIGNED = {"X-Signature-Timestamp": "1893499200", "X-Signature": "signed", "Content-Type": "application/json"}

# Other modules may react to the events.
pytestmark = pytest.mark.usefixtures("no_handlers")


def callback(organisation_id: UUID, workflow_run_id: UUID, **changes: Any) -> dict[str, Any]:
    """Return a signed callback."""
    report = {"run_id": str(workflow_run_id), "execution": 1, "state": "succeeded", "result": {"answer": "yes"}}
    content = json.dumps({**report, **changes})
    return {"url": f"/n8n/{organisation_id}/callbacks", "content": content, "headers": SIGNED}


async def test_create(member_client: AsyncClient, workflow_run_payload: Payload) -> None:
    body = workflow_run_payload()

    response = await member_client.post(URL, json=body)

    assert response.status_code == status.HTTP_201_CREATED
    created = response.json()
    unset = dict.fromkeys(("started_at", "finished_at", "result", "failure"))
    assert created.items() >= {**body, **unset, "state": "queued", "execution": 1, "attempts": 0}.items()
    found = await member_client.get(f"{URL}/{created['id']}")
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, created)


async def test_list_by_state(member_client: AsyncClient, test_workflow_run_id: UUID) -> None:
    queued = await member_client.get(URL, params={"state": "queued"})
    started = await member_client.get(URL, params={"state": "started"})

    assert [item["id"] for item in queued.json()["items"]] == [str(test_workflow_run_id)]
    assert started.json()["items"] == []


async def test_retry(
    member_client: AsyncClient,
    test_workflow_run: WorkflowRun,
    workflow_run_service: WorkflowRunService,
) -> None:
    url = f"{URL}/{test_workflow_run.id}/retry"
    early = await member_client.post(url)
    await workflow_run_service.refuse(test_workflow_run, "status 404")
    await workflow_run_service.session.commit()

    response = await member_client.post(url)

    assert early.status_code == status.HTTP_409_CONFLICT
    assert (response.status_code, response.json()["state"]) == (status.HTTP_200_OK, "queued")


async def test_a_callback_ends_a_run(
    client: AsyncClient,
    member_client: AsyncClient,
    test_org: Organisation,
    test_workflow_run: WorkflowRun,
    mock_n8n: RecordingN8nGateway,
) -> None:
    request = callback(test_org.id, test_workflow_run.id)

    response = await client.post(**request)

    assert (response.status_code, response.content) == (status.HTTP_204_NO_CONTENT, b"")
    assert mock_n8n.checked == [(request["content"].encode(), SIGNED["X-Signature-Timestamp"])]
    found = await member_client.get(f"{URL}/{test_workflow_run.id}")
    assert (found.json()["state"], found.json()["result"]) == ("succeeded", {"answer": "yes"})


async def test_a_replayed_callback_is_accepted_and_changes_nothing(
    client: AsyncClient,
    member_client: AsyncClient,
    test_org: Organisation,
    test_workflow_run: WorkflowRun,
) -> None:
    request = callback(test_org.id, test_workflow_run.id)
    await client.post(**request)
    before = await member_client.get(f"{URL}/{test_workflow_run.id}")

    replayed = await client.post(**request)

    after = await member_client.get(f"{URL}/{test_workflow_run.id}")
    assert (replayed.status_code, after.json()) == (status.HTTP_204_NO_CONTENT, before.json())


@pytest.mark.parametrize("signature", ["forged", None])
async def test_a_callback_without_a_valid_signature_changes_nothing(
    client: AsyncClient,
    member_client: AsyncClient,
    test_org: Organisation,
    test_workflow_run: WorkflowRun,
    signature: str | None,
    statements: list[str],
) -> None:
    request = callback(test_org.id, test_workflow_run.id)
    request["headers"] = {**SIGNED, "X-Signature": signature} if signature else {}
    statements.clear()

    response = await client.post(**request)

    assert (response.status_code, statements) == (status.HTTP_403_FORBIDDEN, [])
    assert response.json()["detail"] == "The signature is not valid."
    found = await member_client.get(f"{URL}/{test_workflow_run.id}")
    assert found.json()["state"] == "queued"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"state": "started"}, "state"),
        ({"run_id": "x"}, "run_id"),
        ({"execution": None}, "execution"),
        ({"extra": 1}, "extra"),
        ({"result": 1}, "result"),
    ],
    ids=["state", "id", "execution", "unknown field", "result"],
)
async def test_a_malformed_callback_is_refused(
    client: AsyncClient,
    test_org: Organisation,
    test_workflow_run: WorkflowRun,
    changes: dict[str, Any],
    field: str,
) -> None:
    response = await client.post(**callback(test_org.id, test_workflow_run.id, **changes))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"][:2] for error in response.json()["errors"]] == [["body", field]]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]"])
async def test_a_callback_that_is_no_object_is_refused(
    client: AsyncClient,
    test_org: Organisation,
    body: bytes,
) -> None:
    response = await client.post(f"/n8n/{test_org.id}/callbacks", content=body, headers=SIGNED)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_a_callback_names_its_organisation(
    client: AsyncClient,
    other_org: Organisation,
    test_workflow_run: WorkflowRun,
) -> None:
    elsewhere = await client.post(**callback(other_org.id, test_workflow_run.id))
    nowhere = await client.post(**callback(uuid4(), test_workflow_run.id))

    assert [elsewhere.status_code, nowhere.status_code] == [status.HTTP_404_NOT_FOUND] * 2
    assert test_workflow_run.state is RunState.QUEUED
