"""A digital intake becomes valid FHIR, and the practitioner is notified; an invalid one has to be corrected first."""

import json
from datetime import datetime
from typing import Any

import pytest
from fastapi import status
from fhir.resources.R4B.bundle import Bundle
from httpx2 import Client

from your_service.core.users import User

from tests.suite.waiting import wait_for
from tests.support.gateways.email_server import SmtpServer

QUESTIONNAIRE = "https://clinic.example.com/questionnaires/first-visit"
FORM = {"key": "form-1", "questionnaire": QUESTIONNAIRE}
ADA = {
    "given_name": "Ada",
    "family_name": "Lovelace",
    "birth_date": "1990-12-10",
    "sex": "female",
    "phone": "+12025550143",
    "email": "ada@example.com",
    "address": "12 St James's Square, London",
}
ANSWERS = [
    {"link_id": "reason", "text": "Why do you come?", "type": "text", "value": "Headache"},
    {"link_id": "smoker", "type": "boolean", "value": False},
    {"link_id": "children", "type": "integer", "value": 3},
    {"link_id": "temperature", "type": "decimal", "value": "36.60"},
    {"link_id": "since", "type": "date", "value": "2029-12"},
    {"link_id": "allergy", "type": "text", "value": "Pollen"},
    {"link_id": "allergy", "type": "text", "value": "Penicillin"},
]
ITEMS = [
    {"linkId": "reason", "text": "Why do you come?", "answer": [{"valueString": "Headache"}]},
    {"linkId": "smoker", "answer": [{"valueBoolean": False}]},
    {"linkId": "children", "answer": [{"valueInteger": 3}]},
    {"linkId": "temperature", "answer": [{"valueDecimal": "36.60"}]},
    {"linkId": "since", "answer": [{"valueDate": "2029-12"}]},
    {"linkId": "allergy", "answer": [{"valueString": "Pollen"}, {"valueString": "Penicillin"}]},
]
TEMPLATE = {
    "name": "new intake",
    "channels": ["email", "sms"],
    "variables": ["patient", "reason"],
    "subject": "Intake of $patient",
    "text": "$patient has completed the intake.\n\nReason: $reason",
}


def create(staff: Client, url: str, body: dict[str, Any] | None = None) -> Any:
    """Send a request that must succeed, and return the body of its response."""
    response = staff.post(url, json=body)
    assert response.is_success, response.text
    return response.json()


def find(staff: Client, url: str, **query: Any) -> Any:
    """Return the items of a list."""
    return staff.get(url, params=query).raise_for_status().json()["items"]


def find_sent(staff: Client, practitioner: Any) -> Any:
    """Return the messages to a practitioner once the worker has stored that it sent one."""
    recipient = {"recipient_kind": "practitioner", "recipient_id": practitioner["id"]}
    messages = find(staff, "/communications", **recipient)
    return messages if any(each["state"] == "sent" for each in messages) else None


@pytest.mark.usefixtures("running_worker")
def test_an_intake_becomes_fhir_and_the_practitioner_is_notified(
    staff: Client,
    admin_user: User,
    smtp_server: SmtpServer,
) -> None:
    practitioner = create(staff, "/practitioners", {"name": "Dr Snow", "time_zone": "UTC", "slot_minutes": 30})
    recipient = {"recipient_kind": "practitioner", "recipient_id": practitioner["id"]}
    create(staff, "/notification-templates", TEMPLATE)
    create(staff, "/notification-preferences", recipient | {"channels": ["email"]})
    session = create(staff, "/intake-sessions", FORM)
    url = f"/intake-sessions/{session['id']}"
    again = staff.post("/intake-sessions", json=FORM)
    staff.patch(url, json={"person": ADA, "answers": ANSWERS}).raise_for_status()

    completed = create(staff, f"{url}/submit")
    exported = staff.get(f"{url}/fhir").raise_for_status()
    # Decimals stay texts, so that their digits can be compared.
    bundle = json.loads(exported.text, parse_float=str)
    subject, response = (entry["resource"] for entry in bundle["entry"])
    (name,) = subject["name"]
    notification = {
        "template": "new intake",
        "values": {
            "patient": f"{name['given'][0]} {name['family']}",
            "reason": response["item"][0]["answer"][0]["valueString"],
        },
        "addresses": {"email": "snow@example.com", "sms": "+12025550144"},
    }
    create(staff, "/notifications", notification | recipient)
    messages = wait_for(lambda: find_sent(staff, practitioner), "the notification to be sent")

    assert (again.status_code, again.json()["id"]) == (status.HTTP_200_OK, session["id"])
    assert completed["state"] == "completed"
    assert exported.headers["Content-Type"] == "application/fhir+json"
    Bundle.model_validate_json(exported.content)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    assert [entry["fullUrl"] for entry in bundle["entry"]] == [
        f"urn:uuid:{completed['patient_id']}",
        f"urn:uuid:{session['id']}",
    ]
    assert subject == {
        "resourceType": "Patient",
        "id": completed["patient_id"],
        "name": [{"use": "official", "family": "Lovelace", "given": ["Ada"]}],
        "telecom": [{"system": "phone", "value": ADA["phone"]}, {"system": "email", "value": ADA["email"]}],
        "gender": "female",
        "birthDate": "1990-12-10",
        "address": [{"text": ADA["address"]}],
    }
    authored = datetime.fromisoformat(response.pop("authored"))
    assert authored == datetime.fromisoformat(completed["submitted_at"])
    assert response == {
        "resourceType": "QuestionnaireResponse",
        "id": session["id"],
        "questionnaire": QUESTIONNAIRE,
        "status": "completed",
        "subject": {"reference": f"urn:uuid:{completed['patient_id']}"},
        "item": ITEMS,
    }
    accesses = find(staff, f"/patients/{completed['patient_id']}/accesses")
    assert [(access["kind"], access["user_id"]) for access in accesses] == [("export", str(admin_user.id))]
    assert [(message["channel"], message["address"]) for message in messages] == [("email", "snow@example.com")]
    (email,) = smtp_server.messages
    assert (email.recipients, email.message["Subject"]) == (["snow@example.com"], "Intake of Ada Lovelace")
    assert "Reason: Headache" in email.message.get_content()


def test_an_invalid_intake_has_to_be_corrected(staff: Client) -> None:
    url = f"/intake-sessions/{create(staff, '/intake-sessions', FORM)['id']}"
    heavy = {"link_id": "weight", "type": "decimal", "value": "heavy"}
    invalid: list[dict[str, Any]] = [
        {"person": ADA | {"birth_date": "10 December"}},
        {"person": ADA | {"email": "ada"}},
        {"person": ADA, "answers": [heavy]},
    ]

    refused = [staff.patch(url, json=changes) for changes in invalid]
    staff.patch(url, json={"person": {"given_name": "Ada"}}).raise_for_status()
    incomplete, too_early = staff.post(f"{url}/submit"), staff.get(f"{url}/fhir")
    unchanged = staff.get(url).raise_for_status().json()
    registered = find(staff, "/patients")
    staff.patch(url, json={"person": ADA, "answers": ANSWERS}).raise_for_status()
    corrected = create(staff, f"{url}/submit")

    assert [response.status_code for response in refused] == [status.HTTP_422_UNPROCESSABLE_CONTENT] * 3
    assert [response.json()["errors"][0]["loc"][:3] for response in refused] == [
        ["body", "person", "birth_date"],
        ["body", "person", "email"],
        ["body", "answers", 0],
    ]
    assert incomplete.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT
    assert incomplete.json()["detail"] == "The person's family_name and birth_date is missing."
    assert too_early.status_code == status.HTTP_409_CONFLICT
    assert (unchanged["state"], unchanged["answers"], unchanged["person"]["family_name"]) == ("open", [], None)
    assert (registered, find(staff, "/communications")) == ([], [])
    assert staff.get(f"{url}/fhir").is_success
    assert [patient["id"] for patient in find(staff, "/patients")] == [corrected["patient_id"]]
