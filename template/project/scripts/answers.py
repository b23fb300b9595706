"""The answers that the service was written from, and those that change."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ANSWERS = ".copier-answers.yml"
PLANNED = ("phase", "coverage")
YAML_ANSWERS = ("modules", "own_modules", "plan")
# What PyYAML raises besides: for the 30th of February, brackets by the thousand, a tag that does not fit.
NO_VALUE = (ValueError, LookupError, AttributeError, RecursionError, yaml.YAMLError)

Answers = dict[str, Any]


class NotYaml(Exception):
    """A text is no YAML: one line tells where and why."""


UNREADABLE = (OSError, UnicodeDecodeError, NotYaml)


def read_answers(file: Path) -> Answers:
    """Return what the service was written from; exit where that is not known."""
    try:
        answers = parse_yaml(file.read_text(encoding="utf-8"))
    except UNREADABLE as error:
        sys.exit(f"{file.name} cannot be read ({error}): take it from an earlier commit.")
    for key in ("_src_path", "_commit"):
        if not isinstance(answers, dict) or not isinstance(answers.get(key), str):
            sys.exit(
                f"{file.name} has no {key}, which tells where the service comes from: take it from an earlier commit."
            )
    return dict(answers)


def read_changes(data: Sequence[str], file: Path | None) -> Answers:
    """Return the answers from a file and from the command line; exit where they cannot be read."""
    changes: Answers = {}
    if file:
        changes = read_yaml(file) or {}
        if not isinstance(changes, dict):
            sys.exit(f"{file} is no mapping of questions to answers, as in coverage_total: 90.")
    for text in data:
        name, equals, answer = text.partition("=")
        if not equals:
            sys.exit(f'--data "{text}": an answer is given as NAME=ANSWER, as in --data database_access=async.')
        try:
            changes[name] = parse_yaml(answer) if name in YAML_ANSWERS else answer
        except NotYaml as error:
            sys.exit(f"{name}: {error}.")
    return changes


def read_yaml(file: Path) -> Any:
    """Return what a file of YAML holds; exit with one sentence where it cannot be read."""
    try:
        return parse_yaml(file.read_text(encoding="utf-8"))
    except OSError as error:
        sys.exit(f"{file}: {error.strerror}.")
    except UNREADABLE as error:
        sys.exit(f"{file}: {error}.")


def parse_yaml(text: str) -> Any:
    """Return what a text of YAML holds; raise `NotYaml` where it is none."""
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise NotYaml(f"line {line} is no YAML: {error.problem}") from error
    except NO_VALUE as error:
        raise NotYaml(f"it is no YAML: {str(error).splitlines()[0]}") from error


def complete(changes: Mapping[str, Any], answers: Answers) -> Answers:
    """Return the changes, with a plan that says of every module what it said before unless it is changed.

    Exit where the package would get another name.
    """
    package = answers.get("package_name")
    if changes.get("package_name", package) != package:
        sys.exit(f"package_name: it stays {package}, for the code of your team imports that name.")
    given = changes.get("plan", described_plan(changes, answers))
    if not given or not isinstance(given, dict):
        return dict(changes)
    names = module_names({**answers, **changes})
    plan = {name: entry for name, entry in mapping(answers.get("plan")).items() if name in names}
    for name, entry in given.items():
        plan[name] = mapping(plan.get(name)) | entry if isinstance(entry, dict) else entry
    return {**changes, "plan": dict(sorted(plan.items(), key=lambda item: str(item[0])))}


def described_plan(changes: Mapping[str, Any], answers: Answers) -> Answers:
    """Return phase and coverage of the modules whose description names others than before."""
    before, after = (mapping(described.get("own_modules")) for described in (answers, changes))
    plan = {}
    for name in before.keys() & after.keys():
        old, new = mapping(before[name]), mapping(after[name])
        if entry := {key: new[key] for key in PLANNED if key in new and new[key] != old.get(key)}:
            plan[name] = entry
    return plan


def module_names(answers: Mapping[str, Any]) -> list[Any]:
    """Return the names of the modules of both kinds."""
    modules = answers.get("modules")
    return [*(modules if isinstance(modules, list) else []), *mapping(answers.get("own_modules"))]


def mapping(answer: Any) -> dict[Any, Any]:
    """Return an answer that is a mapping, and an empty one for any other: Copier tells what is wrong with that."""
    return answer if isinstance(answer, dict) else {}
