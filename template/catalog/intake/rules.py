"""What a caller said as an intake, and the export of an intake as FHIR.

HL7 FHIR R4 (4.0.1, https://hl7.org/fhir/R4) is the source of the elements and codes here.

fhir.resources has no models of R4. Its models of R4B check types, formats and required elements; they accept any code,
and elements that R4 does not have. The tables here check these.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from decimal import Decimal
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from msgspec.json import Encoder
from pydantic import ValidationError
from pydantic_core import to_json

from ..patients.models import Patient, Sex
from ..patients.rules import DuplicateReason
from ..patients.schemas import PatientUpdate
from .models import IntakeSession, IntakeState
from .schemas import MAX_ANSWERS, IntakeUpdate

STATUS: Mapping[IntakeState, str] = {
    IntakeState.OPEN: "in-progress",
    IntakeState.SUBMITTED: "completed",
    IntakeState.COMPLETED: "completed",
    IntakeState.ABANDONED: "stopped",
}
"""The status of the QuestionnaireResponse, by state of the session."""
GENDER: Mapping[Sex, str] = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.OTHER: "other"}

ELEMENTS: Mapping[str, Set[str]] = {
    "Bundle": {"resourceType", "type", "timestamp", "entry"},
    "Bundle.entry": {"fullUrl", "resource"},
    "Patient": {"resourceType", "id", "name", "telecom", "gender", "birthDate", "address"},
    "Patient.name": {"use", "family", "given"},
    "Patient.telecom": {"system", "value"},
    "Patient.address": {"text"},
    "QuestionnaireResponse": {"resourceType", "id", "questionnaire", "status", "subject", "authored", "item"},
    "QuestionnaireResponse.subject": {"reference"},
    "QuestionnaireResponse.item": {"linkId", "text", "answer"},
    "QuestionnaireResponse.item.answer": {
        "valueBoolean",
        "valueInteger",
        "valueDecimal",
        "valueDate",
        "valueString",
    },
}
"""The elements of R4 that an export may have, by parent."""
CODES: Mapping[str, Set[str]] = {
    "Bundle.type": {
        "document",
        "message",
        "transaction",
        "transaction-response",
        "batch",
        "batch-response",
        "history",
        "searchset",
        "collection",
    },
    "Patient.gender": {"male", "female", "other", "unknown"},
    "Patient.name.use": {"usual", "official", "temp", "nickname", "anonymous", "old", "maiden"},
    "Patient.telecom.system": {"phone", "fax", "email", "pager", "url", "sms", "other"},
    "QuestionnaireResponse.status": {"in-progress", "completed", "amended", "entered-in-error", "stopped"},
}
"""The codes of R4 for each of these elements that has a required value set."""
VALUES = {
    "boolean": "valueBoolean",
    "integer": "valueInteger",
    "decimal": "valueDecimal",
    "date": "valueDate",
    "text": "valueString",
}
"""The element of an answer, by type."""

_encoder = Encoder(decimal_format="number")


def is_certain(reasons: Sequence[DuplicateReason]) -> bool:
    """Return whether a patient is certainly the person: a name and a birth date alone can be those of somebody else."""
    return DuplicateReason.NAME_AND_BIRTH_DATE in reasons and len(reasons) > 1


def read_call(data: Mapping[str, Any]) -> IntakeUpdate:
    """Return what a caller said: valid details of the person, and everything else as answers, so that nothing is lost."""
    said = {"phone": data.get("caller"), **data.get("collected", {})}
    person: dict[str, Any] = {}
    answers: list[dict[str, Any]] = []
    for name, value in said.items():
        if value in (None, ""):
            continue
        try:
            PatientUpdate.model_validate({name: value})
        except ValidationError:
            text = value if isinstance(value, str) else to_json(value).decode()
            answers.append({"link_id": _printable(name, 200), "type": "text", "value": _printable(text, 20_000)})
        else:
            person[name] = value
    return IntakeUpdate.model_validate({"person": person, "answers": answers[:MAX_ANSWERS]})


def _printable(text: str, length: int) -> str:
    # The speech of a caller is no input that could be corrected.
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:length] or "?"


def export(intake: IntakeSession, patient: Patient, at: datetime) -> bytes:
    """Return a FHIR bundle with the patient and the answers of a session, made at a certain time, as JSON."""
    resources = (_patient(patient), _response(intake))
    entries = [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources]
    bundle = _filled(
        resourceType="Bundle",
        type="collection",
        timestamp=at.isoformat(),
        entry=entries,
    )
    check_r4(bundle)
    return _encoder.encode(bundle)


def check_r4(bundle: Mapping[str, Any]) -> None:
    """Raise `ValueError` unless the bundle is valid in R4, and has only elements in `ELEMENTS`."""
    Bundle.model_validate(bundle)
    _check_element(bundle["resourceType"], bundle)


def _check_element(path: str, element: Mapping[str, Any]) -> None:
    for name, values in element.items():
        if name not in ELEMENTS.get(path, ()):
            raise ValueError(f"{path}.{name} is not an element of FHIR R4 that is exported")
        for value in values if isinstance(values, list) else [values]:
            _check_value(f"{path}.{name}", value)


def _check_value(path: str, value: Any) -> None:
    if isinstance(value, Mapping):
        _check_element(value.get("resourceType", path), value)
    elif value is None:
        raise ValueError(f"{path} is null")
    elif value not in CODES.get(path, {value}):
        raise ValueError(f"{path} has a code that FHIR R4 does not have")


def _patient(patient: Patient) -> dict[str, Any]:
    telecom = [("phone", patient.phone), ("email", patient.email)]
    return _filled(
        resourceType="Patient",
        id=str(patient.id),
        name=[{"use": "official", "family": patient.family_name, "given": [patient.given_name]}],
        telecom=[{"system": system, "value": value} for system, value in telecom if value],
        gender=GENDER[patient.sex] if patient.sex else None,
        birthDate=str(patient.birth_date),
        address=[{"text": patient.address}] if patient.address else [],
    )


def _response(intake: IntakeSession) -> dict[str, Any]:
    items: dict[str, dict[str, Any]] = {}
    for answer in intake.answers:
        item = items.setdefault(
            answer["link_id"], _filled(linkId=answer["link_id"], text=answer["text"]) | {"answer": []}
        )
        value = Decimal(answer["value"]) if answer["type"] == "decimal" else answer["value"]
        item["answer"].append({VALUES[answer["type"]]: value})
    return _filled(
        resourceType="QuestionnaireResponse",
        id=str(intake.id),
        questionnaire=intake.questionnaire,
        status=STATUS[intake.state],
        subject={"reference": f"urn:uuid:{intake.patient_id}"},
        authored=intake.submitted_at and intake.submitted_at.isoformat(),
        item=list(items.values()),
    )


def _filled(**elements: Any) -> dict[str, Any]:
    # FHIR has neither null nor empty elements.
    return {name: value for name, value in elements.items() if value not in (None, [])}
