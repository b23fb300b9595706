"""Benchmarks of the service for communications."""

import pytest

from your_service.modules.communications.models import Communication
from your_service.modules.communications.schemas import CommunicationCreate, CommunicationQuery
from your_service.modules.communications.service import CommunicationService

from tests.performance.measure import ROUNDS, Measure
from tests.support.factories import Factory, Payload


@pytest.fixture
async def many_communications(make_communication: Factory[Communication]) -> list[Communication]:
    """Two hundred messages to one recipient."""
    return [await make_communication() for _ in range(200)]


def test_schedule(
    measure: Measure,
    communication_service: CommunicationService,
    communication_payload: Payload,
    many_communications: list[Communication],
) -> None:
    requests = [CommunicationCreate(**communication_payload()) for _ in range(ROUNDS)]

    scheduled = measure(lambda: communication_service.schedule(requests.pop()))

    assert scheduled.text not in {each.text for each in many_communications}


def test_list_by_recipient(
    measure: Measure,
    communication_service: CommunicationService,
    many_communications: list[Communication],
) -> None:
    query = CommunicationQuery(address="+12025550123")

    found = measure(lambda: communication_service.list(query))

    assert list(found.items) == many_communications[: query.limit]
