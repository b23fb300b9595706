"""Asks the template's questions, and checks each answer with the template's own rules at once."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from questionary import Choice
from rich.table import Table

from .answers import Answers, as_mapping
from .console import show, show_table
from .module_questions import PHASE, ask_module, ask_plan
from .modules import to_yaml
from .prompts import Check, as_number, ask_number, ask_text, choose, confirm, show_problem, tick
from .rules import Question, Rules

HINT = "Press Enter to accept the default, or Ctrl-C to cancel.\nNothing is written before you have answered all questions.\n"
# An update does not ask for these again: code of the team imports the package, and the order of fields matters.
KEPT = ("package_name", "own_modules")


def ask_questions(rules: Rules, given: Answers, before: Mapping[str, Any] = MappingProxyType({})) -> Answers:
    """Return the given answers and those that the user enters; exit with one sentence if a given answer is refused.

    `before` are the answers of an existing service; each is the default of its question.
    """
    show(HINT, "dim")
    answers: Answers = {}
    passed: Answers = {}
    for name in rules.question_names:
        question = suggest(rules.question(name, answers | passed), before)
        if name not in given and (not question.asked or (name in KEPT and before.get(name))):
            passed[name] = question.default
            if name in KEPT and (problem := rules.problem(rules.with_defaults(answers | passed))):
                sys.exit(f"{problem} Change it with --data-file, or keep the version with --vcs-ref :current:.")
            continue

        def check(answer: Any, name: str = name) -> str:
            return rules.problem(rules.with_defaults(answers | passed | {name: answer}))

        if name in given:
            answers[name] = as_number(str(given[name])) if question.type == "int" else given[name]
            if problem := check(answers[name]):
                sys.exit(problem)
        elif name == "own_modules":
            answers[name] = ask_own_modules(rules, answers | passed)
        elif name == "plan":
            answers[name] = ask_whole_plan(question, check)
        else:
            answers[name] = ask_question(question, check)
    return answers


def suggest(question: Question, before: Mapping[str, Any]) -> Question:
    """Return the question with the earlier answer for its default, as far as it is still allowed."""
    if question.name not in before or not question.asked:
        return question
    earlier = before[question.name]
    if question.name == "plan":
        earlier = {name: entry | as_mapping(earlier).get(name, {}) for name, entry in question.default.items()}
    values = [value for _, value in question.choices]
    if question.several:
        earlier = [value for value in values if value in earlier]
    elif values and earlier not in values:
        return question
    return replace(question, default=earlier)


def ask_question(question: Question, check: Check) -> Any:
    """Ask one question with choices, a number or a text for an answer."""
    if question.several:
        choices = [Choice(label, value, checked=value in question.default) for label, value in question.choices]
        while show_problem(check(ticked := tick(question.help, choices))):
            choices = [Choice(choice.title, choice.value, checked=choice.value in ticked) for choice in choices]
        return ticked
    if question.choices:
        choices = [Choice(label, value) for label, value in question.choices]
        return choose(question.help, choices, question.default)
    if question.type == "int":
        return ask_number(question.help, check, question.default)
    return ask_text(question.help, check, str(question.default))


def ask_own_modules(rules: Rules, answers: Answers) -> dict[str, Any]:
    """Ask for own modules, one by one."""
    own: dict[str, Any] = {}
    while confirm(f"Describe {'another' if own else 'a'} module of your own?", default=False):
        described = ask_module(rules, rules.with_defaults(answers | {"own_modules": own}))
        show(f"\n{to_yaml(described)}")
        if confirm("Add this module?"):
            own |= described
    return own


def ask_whole_plan(question: Question, check: Check) -> dict[str, Any]:
    """Show the default plan, and ask for the phase and coverage of each module if it is not to be kept."""
    plan: dict[str, dict[str, int]] = dict(question.default)
    show(f"\nThe plan: the phase of each module, and how much of it the tests must cover.\n{PHASE}")
    table = Table("Module", "Phase", "Minimum coverage")
    for name, entry in plan.items():
        table.add_row(name, str(entry["phase"]), f"{entry['coverage']} %")
    show_table(table)
    if confirm("Keep this plan?"):
        return plan
    for name, entry in plan.items():
        plan[name] = ask_plan(name, partial(check_entry, check, plan, name), **entry)
    return plan


def check_entry(check: Check, plan: dict[str, dict[str, int]], name: str, entry: dict[str, Any]) -> str:
    """Return what is wrong with a part of a module's entry in the plan."""
    return check(plan | {name: entry})
