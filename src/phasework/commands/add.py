"""`phasework add`: add modules to a service."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from questionary import Choice

from ..answers import Answers, find_answers_file, is_service
from ..commented_yaml import to_commented_yaml
from ..console import interrupted, notice, show
from ..database_tables import read_tables
from ..described_tables import Describer
from ..module_questions import ask_module, ask_plan
from ..modules import (
    Described,
    change_answers,
    find_available,
    find_needs,
    has_module,
    read_all_answers,
    read_modules,
    to_yaml,
)
from ..prompts import Check, choose, confirm
from ..questionnaire import HINT
from ..relaunch import use_version
from ..rules import Rules, load_rules
from ..updates import open_repository, update
from .options import Folder

OWN_MODULE = "a module of your own"
DECLINED = 1
UNCHANGED = "Nothing was changed."


def add(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Modules of the catalog; by default, the command asks."),
    ] = None,
    file: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="Add the modules in a YAML file.")] = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--from-database",
            metavar="URL",
            help="Print own modules for the tables NAME of a database, by default all, and add nothing.",
        ),
    ] = None,
    folder: Folder = Path(),
) -> None:
    """Add modules to a service.

    Asks for a module of the catalog, or for a module of your own step by step. The service stays at its version of the template.
    """
    if file and database:
        raise typer.BadParameter(
            "print the modules into a file, look at them, and add them with --from", param_hint="--from"
        )
    if database:
        print(describe_database(load_rules(), folder.resolve(), database, names or []), end="")
        return
    if file and names:
        raise typer.BadParameter(
            "write modules of the catalog into the file, too, or leave out --from", param_hint="NAME"
        )
    if not file and not sys.stdin.isatty():
        sys.exit("Questions need a terminal: describe the module in a file and pass it with --from FILE.")
    root = folder.resolve()
    answers = read_all_answers(find_answers_file(root))
    open_repository(root)
    use_version(answers["_src_path"], answers["_commit"])
    sys.exit(add_modules(load_rules(), root, answers, names or [], file))


def add_modules(rules: Rules, root: Path, answers: Answers, names: Sequence[str], file: Path | None) -> int:
    """Add the modules in a file, or those that the user describes, and return the exit code."""
    try:
        described = describe(rules, answers, names, file)
        changes = change_answers(rules, answers, described)
    except (EOFError, KeyboardInterrupt):
        interrupted(UNCHANGED)
    if not described:
        notice(UNCHANGED)
        return DECLINED
    return update(root, changes)


def describe_database(rules: Rules, root: Path, url: str, names: Sequence[str]) -> str:
    """Return own modules for the tables of a database, as YAML; those of a service in `root` can be referred to."""
    answers = (
        read_all_answers(find_answers_file(root)) if is_service(root) else rules.with_defaults({"domain": "blank"})
    )
    return to_commented_yaml(Describer(rules, answers, read_tables(url, names)).describe())


def describe(rules: Rules, answers: Answers, names: Sequence[str], file: Path | None) -> Described:
    """Return the modules in a file, or those that the user describes; exit if the service's answers are refused."""
    if problem := rules.problem(answers):
        sys.exit(f"The recorded answers are refused: {problem}")
    return read_modules(rules, answers, file) if file else ask(rules, answers, names)


def ask(rules: Rules, answers: Answers, names: Sequence[str]) -> Described:
    """Return the modules that the user describes, or none if they decline."""
    available = find_available(rules, answers)
    for name in names:
        if has_module(answers, name):
            sys.exit(f"{name}: the service has this module already.")
        if name not in available:
            sys.exit(f'"{name}" is not a module that can be added; {", ".join(available) or "none"} can be.')
    show(HINT, "dim")
    names = names or ask_which(available)
    described = ask_catalog(rules, answers, available, names) if names else ask_module(rules, answers)
    if not described:
        return {}
    show(f"\n{to_yaml(described)}")
    return described if confirm("Add this to the service?") else {}


def ask_which(available: Described) -> list[str]:
    """Ask for a module of the catalog; return no name for an own module."""
    choices = [
        Choice(f"{module['title']:16} phase {module['phase']}, coverage {module['coverage']} %", name)
        for name, module in available.items()
    ]
    chosen = choose("Which module?", [*choices, Choice(OWN_MODULE, OWN_MODULE)]) if choices else OWN_MODULE
    return [] if chosen == OWN_MODULE else [chosen]


def ask_catalog(rules: Rules, answers: Answers, available: Described, names: Sequence[str]) -> Described:
    """Ask about modules of the catalog: the modules that they need, the phase and the coverage of each."""
    needs = find_needs(available, names)
    if needs and not confirm(f"{', '.join(names)} needs {', '.join(needs)}. Add it too?"):
        return {}
    described: Described = {name: {} for name in [*needs, *names]}
    changed = answers | change_answers(rules, answers, described)

    def check(name: str) -> Check:
        return lambda entry: rules.problem(changed | {"plan": changed["plan"] | {name: entry}})

    return {name: ask_plan(name, check(name), **changed["plan"][name]) for name in described}
