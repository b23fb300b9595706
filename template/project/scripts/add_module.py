"""Adds a module to the service, of the catalog or your own: `python -m scripts.add_module --help`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from questionary import Choice

from .answers import ANSWERS, Answers, read_answers, read_yaml
from .module_questions import ask_module, ask_plan
from .prompts import Check, choose, confirm
from .template import Module, Template, open_template
from .update import INTERRUPTED, open_repository, update

ROOT = Path(__file__).parents[1]
# What is not asked of a service is not in its answers.
NOT_ASKED: Answers = {"modules": [], "own_modules": {}, "plan": {}}
KINDS: dict[type, str] = {list: "list", dict: "mapping"}
OWN = "one of your own"
DECLINED = 1
LEFT = (EOFError, KeyboardInterrupt)

Described = dict[str, Module]
"""Modules by name: one's own as `own_modules` describes it, one of the catalog with its phase and its coverage."""


def has_module(answers: Answers, name: str) -> bool:
    """Tell whether the service has a module of this name, of the catalog or one's own."""
    return name in answers["modules"] or name in answers["own_modules"]


def find_unticked(template: Template, answers: Answers) -> Described:
    """Return the modules of the catalog that the service can have and has not, as the catalog describes them."""
    domain = answers["domain"]
    return {
        module["name"]: module
        for module in template.catalog
        if module["name"] not in answers["modules"] and (domain == "blank" or domain in module["domains"])
    }


def find_needs(unticked: Described, names: Sequence[str]) -> list[str]:
    """Return those of the unticked modules that the named ones need, and that these need in turn."""
    found = list(names)
    for name in found:
        found += [need for need in unticked[name].get("needs", []) if need in unticked and need not in found]
    return found[len(names) :]


def change_answers(template: Template, answers: Answers, described: Described) -> Answers:
    """Return the answers that change with these modules; exit with one sentence where the template refuses them."""
    unticked = find_unticked(template, answers)
    ticked = {name: module or {} for name, module in described.items() if is_ticked(unticked, name, module)}
    own = {name: module for name, module in described.items() if name not in ticked}
    for name in own:
        if has_module(answers, name):
            sys.exit(f"{name}: the service has a module of this name already: leave it out, or choose another name.")
    changes: Answers = {"plan": answers["plan"] | ticked}
    if own:
        changes["own_modules"] = answers["own_modules"] | own
    if ticked:
        changes["modules"] = sorted([*answers["modules"], *ticked])
    if ticked and answers["domain"] == "blank":
        changes["domain"] = unticked[next(iter(ticked))]["domains"][0]
    if problem := template.problem(answers | changes):
        sys.exit(problem)
    plan = template.plan_of(answers | changes)
    changes["plan"] = dict(sorted((answers["plan"] | {name: plan[name] for name in described}).items()))
    return changes


def is_ticked(unticked: Described, name: str, module: Any) -> bool:
    """Return whether a module is meant that the catalog has: one's own has fields."""
    return name in unticked and not (isinstance(module, dict) and "fields" in module)


def read_whole_answers(file: Path) -> Answers:
    """Return what the service was written from, what was not asked among it; exit where an answer was damaged."""
    answers = NOT_ASKED | {name: answer for name, answer in read_answers(file).items() if answer is not None}
    for name, empty in NOT_ASKED.items():
        if not isinstance(answers[name], type(empty)):
            sys.exit(f"{file.name}: {name} is no {KINDS[type(empty)]}: take it from an earlier commit.")
    return answers


def read_modules(template: Template, answers: Answers, file: Path) -> Described:
    """Return the modules that a file describes; exit with one sentence where it describes none."""
    described = read_yaml(file)
    if not described:
        sys.exit(f"{file} describes no module.")
    if not isinstance(described, dict):
        sys.exit(f"{file}: {template.problem(answers | {'own_modules': described})}")
    if questions := described.keys() & NOT_ASKED.keys():
        sys.exit(f"{file}: leave out {min(questions)}; each module stands at the top by its name, as in loans: ...")
    return described


def ask(template: Template, answers: Answers, names: Sequence[str]) -> Described:
    """Return the modules that are asked for, and none where the person does not want them after all."""
    unticked = find_unticked(template, answers)
    for name in names:
        if has_module(answers, name):
            sys.exit(f"{name}: the service has this module already.")
        if name not in unticked:
            sys.exit(f'"{name}" is no module of the catalog that can be added; {", ".join(unticked) or "none"} can be.')
    names = names or ask_which(unticked)
    described = ask_catalog(template, answers, unticked, names) if names else ask_module(template, answers)
    if not described:
        return {}
    print(f"\n{write_yaml(described)}")
    return described if confirm("Add it to the service?") else {}


def ask_which(unticked: Described) -> list[str]:
    """Ask which module of the catalog it is to be; return no name for one's own."""
    choices = [
        Choice(f"{module['title']:16} phase {module['phase']}, {module['coverage']} % covered", name)
        for name, module in unticked.items()
    ]
    chosen = choose("Which module?", [*choices, Choice(OWN, OWN)]) if choices else OWN
    return [] if chosen == OWN else [chosen]


def ask_catalog(template: Template, answers: Answers, unticked: Described, names: Sequence[str]) -> Described:
    """Ask about modules of the catalog: what they need besides, when each is due, how much of it is to be covered."""
    needs = find_needs(unticked, names)
    if needs and not confirm(f"{', '.join(names)} takes {', '.join(needs)} as well. Add that, too?"):
        return {}
    described: Described = {name: {} for name in [*needs, *names]}
    changed = answers | change_answers(template, answers, described)

    def check(name: str) -> Check:
        return lambda entry: template.problem(changed | {"plan": changed["plan"] | {name: entry}})

    return {name: ask_plan(name, check(name), **changed["plan"][name]) for name in described}


class Dumper(yaml.SafeDumper):
    """Writes a mapping as a line a key, and a list in brackets."""


Dumper.add_representer(
    list, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
)


def write_yaml(described: Described) -> str:
    """Return modules as `--from` reads them."""
    return yaml.dump(described, Dumper=Dumper, sort_keys=False)


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return `arguments`, or those of the command line, by name."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.add_module",
        description="Ask for a module, of the catalog or your own, and add it to the service.",
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="a module of the catalog; without one it is asked for")
    parser.add_argument("--from", dest="file", metavar="FILE", type=Path, help="take modules from a file of YAML")
    given = parser.parse_args(arguments)
    if given.file and given.names:
        parser.error("name modules of the catalog in FILE as well, or leave out --from")
    return given


def describe(template: Template, answers: Answers, given: argparse.Namespace) -> Described:
    """Return the modules that the arguments tell, or else the person."""
    if problem := template.problem(answers):
        sys.exit(f"{ANSWERS}: {problem}")
    return read_modules(template, answers, given.file) if given.file else ask(template, answers, given.names)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Add the modules that `arguments` or the person's answers tell, and return the exit code."""
    given = read_arguments(arguments)
    if not given.file and not sys.stdin.isatty():
        sys.exit("Questions take a terminal: describe the module in a file, and pass that by --from FILE.")
    open_repository(root)
    answers = read_whole_answers(root / ANSWERS)
    try:
        with open_template(answers) as template:
            described = describe(template, answers, given)
            changes = change_answers(template, answers, described)
    except LEFT:
        print("Nothing was changed.")
        return INTERRUPTED
    if not described:
        print("Nothing was changed.")
        return DECLINED
    return update(root, changes)


if __name__ == "__main__":
    sys.exit(main())
