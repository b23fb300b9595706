"""The answers that the service was written from, and those that change."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ANSWERS = ".copier-answers.yml"
PLANNED = ("phase", "coverage")
YAML_ANSWERS = ("modules", "own_modules", "plan")

Answers = dict[str, Any]


def read_answers(file: Path) -> Answers:
    """Return what the service was written from; exit where that is not known."""
    try:
        answers = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        sys.exit(f"{file.name} cannot be read ({reason}): take it from an earlier commit.")
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
        changes[name] = parse_yaml(name, answer) if name in YAML_ANSWERS else answer
    return changes


def read_yaml(file: Path) -> Any:
    """Return what a file of YAML holds; exit with one sentence where it cannot be read."""
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        sys.exit(f"{file}: {error.strerror}.")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        sys.exit(f"{file}: line {line} is no YAML: {error.problem}.")
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        sys.exit(f"{file} is no YAML: {str(error).splitlines()[0]}.")


def parse_yaml(name: str, text: str) -> Any:
    """Return what a text holds; exit where it is no YAML."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        sys.exit(f"{name}: this is no YAML: {' '.join(str(error).split())}")


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
    after = {**answers, **changes}
    modules = [*(after.get("modules") or []), *(after.get("own_modules") or {})]
    plan = {name: entry for name, entry in (answers.get("plan") or {}).items() if name in modules}
    for name, entry in given.items():
        plan[name] = plan[name] | entry if name in plan and isinstance(entry, dict) else entry
    return {**changes, "plan": dict(sorted(plan.items()))}


def described_plan(changes: Mapping[str, Any], answers: Answers) -> Answers:
    """Return phase and coverage of the modules whose description names others than before."""
    before, after = (described.get("own_modules") for described in (answers, changes))
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {}
    plan = {}
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        if isinstance(new, dict) and (
            entry := {key: new[key] for key in PLANNED if key in new and new[key] != old.get(key)}
        ):
            plan[name] = entry
    return plan
