"""Reads and changes the answers that a service was written from."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .yaml_text import InvalidYaml, parse_yaml

ANSWERS_FILE = ".copier-answers.yml"
YAML_ANSWERS = ("modules", "own_modules", "plan")
OURS = ("package_name", "database_access", "coverage_total")
"""Questions that tell the answers of this template from those of another one."""
PLAN_KEYS = ("phase", "coverage")
Answers = dict[str, Any]
# Answers files leave out the questions that were not asked.
EMPTY_ANSWERS: Answers = {"modules": [], "own_modules": {}, "plan": {}}


READ_ERRORS = (OSError, UnicodeDecodeError, InvalidYaml)


def find_answers_file(folder: Path) -> Path:
    """Return the file with the answers of a service; exit if the only one is of another template.

    `copier copy --answers-file` gives it another name, for example beside another template.
    """
    usual = folder / ANSWERS_FILE
    if _is_ours(_read(usual)):
        return usual
    others = sorted(file for pattern in ("*.yml", "*.yaml") for file in folder.glob(pattern))
    if found := next((file for file in others if _is_ours(_read(file))), None):
        return found
    if (answers := _read(usual)) and "_src_path" in answers and not answers.keys() & set(OURS):
        sys.exit(
            f"{usual.name} is of another template, {answers['_src_path']}: run the command in the folder of a service."
        )
    return usual


def is_service(folder: Path) -> bool:
    """Return whether a folder has answers of a template."""
    return folder.is_dir() and find_answers_file(folder).exists()


def _is_ours(answers: Answers) -> bool:
    return answers.keys() >= {"_src_path", *OURS}


def _read(file: Path) -> Answers:
    try:
        answers = parse_yaml(file.read_text(encoding="utf-8"))
    except READ_ERRORS:
        return {}
    return answers if isinstance(answers, dict) else {}


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
        if not name or not equals:
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
    except UnicodeDecodeError:
        sys.exit(f"{file}: save the file as UTF-8; it has another encoding.")
    except READ_ERRORS as error:
        sys.exit(f"{file}: {error}.")


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
