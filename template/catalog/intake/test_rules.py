"""Tests of the export as FHIR R4."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from your_service.modules.intake.models import IntakeChannel, IntakeSession, IntakeState
from your_service.modules.intake.rules import check_r4, export, is_certain
from your_service.modules.patients.models import Patient, Sex
from your_service.modules.patients.rules import DuplicateReason

PATIENT_ID = UUID("00000000-0000-4000-8000-000000000001")
INTAKE_ID = UUID("00000000-0000-4000-8000-000000000002")
SUBMITTED_AT = dt.datetime(2030, 1, 15, 12, 0, tzinfo=dt.UTC)
EXPORTED_AT = dt.datetime(2030, 1, 15, 12, 30, tzinfo=dt.UTC)


def patient(**details: Any) -> Patient:
    known = {"given_name": "Ada", "family_name": "Lovelace", "birth_date": dt.date(1990, 5, 17), **details}
    return Patient(id=PATIENT_ID, **known)


def answer(kind: str, value: Any, link_id: str = "1", text: str | None = None) -> dict[str, Any]:
    return {"link_id": link_id, "text": text, "type": kind, "value": value}


def session(*answers: dict[str, Any], **values: Any) -> IntakeSession:
    known = {
        "state": IntakeState.COMPLETED,
        "channel": IntakeChannel.FORM,
        "patient_id": PATIENT_ID,
        "submitted_at": SUBMITTED_AT,
        **values,
    }
    return IntakeSession(id=INTAKE_ID, answers=list(answers), **known)


def exported(intake: IntakeSession, person: Patient) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the Patient and the QuestionnaireResponse of an export."""
    one, other = json.loads(export(intake, person, EXPORTED_AT), parse_float=Decimal)["entry"]
    return one["resource"], other["resource"]


def bundle_of(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}


def test_a_bundle_has_the_patient_and_the_answers() -> None:
    reason = answer("text", "Headache", "reason", "What brings you here?")
    intake = session(reason, questionnaire="https://example.com/q")

    bundle = json.loads(export(intake, patient(), EXPORTED_AT))

    assert bundle == {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": "2030-01-15T12:30:00+00:00",
        "entry": [
            {
                "fullUrl": f"urn:uuid:{PATIENT_ID}",
                "resource": {
                    "resourceType": "Patient",
                    "id": str(PATIENT_ID),
                    "name": [{"use": "official", "family": "Lovelace", "given": ["Ada"]}],
                    "birthDate": "1990-05-17",
                },
            },
            {
                "fullUrl": f"urn:uuid:{INTAKE_ID}",
                "resource": {
                    "resourceType": "QuestionnaireResponse",
                    "id": str(INTAKE_ID),
                    "questionnaire": "https://example.com/q",
                    "status": "completed",
                    "subject": {"reference": f"urn:uuid:{PATIENT_ID}"},
                    "authored": "2030-01-15T12:00:00+00:00",
                    "item": [
                        {
                            "linkId": "reason",
                            "text": "What brings you here?",
                            "answer": [{"valueString": "Headache"}],
                        },
                    ],
                },
            },
        ],
    }


def test_a_patient_has_all_details() -> None:
    person = patient(sex=Sex.FEMALE, phone="+49 30 123456", email="ada@example.com", address="12 St James's Square")

    resource, _ = exported(session(), person)

    assert resource["telecom"] == [
        {"system": "phone", "value": "+49 30 123456"},
        {"system": "email", "value": "ada@example.com"},
    ]
    assert (resource["gender"], resource["address"]) == ("female", [{"text": "12 St James's Square"}])


@pytest.mark.parametrize(("sex", "gender"), [(Sex.FEMALE, "female"), (Sex.MALE, "male"), (Sex.OTHER, "other")])
def test_gender_is_a_code_of_r4(sex: Sex, gender: str) -> None:
    resource, _ = exported(session(), patient(sex=sex))

    assert resource["gender"] == gender


def test_nothing_is_null_or_empty() -> None:
    text = export(session(answer("text", "Headache"), submitted_at=None), patient(), EXPORTED_AT).decode()

    assert "null" not in text
    assert "[]" not in text
    assert "{}" not in text


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("boolean", True, {"valueBoolean": True}),
        ("boolean", False, {"valueBoolean": False}),
        ("integer", 0, {"valueInteger": 0}),
        ("date", "2019-05-17", {"valueDate": "2019-05-17"}),
        ("date", "2019-05", {"valueDate": "2019-05"}),
        ("date", "2019", {"valueDate": "2019"}),
        ("text", "Since\nMonday", {"valueString": "Since\nMonday"}),
    ],
)
def test_an_answer_has_the_element_of_its_type(kind: str, value: Any, expected: dict[str, Any]) -> None:
    _, response = exported(session(answer(kind, value)), patient())

    assert response["item"] == [{"linkId": "1", "answer": [expected]}]


@pytest.mark.parametrize("digits", ["72.50", "0.10", "-3.00", "9999999999.99"])
def test_a_decimal_is_a_number_with_all_of_its_digits(digits: str) -> None:
    text = export(session(answer("decimal", digits)), patient(), EXPORTED_AT).decode()

    assert f'"valueDecimal":{digits}}}' in text


def test_answers_to_one_question_are_one_item() -> None:
    answers = [
        answer("text", "Nuts", "allergies", "Allergies"),
        answer("boolean", True, "smoker"),
        answer("text", "Pollen", "allergies"),
    ]

    _, response = exported(session(*answers), patient())

    assert response["item"] == [
        {"linkId": "allergies", "text": "Allergies", "answer": [{"valueString": "Nuts"}, {"valueString": "Pollen"}]},
        {"linkId": "smoker", "answer": [{"valueBoolean": True}]},
    ]


def test_a_session_without_answers_has_no_item() -> None:
    _, response = exported(session(), patient())

    assert response.keys() == {"resourceType", "id", "status", "subject", "authored"}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (IntakeState.OPEN, "in-progress"),
        (IntakeState.SUBMITTED, "completed"),
        (IntakeState.COMPLETED, "completed"),
        (IntakeState.ABANDONED, "stopped"),
    ],
)
def test_each_state_has_a_status_of_r4(state: IntakeState, status: str) -> None:
    _, response = exported(session(state=state), patient())

    assert response["status"] == status


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ({"resourceType": "Patient", "gender": "Female"}, "Patient.gender"),
        ({"resourceType": "Patient", "name": [{"use": "birth", "family": "King"}]}, "Patient.name.use"),
        ({"resourceType": "Patient", "telecom": [{"system": "mobile", "value": "112"}]}, "Patient.telecom.system"),
        ({"resourceType": "QuestionnaireResponse", "status": "finished"}, "QuestionnaireResponse.status"),
    ],
)
def test_codes_that_only_the_models_accept_are_refused(resource: dict[str, Any], path: str) -> None:
    with pytest.raises(ValueError, match=f"{path} has a code"):
        check_r4(bundle_of(resource))


def test_the_second_of_two_values_is_checked_too() -> None:
    telecom = [{"system": "phone", "value": "112"}, {"system": "mobile", "value": "113"}]

    with pytest.raises(ValueError, match=r"Patient\.telecom\.system"):
        check_r4(bundle_of({"resourceType": "Patient", "telecom": telecom}))


def test_the_code_of_the_bundle_is_checked() -> None:
    with pytest.raises(ValueError, match=r"Bundle\.type"):
        check_r4({"resourceType": "Bundle", "type": "subscription-notification"})


def test_an_element_that_r4_does_not_have_is_refused() -> None:
    # R4B added valueRatioRange and valueCodeableReference to extensions.
    extension = {"url": "https://example.com/ratio", "valueRatioRange": {"denominator": {"value": 1}}}

    with pytest.raises(ValueError, match=r"Patient\.extension is not an element of FHIR R4"):
        check_r4(bundle_of({"resourceType": "Patient", "extension": [extension]}))


def test_null_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Patient\.gender is null"):
        check_r4(bundle_of({"resourceType": "Patient", "gender": None}))


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ({"resourceType": "QuestionnaireResponse"}, "status"),
        ({"resourceType": "QuestionnaireResponse", "status": "completed", "item": [{"text": "Why?"}]}, "linkId"),
        ({"resourceType": "Patient", "birthDate": "1990-13"}, "birthDate"),
        ({"resourceType": "Patient", "name": "Ada"}, "name"),
    ],
)
def test_the_models_check_types_and_required_elements(resource: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        check_r4(bundle_of(resource))


@pytest.mark.parametrize(
    ("reasons", "certain"),
    [
        ([], False),
        ([DuplicateReason.NAME_AND_BIRTH_DATE], False),
        ([DuplicateReason.PHONE, DuplicateReason.EMAIL], False),
        ([DuplicateReason.NAME_AND_BIRTH_DATE, DuplicateReason.PHONE], True),
        ([DuplicateReason.NAME_AND_BIRTH_DATE, DuplicateReason.EMAIL], True),
    ],
)
def test_a_name_and_a_birth_date_alone_are_not_certain(reasons: list[DuplicateReason], certain: bool) -> None:
    assert is_certain(reasons) is certain
