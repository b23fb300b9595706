"""The command reads the questions, the catalog and the macros of the template."""

from typing import Any

import pytest

from phasework.answers import Answers
from phasework.module_questions import module_problem
from phasework.rules import Rules
from tests.support.cases import CASES
from tests.test_bad_answers import BAD_ANSWERS


def test_copier_and_the_command_refuse_in_the_same_words(rules: Rules) -> None:
    # Copier reports these before it reads the questions.
    cases = {case: bad for case, bad in BAD_ANSWERS.items() if bad[1].startswith("own_modules.")}
    output = {case: rules.problem(rules.with_defaults(dict(answers))) for case, (answers, _) in cases.items()}

    assert output == {case: sentence for case, (_, sentence) in cases.items()}


def test_what_copier_accepts_is_accepted(rules: Rules) -> None:
    problems = {case: rules.problem(rules.with_defaults(dict(answers))) for case, answers in CASES.items()}

    assert problems == dict.fromkeys(CASES, "")


def test_a_sentence_about_an_own_module_begins_with_the_module(rules: Rules) -> None:
    answers = rules.with_defaults({"own_modules": {"loans": {"fields": {"title": "number"}}}})

    assert module_problem(rules, answers).startswith("loans.fields.title: use int or decimal")


def test_the_catalog_is_sorted(rules: Rules) -> None:
    names = [module["name"] for module in rules.catalog]

    assert len(names) >= 4
    assert names == sorted(names)


def test_types_and_entities_are_those_of_the_template(rules: Rules) -> None:
    assert {"str", "int", "json"} <= set(rules.field_types)
    assert "json" not in rules.types_with_default
    assert set(rules.types_with_default) <= set(rules.field_types)
    assert rules.entity_of("parcels") == "Parcel"


def test_the_plan_overrides_what_the_module_says(rules: Rules) -> None:
    answers = {"modules": ["tickets"], "own_modules": {"parcels": {"phase": 4}}, "plan": {"tickets": {"phase": 9}}}

    assert rules.plan_of(answers) == {
        "tickets": {"phase": 9, "coverage": 85},
        "parcels": {"phase": 4, "coverage": 80},
    }


DEFAULTS: dict[str, Any] = {
    "project_name": "Clinic Service",
    "package_name": "clinic_service",
    "domain": "clinic",
    "own_modules": {},
    "coverage_total": 75,
    "database_access": "sync",
    "python_version": "3.11",
}


def test_defaults_follow_from_earlier_answers(rules: Rules) -> None:
    assert rules.with_defaults({}).items() >= DEFAULTS.items()
    library: Answers = rules.with_defaults({"project_name": "Library", "domain": "blank"})
    assert library["package_name"] == "library"
    assert library["modules"] == []
    assert library["plan"] == {}


@pytest.mark.parametrize(("domain", "asked"), [("clinic", True), ("blank", False)])
def test_a_question_is_asked_when_the_template_says_so(rules: Rules, domain: str, asked: bool) -> None:
    assert rules.question("modules", {"domain": domain}).asked is asked


def test_every_question_has_help_and_a_default(rules: Rules) -> None:
    answers = rules.with_defaults({})
    questions = [rules.question(name, answers) for name in rules.question_names]

    assert len(questions) >= 10
    assert [question.name for question in questions if not question.help or question.default is None] == []
