"""Tests of the routes for documents and searches."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.core.errors import PROBLEM_JSON
from your_service.gateways.openai import NonsensicalAnswer, OpenAIError, OpenAIUnavailable, RequestRefused
from your_service.modules.vector.models import VectorDocument
from your_service.modules.vector.service import VectorDocumentService

from tests.support.checks import write_and_read
from tests.support.factories import Factory, Payload
from tests.support.gateways.openai import ScriptedOpenAIGateway

URL = "/vector-documents"


async def test_ingest(member_client: AsyncClient, vector_document_payload: Payload) -> None:
    document = await write_and_read(member_client, URL, vector_document_payload(title="Asthma"))

    assert document.keys() == {"id", "created_at", "updated_at", "title", "state", "model", "failure"}
    assert (document["title"], document["state"]) == ("Asthma", "pending")
    assert (document["model"], document["failure"]) == (None, None)


async def test_the_chunks_of_a_document(member_client: AsyncClient, vector_document_payload: Payload) -> None:
    created = await member_client.post(URL, json=vector_document_payload(text="Take one tablet."))

    response = await member_client.get(f"{URL}/{created.json()['id']}/chunks")

    assert response.status_code == status.HTTP_200_OK
    (chunk,) = response.json()["items"]
    assert chunk.keys() == {"id", "position", "start", "text"}
    assert (chunk["position"], chunk["start"], chunk["text"]) == (0, 0, "Take one tablet.")


async def test_list_filters(
    member_client: AsyncClient,
    make_vector_document: Factory[VectorDocument],
    make_embedded_document: Factory[VectorDocument],
) -> None:
    pending = await make_vector_document(title="About asthma")
    embedded = await make_embedded_document(title="About insulin")

    by_state = await member_client.get(URL, params={"state": "embedded"})
    by_title = await member_client.get(URL, params={"search": "ASTHMA"})

    assert [item["id"] for item in by_state.json()["items"]] == [str(embedded.id)]
    assert [item["id"] for item in by_title.json()["items"]] == [str(pending.id)]


async def test_delete(
    member_client: AsyncClient,
    admin_client: AsyncClient,
    test_vector_document_id: UUID,
) -> None:
    url = f"{URL}/{test_vector_document_id}"

    by_member = await member_client.delete(url)
    by_admin = await admin_client.delete(url)

    assert by_member.status_code == status.HTTP_403_FORBIDDEN
    assert by_admin.status_code == status.HTTP_204_NO_CONTENT
    gone = await member_client.get(url)
    assert gone.status_code == status.HTTP_404_NOT_FOUND


async def test_retry(
    member_client: AsyncClient,
    test_vector_document_id: UUID,
    vector_document_service: VectorDocumentService,
) -> None:
    url = f"{URL}/{test_vector_document_id}"
    refused = await member_client.post(f"{url}/retry")
    claim = await vector_document_service.claim_next("model")
    assert claim is not None
    await vector_document_service.refuse(claim, "400 invalid_value")
    failed = await member_client.get(url)

    response = await member_client.post(f"{url}/retry")

    assert refused.status_code == status.HTTP_409_CONFLICT
    assert (failed.json()["state"], failed.json()["failure"]) == ("failed", "400 invalid_value")
    assert response.status_code == status.HTTP_200_OK
    assert (response.json()["state"], response.json()["failure"]) == ("pending", None)
    found = await member_client.get(url)
    assert found.json() == response.json()


async def test_search_explains_its_scores(
    member_client: AsyncClient,
    make_embedded_document: Factory[VectorDocument],
) -> None:
    asthma = await make_embedded_document(title="Asthma", text="Asthma in children")
    await make_embedded_document(title="Hours", text="Opening hours")

    response = await member_client.get("/vector-search", params={"text": "children asthma", "vector_weight": 0.8})

    assert response.status_code == status.HTTP_200_OK
    body = response.json()
    weights = {word["word"]: word["weight"] for word in body["words"]}
    first, second = body["findings"]
    assert (first["document_id"], first["title"], first["text"]) == (str(asthma.id), "Asthma", "Asthma in children")
    for finding in (first, second):
        share = sum(weights[word] for word in finding["found_words"]) / sum(weights.values())
        assert finding["keyword_score"] == pytest.approx(share)
        parts = body["vector_weight"] * finding["vector_score"] + body["keyword_weight"] * finding["keyword_score"]
        assert finding["score"] == pytest.approx(parts)
    assert (first["keyword_score"], second["keyword_score"]) == (1, 0)
    assert 1 > first["vector_score"] > second["vector_score"] > 0


@pytest.mark.parametrize(
    "failure",
    [OpenAIUnavailable("503"), NonsensicalAnswer("Hm"), RequestRefused("400")],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_search_fails_while_the_provider_does(
    member_client: AsyncClient,
    mock_openai: ScriptedOpenAIGateway,
    make_vector_document: Factory[VectorDocument],
    failure: OpenAIError,
) -> None:
    await make_vector_document(text="Asthma")
    mock_openai.failures = [failure]

    response = await member_client.get("/vector-search", params={"text": "asthma"})
    by_words = await member_client.get("/vector-search", params={"text": "asthma", "vector_weight": 0})

    assert response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
    assert response.headers["Content-Type"] == PROBLEM_JSON
    assert "Retry-After" in response.headers
    assert [finding["score"] for finding in by_words.json()["findings"]] == [1]
    assert mock_openai.embedded == []


async def test_a_search_does_not_find_documents_of_another_organisation(
    other_org_client: AsyncClient,
    make_embedded_document: Factory[VectorDocument],
) -> None:
    await make_embedded_document(text="Asthma")

    response = await other_org_client.get("/vector-search", params={"text": "asthma"})

    assert (response.status_code, response.json()["findings"]) == (status.HTTP_200_OK, [])


@pytest.mark.parametrize("query", [{}, {"text": "asthma", "limit": 51}, {"text": "asthma", "vector_weight": 2}])
async def test_search_refuses_a_bad_query(member_client: AsyncClient, query: dict[str, Any]) -> None:
    response = await member_client.get("/vector-search", params=query)

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
