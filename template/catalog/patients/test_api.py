"""Tests of the API for patients."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.users import User
from your_service.modules.patients.models import Patient

from tests.support.checks import find_texts, write_and_read
from tests.support.factories import Factory, Payload

URL = "/patients"
# The same details as a person may write them, and as they are stored.
WRITTEN = {
    "given_name": "  Ada ",
    "birth_date": "1815-12-10T00:00:00",
    "phone": " +49 30 123456 ",
    "email": " Ada.Lovelace@EXAMPLE.com",
    "address": "12 St James's Square\t",
}
STORED = {
    "given_name": "Ada",
    "birth_date": "1815-12-10",
    "phone": "+49 30 123456",
    "email": "ada.lovelace@example.com",
    "address": "12 St James's Square",
}


async def test_create(member_client: AsyncClient, patient_payload: Payload) -> None:
    body = patient_payload(sex="female", address="12 St James's Square")

    response = await member_client.post(URL, json=body)

    assert response.status_code == status.HTTP_201_CREATED
    created = response.json()
    assert {field: created[field] for field in body} == body
    found = await member_client.get(f"{URL}/{created['id']}")
    assert (found.status_code, found.json()) == (status.HTTP_200_OK, created)


async def test_responses_contain_the_stored_values(
    member_client: AsyncClient,
    test_patient_id: UUID,
    patient_payload: Payload,
) -> None:
    changed = await write_and_read(member_client, URL, WRITTEN, test_patient_id)
    assert changed.items() >= STORED.items()

    # Otherwise the new patient would be a duplicate.
    await write_and_read(member_client, URL, patient_payload(), test_patient_id)
    created = await write_and_read(member_client, URL, patient_payload(**WRITTEN))
    assert created.items() >= STORED.items()


async def test_create_lists_the_likely_duplicates(
    member_client: AsyncClient,
    test_patient: Patient,
    patient_payload: Payload,
) -> None:
    body = patient_payload(phone=test_patient.phone)

    response = await member_client.post(URL, json=body)

    assert response.status_code == status.HTTP_409_CONFLICT
    assert response.headers["content-type"] == "application/problem+json"
    [error] = response.json()["errors"]
    assert error["records"] == [
        {
            "kind": "patient",
            "id": str(test_patient.id),
            "given_name": test_patient.given_name,
            "family_name": test_patient.family_name,
            "birth_date": str(test_patient.birth_date),
            "reasons": ["phone"],
        },
    ]


async def test_create_accepts_a_duplicate_if_allowed(
    member_client: AsyncClient,
    test_patient: Patient,
    patient_payload: Payload,
) -> None:
    body = patient_payload(phone=test_patient.phone)

    response = await member_client.post(URL, params={"allow_duplicate": True}, json=body)

    assert response.status_code == status.HTTP_201_CREATED


async def test_list(member_client: AsyncClient, test_patient_id: UUID) -> None:
    response = await member_client.get(URL, params={"limit": 1})

    assert response.status_code == status.HTTP_200_OK
    page = response.json()
    assert [item["id"] for item in page["items"]] == [str(test_patient_id)]
    assert (page["next"], page["total"]) == (None, None)


async def test_search(member_client: AsyncClient, make_patient: Factory[Patient]) -> None:
    expected = await make_patient(given_name="José", phone="+34 555 0100")
    await make_patient()

    for search in ("jose", "+34 (555) 01-00", "0034 5550100"):
        response = await member_client.get(URL, params={"search": search})

        assert [item["id"] for item in response.json()["items"]] == [str(expected.id)]


async def test_list_refuses_a_number_as_a_date(member_client: AsyncClient) -> None:
    response = await member_client.get(URL, params={"birth_date": 0})

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert [error["loc"] for error in response.json()["errors"]] == [["query", "birth_date"]]


async def test_update(member_client: AsyncClient, test_patient_id: UUID, patient_payload: Payload) -> None:
    changes = patient_payload()

    response = await member_client.patch(f"{URL}/{test_patient_id}", json=changes)

    assert response.status_code == status.HTTP_200_OK
    updated = response.json()
    assert {field: updated[field] for field in changes} == changes
    found = await member_client.get(f"{URL}/{test_patient_id}")
    assert found.json() == updated
    assert updated["updated_at"] > updated["created_at"]


async def test_update_accepts_a_duplicate_only_if_allowed(
    member_client: AsyncClient,
    test_patient_id: UUID,
    make_patient: Factory[Patient],
) -> None:
    url, mother = f"{URL}/{test_patient_id}", await make_patient()
    changes = {"phone": mother.phone}

    refused = await member_client.patch(url, json=changes)
    meant = await member_client.patch(url, params={"allow_duplicate": True}, json=changes)

    assert refused.status_code == status.HTTP_409_CONFLICT
    assert [record["id"] for record in refused.json()["errors"][0]["records"]] == [str(mother.id)]
    assert (meant.status_code, meant.json()["phone"]) == (status.HTTP_200_OK, mother.phone)


async def test_duplicates(member_client: AsyncClient, test_patient: Patient, make_patient: Factory[Patient]) -> None:
    duplicates = [await make_patient(email=test_patient.email) for _ in range(2)]

    response = await member_client.get(f"{URL}/{test_patient.id}/duplicates", params={"offset": 1, "with_total": True})

    assert response.status_code == status.HTTP_200_OK
    assert response.json() == {
        "items": [
            {
                "id": str(duplicates[1].id),
                "given_name": duplicates[1].given_name,
                "family_name": duplicates[1].family_name,
                "birth_date": str(duplicates[1].birth_date),
                "reasons": ["email"],
            },
        ],
        "next": None,
        "total": 2,
    }


async def test_merge(admin_client: AsyncClient, member_client: AsyncClient, make_patient: Factory[Patient]) -> None:
    survivor, duplicate = await make_patient(phone=None), await make_patient(phone="112")

    response = await admin_client.post(f"{URL}/{survivor.id}/merge", json={"duplicate_id": str(duplicate.id)})

    assert response.status_code == status.HTTP_200_OK
    assert (response.json()["id"], response.json()["phone"]) == (str(survivor.id), "112")
    merged = await member_client.get(f"{URL}/{duplicate.id}")
    assert merged.status_code == status.HTTP_410_GONE
    assert merged.headers["content-type"] == "application/problem+json"
    assert merged.json()["errors"][0]["records"] == [{"kind": "patient", "id": str(survivor.id)}]


async def test_merge_requires_an_admin(member_client: AsyncClient, make_patient: Factory[Patient]) -> None:
    survivor, duplicate = await make_patient(), await make_patient()

    response = await member_client.post(f"{URL}/{survivor.id}/merge", json={"duplicate_id": str(duplicate.id)})

    assert response.status_code == status.HTTP_403_FORBIDDEN
    found = await member_client.get(f"{URL}/{duplicate.id}")
    assert found.status_code == status.HTTP_200_OK


async def test_timeline(member_client: AsyncClient, patient_payload: Payload) -> None:
    created = await member_client.post(URL, json=patient_payload())
    patient_id = created.json()["id"]
    url = f"{URL}/{patient_id}"
    await member_client.patch(url, json={"phone": "112"})

    response = await member_client.get(f"{url}/timeline", params={"limit": 1, "offset": 1})

    assert response.status_code == status.HTTP_200_OK
    page = response.json()
    (entry,) = page["items"]
    assert entry.keys() == {"id", "name", "record_id", "about", "data", "occurred_at"}
    assert (entry["name"], entry["record_id"], entry["about"]) == ("patient.updated", patient_id, None)
    assert entry["data"] == {"fields": ["phone"]}
    assert (page["next"], page["total"]) == (None, None)


async def test_delete(admin_client: AsyncClient, member_client: AsyncClient, test_patient_id: UUID) -> None:
    url = f"{URL}/{test_patient_id}"

    deleted = await admin_client.delete(url)

    assert deleted.status_code == status.HTTP_204_NO_CONTENT
    found = await member_client.get(url)
    assert found.status_code == status.HTTP_404_NOT_FOUND


async def test_delete_requires_an_admin(member_client: AsyncClient, test_patient_id: UUID) -> None:
    response = await member_client.delete(f"{URL}/{test_patient_id}")

    assert response.status_code == status.HTTP_403_FORBIDDEN
    found = await member_client.get(f"{URL}/{test_patient_id}")
    assert found.status_code == status.HTTP_200_OK


async def find_accesses(client: AsyncClient, patient_id: Any) -> list[tuple[str, str]]:
    response = await client.get(f"{URL}/{patient_id}/accesses")
    assert response.status_code == status.HTTP_200_OK
    return [(access["user_id"], access["kind"]) for access in response.json()["items"]]


async def test_each_read_is_noted(
    member_client: AsyncClient,
    admin_client: AsyncClient,
    acting_user: User,
    admin_user: User,
    make_patient: Factory[Patient],
) -> None:
    patient = await make_patient(email="jose@example.com")
    namesake = await make_patient(email="jose@example.com")
    url = f"{URL}/{patient.id}"
    await member_client.get(url)
    await member_client.get(URL, params={"search": patient.family_name})
    await member_client.get(f"{url}/timeline")
    await member_client.get(f"{url}/duplicates")
    await admin_client.get(f"{url}/export")
    await member_client.patch(url, json={"address": "Ockham Park"})

    member, admin = str(acting_user.id), str(admin_user.id)
    assert await find_accesses(admin_client, patient.id) == [
        (member, "record"),
        (member, "list"),
        (member, "timeline"),
        (admin, "export"),
    ]
    assert await find_accesses(admin_client, namesake.id) == [(member, "list")]


async def test_a_read_and_its_note_are_one_transaction(
    member_client: AsyncClient,
    test_patient_id: UUID,
    statements: list[str],
) -> None:
    await member_client.get(f"{URL}/{test_patient_id}")
    statements.clear()

    await member_client.get(f"{URL}/{test_patient_id}")

    words = [" ".join(statement.split()[:3]) for statement in statements]
    assert [word.split()[0] for word in words] == ["SAVEPOINT", "SELECT", "INSERT", "RELEASE"]
    assert words[2] == "INSERT INTO patient_accesses"


async def test_a_refused_read_is_not_noted(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    test_patient_id: UUID,
) -> None:
    refused = await member_client.get(f"{URL}/{test_patient_id}/export")

    assert refused.status_code == status.HTTP_403_FORBIDDEN
    assert await find_accesses(admin_client, test_patient_id) == []


@pytest.mark.parametrize(("method", "route"), [("GET", "accesses"), ("GET", "export"), ("POST", "erase")])
async def test_personal_data_require_an_admin(
    member_client: AsyncClient,
    test_patient_id: UUID,
    method: str,
    route: str,
) -> None:
    response = await member_client.request(method, f"{URL}/{test_patient_id}/{route}")

    assert response.status_code == status.HTTP_403_FORBIDDEN
    found = await member_client.get(f"{URL}/{test_patient_id}")
    assert found.status_code == status.HTTP_200_OK


async def test_export(admin_client: AsyncClient, patient_payload: Payload) -> None:
    body = patient_payload()
    created = await admin_client.post(URL, json=body)
    patient_id = created.json()["id"]

    response = await admin_client.get(f"{URL}/{patient_id}/export")

    assert response.status_code == status.HTTP_200_OK
    export = response.json()
    assert export["patient_id"] == patient_id
    assert export["records"]["patients"][0].items() >= body.items()
    assert [event["name"] for event in export["events"]] == ["patient.created"]


async def test_erase(
    admin_client: AsyncClient,
    member_client: AsyncClient,
    db_session: AsyncSession,
    patient_payload: Payload,
) -> None:
    body, headers = patient_payload(family_name="Planted"), {"Idempotency-Key": "1"}
    created = await member_client.post(URL, json=body, headers=headers)
    url = f"{URL}/{created.json()['id']}"
    assert await find_texts(db_session, "planted") > {"core_stored_responses.body"}

    erased = await admin_client.post(f"{url}/erase")
    again = await admin_client.post(f"{url}/erase")

    assert (erased.status_code, again.status_code) == (status.HTTP_204_NO_CONTENT, status.HTTP_204_NO_CONTENT)
    assert await find_texts(db_session, "planted") == set()
    found = await member_client.get(url)
    assert found.status_code == status.HTTP_410_GONE
    assert found.headers["content-type"] == "application/problem+json"
    repeated = await member_client.post(URL, json=body, headers=headers)
    assert (repeated.status_code, repeated.json()["id"] != created.json()["id"]) == (status.HTTP_201_CREATED, True)
