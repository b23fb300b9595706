"""`phasework new`: write a service."""

import re
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..answers import Answers, read_given
from ..console import interrupted, show
from ..prompts import ask_text
from ..questionnaire import ask_questions
from ..relaunch import use_version
from ..rules import Rules, load_rules
from ..sources import running_source
from ..writing import write_service
from .options import Data, DataFile


def new(
    folder: Annotated[
        Path | None, typer.Argument(help="The folder to write to; default: named after the project.")
    ] = None,
    data: Data = None,
    data_file: DataFile = None,
    defaults: Annotated[bool, typer.Option("--defaults", "-l", help="Ask nothing: take the defaults.")] = False,
    vcs_ref: Annotated[
        str | None, typer.Option("--vcs-ref", "-r", metavar="TAG", help="The template's version; default: the newest.")
    ] = None,
    template: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Another template; default: the one this command came with.")
    ] = None,
) -> None:
    """Write a service with tests that pass.

    Asks the questions of the template, writes the files, locks the dependencies and makes the first commit.
    """
    given = read_given(data or [], data_file)
    if folder and (problem := folder_problem(str(folder))):
        sys.exit(problem)
    if not defaults and not sys.stdin.isatty():
        sys.exit(
            "Questions need a terminal: answer them with --data or --data-file, and take the rest with --defaults."
        )
    address = template or own_address()
    use_version(address, vcs_ref)
    rules = load_rules()
    refuse_unknown(rules, given)
    try:
        answers = given if defaults else ask_questions(rules, given)
        target = folder or choose_folder(rules, answers, ask=not defaults)
        left = write_service(address, vcs_ref, target.absolute(), answers)
    except (EOFError, KeyboardInterrupt):
        interrupted("Nothing was written.")
    show(summary(target, left))


def choose_folder(rules: Rules, answers: Answers, *, ask: bool) -> Path:
    """Return the folder that the person types, or the one named after the project; exit if it cannot be used."""
    name = name_folder(str(rules.with_defaults(answers)["project_name"]))
    if ask:
        return Path(ask_text("Which folder should it be written to?", folder_problem, name))
    if problem := folder_problem(name):
        sys.exit(problem)
    return Path(name)


def own_address() -> str:
    """Return the address of the template that this program came with; exit if it is unknown."""
    source = running_source()
    if not source:
        sys.exit("phasework was installed from an index: name the template with --template.")
    return source.address


def refuse_unknown(rules: Rules, given: Answers) -> None:
    """Exit if there is an answer to a question that is not asked."""
    for name in given.keys() - set(rules.question_names):
        sys.exit(f"{name}: there is no such question; the questions are {', '.join(sorted(rules.question_names))}.")


def name_folder(project_name: str) -> str:
    """Return the default folder of a project."""
    return re.sub(r"\W+", "-", project_name.lower()).strip("-") or "service"


def folder_problem(folder: str) -> str:
    """Return what is wrong with a folder to write to, in one sentence, or an empty text."""
    path = Path(folder)
    if not folder or (path.exists() and not path.is_dir()):
        return f'"{folder}" is not a folder; choose another name.'
    if path.is_dir() and any(path.iterdir()):
        return f"{folder} is not empty; choose another folder."
    return ""


def summary(folder: Path, left: list[str]) -> str:
    """Return what to do next; `left` are the commands that could not be run."""
    lines = [f"The service is in {folder}. Next:", "", f"    cd {shlex.quote(str(folder))}"]
    return "\n".join([*lines, *(f"    {command}" for command in [*left, "uv run pytest"])])
