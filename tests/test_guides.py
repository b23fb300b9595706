"""The code in the guides of the catalog's modules does what they say, in a service with own modules."""

import re
from pathlib import Path
from textwrap import indent

import pytest
import yaml

from tests.support.drawn import one_of
from tests.support.services import Service, write_service
from tests.support.subsets import offered_in

OWN = yaml.safe_load("""
members:
  fields:
    email: email
loans:
  fields:
    title: str
    member: -> members
subscribers:
  fields:
    email: email
    note: str?
""")
TYPES = "from collections.abc import Collection\nfrom sqlalchemy import ColumnElement\n"
HANDLERS = """
from sqlalchemy import update

from ...core.events import Event, EventBus, handles
from ..loans.models import Loan
from ..members.models import Member
from .models import Subscriber


"""
TESTS = """
from sqlalchemy import select

from {package}.modules.communications.models import Communication


async def test_a_loan_is_confirmed(db_session, make_loan, make_notification_template):
    template = {{"name": "loan", "channels": ["email"], "variables": ["title"], "subject": "Loan", "text": "$title"}}
    await make_notification_template(**template, short_text=None)

    await make_loan(title="A book")

    found = await db_session.scalars(select(Communication.text))
    assert found.all() == ["A book"]


async def test_an_erasure_reaches_the_subscribers(patient_service, make_patient, make_subscriber):
    patient = await make_patient(email="ada@example.com")
    subscriber, other = await make_subscriber(email="ada@example.com", note="Ada"), await make_subscriber(note="Bob")
    exported = await patient_service.export(patient.id)

    await patient_service.erase(patient.id)

    assert [each["id"] for each in exported.records["subscribers"]] == [str(subscriber.id)]
    for each in (subscriber, other):
        await patient_service.session.refresh(each)
    assert [(each.email, each.note) for each in (subscriber, other)] == [("", None), (other.email, "Bob")]
    assert other.email
"""


@pytest.mark.parametrize("form", one_of("sync", "async"))
def test_the_code_in_guides_works(template: Path, tmp_path: Path, form: str) -> None:
    answers = {"modules": offered_in("clinic"), "own_modules": OWN, "database_access": form}
    service = write_service(template, tmp_path / "service", answers)
    mentions, erase = code_in(service, "docs/patients.md")
    [confirm] = code_in(service, "docs/notifications.md")
    modules = service.folder / "src" / service.package / "modules"
    (modules / "subscribers/handlers.py").write_text(f"{HANDLERS}{confirm}\n\n{erase}", encoding="utf-8")
    with (modules / "__init__.py").open("a", encoding="utf-8") as file:
        file.write("from .subscribers import handlers as subscribers_handlers\n")
    models = modules / "subscribers/models.py"
    text = models.read_text(encoding="utf-8")
    models.write_text(f"{TYPES}{text}\n{indent(mentions, '    ')}", encoding="utf-8")
    tests = TESTS if form == "async" else re.sub("async |await ", "", TESTS)
    (service.folder / "tests/unit/test_guides.py").write_text(tests.format(package=service.package), encoding="utf-8")

    output = service.run("pytest", "--no-cov", "tests/unit/test_guides.py")

    assert "2 passed" in output


def code_in(service: Service, page: str) -> list[str]:
    """Return the blocks of Python in a page of the service."""
    return re.findall(r"```python\n(.*?)```", (service.folder / page).read_text(encoding="utf-8"), re.DOTALL)
