"""`phasework new`: write a service."""

import os
import re
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ..answers import Answers, find_answers_file, is_service, read_answers, read_given
from ..console import interrupted, show
from ..prompts import ask_text, confirm
from ..questionnaire import ask_questions
from ..relaunch import use_version
from ..root_files import (
    FOLDER,
    GITHUB,
    HOOKS,
    add_hook,
    find_root,
    folder_in,
    has_service,
    hook_of,
    how_to_add,
    name_problem,
)
from ..rules import Rules, load_rules
from ..sources import absolute_address, running_source
from ..summary import few
from ..writing import find_replaced, install_service, list_files, render_service
from .options import Data, DataFile

UNWRITTEN = "Nothing was written."


def new(
    folder: Annotated[
        Path | None, typer.Argument(help="The folder to write to; default: named after the project.")
    ] = None,
    data: Data = None,
    data_file: DataFile = None,
    defaults: Annotated[bool, typer.Option("--defaults", "-l", help="Ask no questions; use the defaults.")] = False,
    vcs_ref: Annotated[
        str | None, typer.Option("--vcs-ref", "-r", metavar="TAG", help="The template's version; default: the newest.")
    ] = None,
    template: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Another template; default: the one of this command.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", "-w", help="Replace files of a folder that has some, without asking.")
    ] = False,
    join: Annotated[
        bool | None,
        typer.Option(
            "--join-repository/--own-repository",
            help="In a folder of another repository: put the workflow and a hook at its root, or make a repository.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a service with tests that pass.

    Asks the questions of the template, writes the files, locks the dependencies and makes the first commit.
    """
    given = read_given(data or [], data_file)
    if folder and (problem := folder_problem(str(folder), join)):
        sys.exit(problem)
    if not defaults and not sys.stdin.isatty():
        sys.exit(
            "Questions need a terminal: answer them with --data or --data-file, and take the rest with --defaults."
        )
    address = absolute_address(template or own_address())
    use_version(address, vcs_ref)
    rules = load_rules()
    refuse_unknown(rules, given)
    try:
        answers = given if defaults else ask_questions(rules, given)
        target = (folder or choose_folder(rules, answers, join, ask=not defaults)).expanduser()
        repository = choose_repository(target, join, ask=not defaults)
        answers = answers | {FOLDER: folder_in(repository, target)}
        with tempfile.TemporaryDirectory(prefix="phasework-new-") as temporary:
            rendered, at_root = Path(temporary, "service"), Path(temporary, "root")
            rendered.mkdir()
            at_root.mkdir()
            render_service(address, vcs_ref, rendered, answers)
            root, unmerged = move_to_root(rendered, at_root, repository) if repository else (target.absolute(), "")
            if not overwrite:
                replaced = [f"{path} at the root" for path in find_replaced(at_root, root) if path != HOOKS]
                protect(target, [*find_replaced(rendered, target), *replaced], ask=not defaults)
            own = repository is None and find_root(target) is not None
            left = install_service(rendered, target.absolute(), at_root, root, own=own)
            written = list_files(at_root)
    except (EOFError, KeyboardInterrupt):
        interrupted(UNWRITTEN)
    show(summary(target, left, written))
    if unmerged:
        show(f"\n{unmerged}")


def choose_repository(folder: Path, join: bool | None, *, ask: bool) -> Path | None:
    """Return the root of the repository that a new service becomes a part of, or None if it gets its own.

    Nothing is written to the root of a repository without other services unless the user wants this.
    """
    root = None if join is False else find_root(folder)
    if root is None or join or has_service(root):
        return root
    if not ask:
        sys.exit(
            f"{root} is a git repository without a service: add --join-repository to put a workflow and a hook there, "
            "or --own-repository."
        )
    show(f"{folder} is in the git repository {root}, which has no service yet.")
    question = "Put the workflow and a hook at its root? Otherwise, the service gets its own repository."
    return root if confirm(question, default=root != Path.home()) else None


def move_to_root(rendered: Path, at_root: Path, root: Path) -> tuple[Path, str]:
    """Move what belongs to the root of a repository to `at_root`; return the root, and what is left for the team to do."""
    folder = read_answers(find_answers_file(rendered)).get(FOLDER)
    if not folder:  # a version of the template that knows no such folder
        return root, ""
    (rendered / GITHUB).rename(at_root / GITHUB)
    hook = hook_of(folder, next(at_root.glob(f"{GITHUB}workflows/*")).stem)
    hooks = root / HOOKS
    # A link stays one, and the team edits the file that it leads to.
    added = None if hooks.is_symlink() else add_hook(hooks.read_bytes() if hooks.is_file() else b"", hook)
    if added is None:
        return root, how_to_add(hook)
    (at_root / HOOKS).write_bytes(added)
    return root, ""


def protect(folder: Path, replaced: list[str], *, ask: bool) -> None:
    """Exit if files would be replaced and the user declines."""
    if not replaced and not (ask and has_files(folder)):
        return
    owner = folder if has_files(folder) else "The repository"
    names = few(replaced)
    if not ask:
        sys.exit(f"{owner} has files that the service would replace: {names}. Replace them with --overwrite.")
    show(f"{owner} has files. The service would replace {names or 'none of them'}.")
    if not confirm("Write the service there?", default=not replaced):
        sys.exit(UNWRITTEN)


def choose_folder(rules: Rules, answers: Answers, join: bool | None, *, ask: bool) -> Path:
    """Return the folder that the user enters, or the one named after the project; exit if it cannot be used."""
    name = name_folder(str(rules.with_defaults(answers)["project_name"]))
    if ask:
        return Path(
            ask_text("Which folder should it be written to?", lambda folder: folder_problem(folder, join), name)
        )
    if problem := folder_problem(name, join):
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
    if FOLDER in given:
        sys.exit(f"{FOLDER}: leave it out, because git knows the folder of a service in its repository.")
    names = sorted(rules.question_names)
    for name in sorted(given.keys() - set(names), key=str):
        sys.exit(rules.render_macro("refusals", "no_question", name, given[name], names).strip())


def name_folder(project_name: str) -> str:
    """Return the default folder of a project."""
    return re.sub(r"\W+", "-", project_name.lower()).strip("-") or "service"


def folder_problem(folder: str, join: bool | None = None) -> str:
    """Return what is wrong with a folder to write to, in one sentence, or an empty text."""
    path = Path(folder)
    try:
        path = path.expanduser()
        if not folder or (os.path.lexists(path) and not path.is_dir()):
            return f'"{folder}" is not a folder; choose another name.'
        if join is not False and (problem := name_problem(folder_in(find_root(path), path))):
            return f"{problem.removesuffix('.')}; or add --own-repository."
        if is_service(path):
            return f"{folder} has a service already; choose another folder, or run `phasework update` there."
        parent = next(parent for parent in [path.absolute(), *path.absolute().parents] if parent.exists())
        if not parent.is_dir():
            return f"{parent} is not a folder; choose another name."
        if not os.access(parent, os.W_OK | os.X_OK):
            return f"{parent} cannot be written to; choose another folder."
    except (OSError, ValueError, RuntimeError) as error:
        # Too long a name, a byte that no name can have, or the home of an unknown user.
        return f'"{folder}" cannot be used ({getattr(error, "strerror", None) or error}); choose another name.'
    return ""


def has_files(folder: Path) -> bool:
    """Return whether there is anything in a folder but a repository."""
    return folder.is_dir() and any(path.name != ".git" for path in folder.iterdir())


def summary(folder: Path, left: list[str], at_root: list[str]) -> str:
    """Return what was written where, and what to do next; `left` are the commands that could not be run."""
    outside = f", with {' and '.join(at_root)} at the root of the repository" if at_root else ""
    lines = [f"The service is in {folder}{outside}. Next:", "", f"    cd {shlex.quote(str(folder))}"]
    return "\n".join([*lines, *(f"    {command}" for command in [*left, "uv run pytest"])])
