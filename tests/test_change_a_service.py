"""The steps of docs/how-to/change-a-service.md work, and its table names all edits that other rules need."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import change, read_blocks, run_commands, shell_variables
from tests.support.environments import cache_of_types
from tests.support.services import ROOT, Service, write_service
from tests.support.updates import Versions, make_versions, replace

PAGE = ROOT / "docs/how-to/change-a-service.md"


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """The template as a repository with a version."""
    return make_versions(tmp_path_factory.mktemp("versions"))


def test_the_steps_of_the_page_work(written: Callable[[str], Service], versions: Versions, tmp_path: Path) -> None:
    # Its dependencies are those of the page's service.
    model = written("blank")
    variables = shell_variables(tmp_path / "programs", model, versions.folder)
    folder = tmp_path
    for block in read_blocks(PAGE.read_text(encoding="utf-8")):
        if block.language == "diff":
            change(folder / block.path, block.text)
        elif block.language == "console":
            with cache_of_types(model.environment) as cache:
                folder = run_commands(block.text, folder, variables | cache)
        else:
            (folder / block.path).write_text(block.text, encoding="utf-8")


@dataclass(frozen=True)
class Rule:
    """A rule of a module, and the edits of its tests that the page names."""

    row: str
    """The row of the page's table that it is in."""
    fields: Mapping[str, Any]
    refused: str = ""
    """The condition of a record that the rule refuses."""
    unique: tuple[str, ...] = ()
    """The columns that are unique together."""
    payload: Mapping[str, str] = field(default_factory=dict)
    """Edits of the payload fixture."""
    api: Mapping[str, str] = field(default_factory=dict)
    """Edits of the tests of the API."""


NEW_MEMBER = {"test_member: Member": "make_member: Factory[Member]", "test_member.id": "make_member().id"}
# In the async form, a payload cannot await.
NEW_MEMBER_ASYNC = {
    "def {snake}_payload(test_member: Member": "async def {snake}_payload(make_member: Factory[Member]",
    "    numbers = count(1)\n": "    numbers = count(1)\n    members = [await make_member() for _ in range(9)]\n",
    "test_member.id": "members[number % 9].id",
}

RULES = {
    "terms": Rule(
        "is after one that is declared before it",
        {"starts_on": "date", "ends_on": "date"},
        "record.ends_on <= record.starts_on",
    ),
    "shifts": Rule(
        "is after one that is declared before it",
        {"starts_at": "datetime", "ends_at": "datetime?"},
        "record.ends_at and record.ends_at <= record.starts_at",
    ),
    "visits": Rule(
        "is after one that is declared after it",
        {"left_on": "date", "arrived_on": "date"},
        "record.left_on <= record.arrived_on",
        payload={"dt.date(2030,": "dt.date(2032,", "dt.date(2031,": "dt.date(2029,"},
    ),
    "spans": Rule(
        "a number is greater",
        {"least": "int", "most": "int", "name": "str"},
        "record.least >= record.most",
        payload={'"least": number,': '"least": -number,', '"most": number,': '"most": number + 100,'},
    ),
    "prices": Rule(
        "a number is greater",
        {"lowest": "decimal", "highest": "decimal"},
        "record.lowest >= record.highest",
        payload={
            '"lowest": f"{number}.50"': '"lowest": f"{-number}.50"',
            '"highest": f"{number}.50"': '"highest": f"{number + 100}.50"',
        },
    ),
    "stays": Rule(
        "at most 30 days apart",
        {"starts_on": "date", "ends_on": "date"},
        "(record.ends_on - record.starts_on).days not in range(31)",
        payload={"dt.date(2031, 1, 1)": "dt.date(2030, 1, 15)"},
        api={'("ends_on", "2031-01-01T00:00:00", "2031-01-01")': '("ends_on", "2030-01-20T00:00:00", "2030-01-20")'},
    ),
    "loans": Rule(
        "the second choice requires",
        {"kind": ["short", "long"], "due_on": "date?"},
        'record.kind == "long" and record.due_on is None',
    ),
    "rentals": Rule(
        "the first choice requires",
        {"kind": ["long", "short"], "due_on": "date?"},
        'record.kind == "long" and record.due_on is None',
        payload={'"long" if number % 2 else "short"': '"short" if number % 2 else "long"'},
    ),
    "cards": Rule(
        "a reference and a choice",
        {"title": "str", "member": "-> members", "kind": ["short", "long"]},
        unique=("member_id", "kind"),
        payload=NEW_MEMBER,
    ),
    "entries": Rule(
        "two references",
        {"member": "-> members", "term": "-> terms", "note": "text?"},
        unique=("member_id", "term_id"),
        payload=NEW_MEMBER,
    ),
    "seats": Rule(
        "text, a number or a day is unique",
        {"member": "-> members", "day": "date", "place": "int"},
        unique=("member_id", "day"),
    ),
}
UNIQUE = """    __tablename__ = "{name}"
    __table_args__ = (UniqueConstraint("organisation_id", {columns}),)
"""
CHECK = """
    async def _check_rules(self, record: {entity}) -> None:
        if {refused}:
            raise Unprocessable("This is against the rule.")
"""


def add_rule(service: Service, name: str, rule: Rule) -> None:
    """Add a rule to a module by hand."""
    module = service.folder / "src" / service.package / "modules" / name
    if rule.unique:
        columns = ", ".join(f'"{column}"' for column in rule.unique)
        edit(module / "models.py", f'    __tablename__ = "{name}"\n', UNIQUE.format(name=name, columns=columns))
        edit(module / "models.py", "from sqlalchemy import ", "from sqlalchemy import UniqueConstraint, ")
    if rule.refused:
        source = module / "service.py"
        check = CHECK.format(entity=name.removesuffix("s").capitalize(), refused=rule.refused)
        if service.answers["database_access"] == "sync":
            check = check.replace("async ", "")
        text = source.read_text(encoding="utf-8")
        imported = "\nfrom ...core.errors import Unprocessable\nfrom ...core.resource"
        source.write_text(text.replace("\nfrom ...core.resource", imported) + check, encoding="utf-8")


def make_edits(service: Service, name: str, rule: Rule) -> int:
    """Make the edits that a rule needs, and return their number."""
    payload = rule.payload
    if payload is NEW_MEMBER and service.answers["database_access"] == "async":
        snake = {"entries": "entry"}.get(name, name.removesuffix("s"))
        payload = {old.format(snake=snake): new.format(snake=snake) for old, new in NEW_MEMBER_ASYNC.items()}
    for file, edits in (("fixtures/{}.py", payload), ("api/test_{}_api.py", rule.api)):
        for old, new in edits.items():
            edit(service.folder / "tests" / file.format(name), old, new)
    return len(payload) + len(rule.api)


def edits_in_table(part: str) -> int:
    """Return the number of edits that the page names for the rule with this text."""
    [row] = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and part in line]
    return sum(int(number) for number in re.findall(r"\b([1-3]) in ", row))


def test_the_page_shows_the_payload_of_the_async_form() -> None:
    page = PAGE.read_text(encoding="utf-8")

    _, members, member = NEW_MEMBER_ASYNC.values()

    assert f"`{members.splitlines()[1].strip()}`" in page
    assert f"`{member}`" in page


def edit(file: Path, old: str, new: str) -> None:
    """Replace the only occurrence of a text in a file."""
    file.write_text(replace(file, old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("form", "names"),
    [("sync", [*RULES]), pytest.param("async", ["cards", "entries"], marks=pytest.mark.long)],
)
def test_three_edits_at_most_make_the_tests_green_after_a_rule(
    template: Path, tmp_path: Path, form: str, names: list[str]
) -> None:
    own_modules = {"members": {"fields": {"name": "str"}}, "terms": {"fields": dict(RULES["terms"].fields)}}
    own_modules |= {name: {"fields": dict(RULES[name].fields)} for name in names}
    answers = {"project_name": "Library", "domain": "blank", "own_modules": own_modules, "database_access": form}
    service = write_service(template, tmp_path / "service", answers)
    for name in names:
        add_rule(service, name, RULES[name])
    # A rule has nothing to do with values that a schema refuses.
    command = ["pytest", "--no-cov", "-q", "-k", "not refuses_a_bad_value"]
    for name in names:
        command += [f"tests/unit/phase1/test_{name}_service.py", f"tests/api/test_{name}_api.py"]
    output = service.run(*command, expect=pytest.ExitCode.TESTS_FAILED)
    failed = {*re.findall(r"^FAILED tests/(?:unit/phase1|api)/test_([a-z]+)_", output, re.MULTILINE)}

    counts = {name: make_edits(service, name, RULES[name]) for name in names}

    assert {name for name, count in counts.items() if count} == failed
    assert max(counts.values()) <= 3
    if form == "sync":
        assert counts == {name: edits_in_table(RULES[name].row) for name in names}
    service.run(*command)
