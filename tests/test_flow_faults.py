"""The journeys of a patient fail if the service is broken."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services import Service

CASE = "everything"
FLOWS = ("whatsapp_to_reminders", "call_to_confirmation", "intake_to_fhir")

Fault = tuple[str, str, str]
"""The file of a module, a text in it, and what it becomes."""
# Each row has a fault for each flow, which the others do not notice.
ROWS: list[tuple[Fault, Fault, Fault]] = [
    (
        ("conversations/handlers.py", "inbound_message.received", "nothing"),
        ("webhooks/router.py", 'raise _not_signed("the voice agent")', "pass"),
        ("intake/rules.py", "questionnaire=intake.questionnaire,", ""),
    ),
    (
        ("communications/handlers.py", "inbound_message.received", "nothing"),
        ("intake/rules.py", "and len(reasons) > 1", ""),
        ("intake/rules.py", 'IntakeState.COMPLETED: "completed"', 'IntakeState.COMPLETED: "in-progress"'),
    ),
    (
        ("communications/handlers.py", "delivery_status.received", "nothing"),
        ("webhooks/router.py", '"call.ended": "voice_call.ended"', ""),
        ("intake/rules.py", 'Decimal(answer["value"])', 'float(answer["value"])'),
    ),
    (
        ("communications/service.py", "Communication.due_at <= now,", ""),
        ("notifications/service.py", "sorted(map(Channel, template.channels))", "[Channel.EMAIL]"),
        ("intake/service.py", "if intake.missing", "if False"),
    ),
    (
        ("communications/tasks.py", "communication.organisation_id\n", "None\n"),
        ("notifications/service.py", '"variables": data.values', '"variables": {}'),
        ("intake/router.py", "service.patients.note_access(reader.user_id, AccessKind.EXPORT, patient_id)", ""),
    ),
    (
        ("appointments/tasks.py", "worker.email.send(email)", "pass"),
        ("intake/rules.py", '"phone": data.get("caller"), ', ""),
        ("notifications/service.py", "if channel not in preference.channels", "if False"),
    ),
    (
        ("appointments/service.py", "if self.session.scalar(others.limit(1)) is not None", "if False"),
        ("intake/handlers.py", "if has_ended and not intake.missing", "if False"),
        ("intake/rules.py", "birthDate=str(patient.birth_date),", ""),
    ),
]


@pytest.mark.long
@pytest.mark.xdist_group(CASE)
@pytest.mark.parametrize("faults", ROWS, ids=lambda faults: faults[0][1])
def test_each_journey_notices_its_fault(
    written: Callable[[str], Service], tmp_path: Path, faults: tuple[Fault, ...]
) -> None:
    service = written(CASE).copy(tmp_path / "service")
    for file, text, planted in faults:
        path = service.folder / "src" / service.package / "modules" / file
        source = path.read_text(encoding="utf-8")
        assert text in source
        path.write_text(source.replace(text, planted), encoding="utf-8")
    tests = [f"tests/e2e/test_{flow}_flow_e2e.py" for flow in FLOWS]

    output = service.run("pytest", *tests, "--no-cov", expect=pytest.ExitCode.TESTS_FAILED)

    assert {*re.findall(r"^FAILED (\S+)::", output, re.MULTILINE)} == {*tests}
    assert re.findall("^ERROR .*", output, re.MULTILINE) == []
