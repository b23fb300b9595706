"""Reads and changes the answers that a service was written from."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ANSWERS_FILE = ".copier-answers.yml"
YAML_ANSWERS = ("modules", "own_modules", "plan")
PLAN_KEYS = ("phase", "coverage")
# PyYAML also raises these: for February 30, for a thousand nested brackets, for a tag that does not fit its value.
YAML_ERRORS = (ValueError, LookupError, AttributeError, RecursionError, yaml.YAMLError)

Answers = dict[str, Any]


class InvalidYaml(Exception):
    """A text is not YAML; the message says where and why."""


READ_ERRORS = (OSError, UnicodeDecodeError, InvalidYaml)


def is_service(folder: Path) -> bool:
    """Return whether a folder has an answers file."""
    return (folder / ANSWERS_FILE).exists()


def read_answers(file: Path, required: Sequence[str] = ("_src_path", "_commit")) -> Answers:
    """Return the answers in a service's answers file; exit if the file is missing or damaged."""
    try:
        answers = parse_yaml(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        sys.exit(f"There is no {file.name} in {file.parent}: run the command in the folder of a service.")
    except READ_ERRORS as error:
        sys.exit(f"{file.name} cannot be read ({error}): restore it from an earlier commit.")
    for key in required:
        if not isinstance(answers, dict) or not isinstance(answers.get(key), str):
            sys.exit(f"{file.name} has no {key}: restore it from an earlier commit.")
    return dict(answers)


def read_given(data: Sequence[str], file: Path | None) -> Answers:
    """Return the answers from `--data` and `--data-file`; exit if they cannot be read."""
    given: Answers = {}
    if file:
        given = read_yaml(file) or {}
        if not isinstance(given, dict):
            sys.exit(f"{file}: the file must map questions to answers, for example coverage_total: 90.")
    for text in data:
        name, equals, answer = text.partition("=")
        if not equals:
            sys.exit(f'--data "{text}": write NAME=ANSWER, for example --data database_access=async.')
        try:
            given[name] = parse_yaml(answer) if name in YAML_ANSWERS else answer
        except InvalidYaml as error:
            sys.exit(f"{name}: {error}.")
    return given


def read_yaml(file: Path) -> Any:
    """Return the content of a YAML file; exit with one sentence if it cannot be read."""
    try:
        return parse_yaml(file.read_text(encoding="utf-8"))
    except OSError as error:
        sys.exit(f"{file}: {error.strerror}.")
    except READ_ERRORS as error:
        sys.exit(f"{file}: {error}.")


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML text; raise `InvalidYaml` if there is none."""
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidYaml(f"line {line} is not YAML: {error.problem}") from error
    except YAML_ERRORS as error:
        raise InvalidYaml(f"this is not YAML: {str(error).splitlines()[0]}") from error


def complete_changes(changes: Mapping[str, Any], answers: Answers) -> Answers:
    """Return the changed answers with a plan for every module; modules that the changes leave out keep their plan."""
    given = changes.get("plan", changed_plan(changes, answers))
    if not given or not isinstance(given, dict):
        return dict(changes)
    names = module_names({**answers, **changes})
    plan = {name: entry for name, entry in as_mapping(answers.get("plan")).items() if name in names}
    for name, entry in given.items():
        plan[name] = as_mapping(plan.get(name)) | entry if isinstance(entry, dict) else entry
    return {**changes, "plan": dict(sorted(plan.items(), key=lambda item: str(item[0])))}


def changed_plan(changes: Mapping[str, Any], answers: Answers) -> Answers:
    """Return the phases and coverages that the new descriptions of own modules change."""
    before, after = (as_mapping(source.get("own_modules")) for source in (answers, changes))
    plan = {}
    for name in before.keys() & after.keys():
        old, new = as_mapping(before[name]), as_mapping(after[name])
        if entry := {key: new[key] for key in PLAN_KEYS if key in new and new[key] != old.get(key)}:
            plan[name] = entry
    return plan


def module_names(answers: Mapping[str, Any]) -> list[Any]:
    """Return the names of all modules, from the catalog and own ones."""
    modules = answers.get("modules")
    return [*(modules if isinstance(modules, list) else []), *as_mapping(answers.get("own_modules"))]


def as_mapping(answer: Any) -> dict[Any, Any]:
    """Return the answer if it is a mapping, else an empty one: Copier reports the wrong answer itself."""
    return answer if isinstance(answer, dict) else {}
