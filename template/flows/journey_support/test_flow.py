"""Cancelled journeys create tickets that are assigned evenly to the members."""

from collections import Counter
from typing import Any

from fastapi import status
from httpx2 import AsyncClient

from your_service.core.events import Event
from your_service.core.users import User
from your_service.modules.journeys.models import Journey

from tests.support.factories import Factory


async def post(client: AsyncClient, url: str, **body: Any) -> Any:
    response = await client.post(url, json=body)
    assert response.status_code in {status.HTTP_200_OK, status.HTTP_201_CREATED}, response.text
    return response.json()


async def raise_ticket(client: AsyncClient, event: Event) -> Any:
    ticket = await post(
        client,
        "/tickets",
        title=f"Journey {event.record_id} ended early",
        description=event.data["reason"],
        priority="high",
    )
    return await post(client, f"/tickets/{ticket['id']}/assign-automatically", version=ticket["version"])


async def test_tickets_of_journeys_are_assigned_evenly(
    member_client: AsyncClient,
    add_user: Factory[User],
    make_journey: Factory[Journey],
    published_events: list[Event],
) -> None:
    await add_user("Grace Hopper")
    for number in range(4):
        journey = await make_journey()
        await post(member_client, f"/journeys/{journey.id}/cancel", reason=f"Reason {number}")
    cancelled = [event for event in published_events if event.name == "journey.cancelled"]

    tickets = [await raise_ticket(member_client, event) for event in cancelled]

    loads = Counter(ticket["assignee_id"] for ticket in tickets)
    assert sorted(loads.values()) == [2, 2]


async def test_a_closed_ticket_still_refers_to_its_journey(
    member_client: AsyncClient,
    test_journey: Journey,
    published_events: list[Event],
) -> None:
    url = f"/journeys/{test_journey.id}"
    await post(member_client, f"{url}/advance", stage="Surgery")
    await post(member_client, f"{url}/cancel", reason="Moved to another town")
    ticket = await raise_ticket(member_client, published_events[-1])

    for state in ("in_progress", "resolved", "closed"):
        move = {"state": state, "version": ticket["version"]}
        ticket = await post(member_client, f"/tickets/{ticket['id']}/move", **move)

    found = await member_client.get("/tickets", params={"search": str(test_journey.id)})
    journey = await member_client.get(url)
    assert [(item["state"], item["description"]) for item in found.json()["items"]] == [
        ("closed", "Moved to another town")
    ]
    assert (journey.json()["state"], journey.json()["stage"]) == ("cancelled", "Surgery")
