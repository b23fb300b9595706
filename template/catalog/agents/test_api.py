"""Tests of the routes for runs and tools."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.core.clock import utcnow
from your_service.modules.agents.models import AgentRun
from your_service.modules.agents.rules import Prices
from your_service.modules.agents.service import AgentRunService

from tests.support.checks import write_and_read
from tests.support.factories import Payload
from tests.support.gateways.openai import answer

URL = "/agent-runs"


async def test_start(member_client: AsyncClient, agent_run_payload: Payload) -> None:
    run = await write_and_read(member_client, URL, agent_run_payload(instruction="Count.", max_cost="1.50"))

    assert (run["instruction"], run["state"], run["tools"]) == ("Count.", "queued", ["count_events", "tell_time"])
    assert (run["max_steps"], run["max_seconds"], run["max_tokens"], run["max_cost"]) == (10, 60, 20_000, "1.50")
    assert (run["steps"], run["seconds"], run["tokens"], run["cost"]) == (0, 0, 0, "0.000000")
    assert [run[name] for name in ("answer", "failure", "detail", "ended_at")] == [None] * 4
    assert "messages" not in run


async def test_an_unknown_tool_is_refused(member_client: AsyncClient, agent_run_payload: Payload) -> None:
    response = await member_client.post(URL, json=agent_run_payload(tools=["launch"]))

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    (error,) = response.json()["errors"]
    assert (error["loc"], error["allowed"]) == (["body", "tools"], ["count_events", "tell_time"])


async def test_a_run_and_its_calls(
    member_client: AsyncClient,
    test_agent_run: AgentRun,
    agent_run_service: AgentRunService,
) -> None:
    prices = Prices(Decimal(1), Decimal(2))
    step = await agent_run_service.claim_next(prices)
    assert step is not None
    await agent_run_service.take(step, answer("Noon.", tokens=(5, 1)), prices, utcnow())

    found = await member_client.get(f"{URL}/{test_agent_run.id}")
    calls = await member_client.get(f"{URL}/{test_agent_run.id}/calls")

    run = found.json()
    assert (run["state"], run["answer"], run["cost"]) == ("completed", "Noon.", "0.000007")
    (call,) = calls.json()["items"]
    assert (call["number"], call["step"], call["kind"], call["name"]) == (1, 1, "model", "chat")
    assert (call["arguments"], call["result"], call["error"]) == (None, "Noon.", None)
    assert (call["input_tokens"], call["output_tokens"], call["cost"]) == (5, 1, "0.000007")


async def test_cancel(member_client: AsyncClient, test_agent_run_id: UUID) -> None:
    response = await member_client.post(f"{URL}/{test_agent_run_id}/cancel")
    again = await member_client.post(f"{URL}/{test_agent_run_id}/cancel")

    assert (response.status_code, response.json()["state"]) == (status.HTTP_200_OK, "cancelled")
    assert response.json()["ended_at"] is not None
    assert again.status_code == status.HTTP_409_CONFLICT
    found = await member_client.get(f"{URL}/{test_agent_run_id}")
    assert found.json() == response.json()


@pytest.mark.parametrize(
    ("query", "number"), [({"state": "queued"}, 1), ({"state": "failed"}, 0), ({"failure": "max_cost"}, 0)]
)
async def test_list_filters(
    member_client: AsyncClient,
    test_agent_run_id: UUID,
    query: dict[str, Any],
    number: int,
) -> None:
    response = await member_client.get(URL, params=query)

    assert [item["id"] for item in response.json()["items"]] == [str(test_agent_run_id)] * number


async def test_the_tools_are_listed_with_their_schemas(member_client: AsyncClient) -> None:
    response = await member_client.get("/agent-tools")

    assert response.status_code == status.HTTP_200_OK
    tools = {tool["name"]: tool for tool in response.json()["tools"]}
    assert tools.keys() == {"tell_time", "count_events"}
    assert tools["count_events"]["parameters"]["required"] == ["hours"]
    assert tools["tell_time"]["description"] == "Tell the date and the time at a place."
