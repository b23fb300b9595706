"""The JSON Schemas for editors accept what the template accepts, and the documentation lists what they cannot refuse."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from phasework.cli import app
from phasework.json_schema import Schema, answers_schema, own_modules_schema
from phasework.rules import Rules, load_rules
from tests.support.cases import CASES
from tests.support.fuzzing import fuzz, tried
from tests.support.services import ROOT
from tests.support.strategies import valid_answers
from tests.test_bad_answers import BAD_ANSWERS

PAGE = ROOT / "docs/reference/own-modules.md"
# The rules that a schema cannot say, each as the documentation names it, with the sentences that refuse an answer.
BEYOND = {
    "the letters of `project_name`, `package_name` and `description`": r"^(project_name|package_name|description):",
    "a name that another module, table, class or column has": r"another name|because a reference adds _id|^own_modules: use a-z",
    "references and `plan` name modules of the service": r"\(a module of the service\)|^plan:",
    "a module of the catalog needs others": r"^modules: tick",
    "required references form no cycle": r"form a cycle",
    "a module is part of at most one other, and has fields beside parts and links": (
        r"because a (record is part of one|part has no|record has no)"
    ),
    "links cannot be optional or renamed": r"because a (record may have no|table of links cannot)",
    "defaults and bounds have the type of the field, and a default is within the bounds": r"default|bound|characters|digits",
    "`unique`, `search`, `sort` and `check` name fields of the right types, and do not repeat or contradict each other": r"\.(unique|search|sort|check):",
    "transitions, routes and roles name what the module has": r"\.(states|routes|admin|roles)\b",
}


@pytest.fixture(scope="module")
def rules() -> Rules:
    """The template's own rules."""
    return load_rules()


@pytest.fixture(scope="module")
def answers(rules: Rules) -> Schema:
    """The schema of answers."""
    return answers_schema(rules)


def problems(schema: Schema, value: Any) -> list[str]:
    """Return why a schema refuses a value."""
    return [error.message for error in Draft7Validator(schema).iter_errors(value)]


@fuzz(few=20, many=3000)
def test_what_the_template_accepts_is_accepted(answers: Schema, rules: Rules, seed: int, cases: int) -> None:
    modules = own_modules_schema(rules)

    @given(valid_answers())
    def property_(drawn: dict[str, Any]) -> None:
        assert problems(answers, drawn) == []
        assert problems(modules, drawn["own_modules"]) == []

    tried(property_, seed, cases)


@pytest.mark.parametrize("case", CASES)
def test_our_services_are_accepted(answers: Schema, case: str) -> None:
    assert problems(answers, CASES[case] | {"_src_path": "/phasework", "_commit": "v0.1.0"}) == []


def test_what_a_schema_cannot_refuse_is_listed(answers: Schema) -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    accepted = {
        case: sentence
        for case, (given, sentence) in BAD_ANSWERS.items()
        if isinstance(given, dict) and problems(answers, given) == []
    }

    assert [rule for rule in BEYOND if rule not in page] == []
    assert {case for case, sentence in accepted.items() if not re.search("|".join(BEYOND.values()), sentence)} == set()
    assert len(accepted) < 0.55 * len(BAD_ANSWERS)


@pytest.mark.parametrize("name", ["answers", "own_modules"])
def test_the_command_prints_what_the_documentation_has(name: str) -> None:
    outcome = CliRunner().invoke(app, ["schema", name])

    assert outcome.exit_code == 0
    assert outcome.stdout == (ROOT / f"docs/reference/{name}.schema.json").read_text(encoding="utf-8")
    Draft7Validator.check_schema(json.loads(outcome.stdout))
