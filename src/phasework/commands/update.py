"""`phasework update`: update to another version of the template, or to changed answers."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import updates
from ..answers import Answers, find_answers_file, read_answers, read_given
from ..console import interrupted
from ..questionnaire import ask_questions
from ..relaunch import use_version
from ..rules import load_rules
from .options import Data, DataFile, Folder


def update(
    data: Data = None,
    data_file: DataFile = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", "-l", help="Ask no questions; keep all other answers.")
    ] = False,
    vcs_ref: Annotated[
        str | None,
        typer.Option(
            "--vcs-ref", "-r", metavar="TAG", help="The version; default: the newest. `:current:` keeps the service's."
        ),
    ] = None,
    pretend: Annotated[
        bool, typer.Option("--pretend", "-n", help="Print what would change and change nothing.")
    ] = False,
    rewrite_migrations: Annotated[
        bool,
        typer.Option(
            "--rewrite-migrations",
            help="Rewrite the first migrations of changed tables. No database may have run them.",
        ),
    ] = False,
    accept_data_loss: Annotated[
        bool,
        typer.Option("--accept-data-loss", help="Allow changes of own modules after which rows have lost values."),
    ] = False,
    summary: Annotated[
        Path | None,
        typer.Option(
            "--summary",
            metavar="FILE",
            dir_okay=False,
            help="Write the summary to a file, too, as Markdown for a pull request.",
        ),
    ] = None,
    folder: Folder = Path(),
) -> None:
    """Update a service to a newer version of the template, or to changed answers.

    Merges the changes with your code. Asks every question again, except for the package's name and existing own modules. Press Enter to keep an answer.
    """
    root = folder.resolve()
    changes = read_given(data or [], data_file)
    answers = read_answers(find_answers_file(root))
    updates.open_repository(root)
    if not defaults and not sys.stdin.isatty():
        sys.exit(
            "Questions need a terminal: change answers with --data or --data-file, and keep the rest with --defaults."
        )
    use_version(answers["_src_path"], answers["_commit"] if vcs_ref == updates.CURRENT else vcs_ref)
    if not defaults:
        changes = ask_again(changes, answers)
    options = {
        "pretend": pretend,
        "rewrite_migrations": rewrite_migrations,
        "accept_data_loss": accept_data_loss,
    }
    sys.exit(updates.update(root, changes, version=vcs_ref, **options, summary=summary))


def ask_again(given: Answers, answers: Answers) -> Answers:
    """Return the answers to all questions; the defaults are the recorded ones."""
    try:
        return ask_questions(load_rules(), given, answers)
    except (EOFError, KeyboardInterrupt):
        interrupted("Nothing was changed.")
