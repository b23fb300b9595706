"""Turns modules that a service is to have into changed answers."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from .answers import EMPTY_ANSWERS, Answers, read_answers, read_yaml
from .module_questions import module_problem
from .rules import Module, Rules

KINDS: dict[type, str] = {list: "a list", dict: "a mapping"}

Described = dict[str, Module]
"""Modules by name: an own module as in the answer `own_modules`, a catalog module with its phase and coverage."""


def read_all_answers(file: Path) -> Answers:
    """Return the answers of a service, with empty ones for what was not asked; exit if one is damaged."""
    answers = EMPTY_ANSWERS | {name: answer for name, answer in read_answers(file).items() if answer is not None}
    for name, empty in EMPTY_ANSWERS.items():
        if not isinstance(answers[name], type(empty)):
            sys.exit(f"{file.name}: {name} is not {KINDS[type(empty)]}: restore it from an earlier commit.")
    return answers


def read_modules(rules: Rules, answers: Answers, file: Path) -> Described:
    """Return the modules that a file describes; exit with one sentence if it describes none."""
    described = read_yaml(file)
    if not described:
        sys.exit(f"{file} describes no module.")
    if not isinstance(described, dict):
        sys.exit(f"{file}: {module_problem(rules, answers | {'own_modules': described})}")
    if questions := described.keys() & EMPTY_ANSWERS.keys():
        sys.exit(f"{file}: leave out {min(questions)}; write each module by its name at the top, as in loans: ...")
    return described


def has_module(answers: Answers, name: str) -> bool:
    """Return whether the service has a module of this name, from the catalog or an own one."""
    return name in answers["modules"] or name in answers["own_modules"]


def find_available(rules: Rules, answers: Answers) -> Described:
    """Return the modules of the catalog that can be added to the service."""
    domain = answers["domain"]
    return {
        module["name"]: module
        for module in rules.catalog
        if module["name"] not in answers["modules"] and (domain == "blank" or domain in module["domains"])
    }


def find_needs(available: Described, names: Sequence[str]) -> list[str]:
    """Return the available modules that the named ones need, directly or through others."""
    found = list(names)
    for name in found:
        found += [need for need in available[name].get("needs", []) if need in available and need not in found]
    return found[len(names) :]


def change_answers(rules: Rules, answers: Answers, described: Described) -> Answers:
    """Return the answers that change with these modules; exit with one sentence if the template refuses them."""
    available = find_available(rules, answers)
    ticked = {name: module or {} for name, module in described.items() if is_from_catalog(available, name, module)}
    own = {name: module for name, module in described.items() if name not in ticked}
    for name in own:
        if has_module(answers, name):
            sys.exit(f"{name}: the service has a module of this name already: leave it out, or choose another name.")
    changes: Answers = {"plan": answers["plan"] | ticked}
    if own:
        changes["own_modules"] = answers["own_modules"] | own
    if ticked:
        changes["modules"] = [*answers["modules"], *ticked]
    if ticked and answers["domain"] == "blank":
        changes["domain"] = common_domain([available[name]["domains"] for name in ticked])
    if problem := module_problem(rules, answers | changes):
        sys.exit(problem)
    plan = rules.plan_of(answers | changes)
    changes["plan"] = dict(sorted((answers["plan"] | {name: plan[name] for name in described}).items()))
    return changes


def common_domain(domains: Sequence[Sequence[str]]) -> str:
    """Return the first domain that offers all modules, given the domains of each; without one, that of the first module."""
    first, *others = domains
    return next((domain for domain in first if all(domain in each for each in others)), first[0])


def is_from_catalog(available: Described, name: str, module: Any) -> bool:
    """Return whether a description means a module of the catalog: own modules have fields."""
    return name in available and not (isinstance(module, dict) and "fields" in module)


class Dumper(yaml.SafeDumper):
    """Writes each key of a mapping on its own line, and lists in brackets."""


Dumper.add_representer(
    list, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
)


def to_yaml(described: Described) -> str:
    """Return modules in the form that `phasework add --from` reads."""
    return yaml.dump(described, Dumper=Dumper, sort_keys=False)
