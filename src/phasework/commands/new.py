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
from ..root_files import FOLDER, GITHUB, HOOKS, add_hook, find_folder, find_root, hook_of, how_to_add, name_problem
from ..rules import Rules, load_rules
from ..sources import running_source
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
        target = (folder or choose_folder(rules, answers, ask=not defaults)).expanduser()
        answers = answers | {FOLDER: find_folder(target)}
        with tempfile.TemporaryDirectory(prefix="phasework-new-") as temporary:
            rendered, at_root = Path(temporary, "service"), Path(temporary, "root")
            rendered.mkdir()
            render_service(address, vcs_ref, rendered, answers)
            root, unmerged = move_to_root(rendered, at_root, target)
            if not overwrite:
                replaced = [f"{path} at the root" for path in find_replaced(at_root, root) if path != HOOKS]
                protect(target, [*find_replaced(rendered, target), *replaced], ask=not defaults)
            left = install_service(rendered, target.absolute(), at_root, root)
            written = list_files(at_root)
    except (EOFError, KeyboardInterrupt):
        interrupted(UNWRITTEN)
    show(summary(target, left, written))
    if unmerged:
        show(f"\n{unmerged}")


def move_to_root(rendered: Path, at_root: Path, target: Path) -> tuple[Path, str]:
    """Move what belongs to the root of a repository to `at_root`; return the root, and what is left for the team to do.

    Nothing moves if the service is at the root itself.
    """
    at_root.mkdir()
    folder = read_answers(find_answers_file(rendered)).get(FOLDER)
    root = find_root(target)
    if not folder or not root:
        return target.absolute(), ""
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


def choose_folder(rules: Rules, answers: Answers, *, ask: bool) -> Path:
    """Return the folder that the user enters, or the one named after the project; exit if it cannot be used."""
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
    names = sorted(rules.question_names)
    for name in sorted(given.keys() - set(names), key=str):
        sys.exit(rules.render_macro("refusals", "no_question", name, given[name], names).strip())


def name_folder(project_name: str) -> str:
    """Return the default folder of a project."""
    return re.sub(r"\W+", "-", project_name.lower()).strip("-") or "service"


def folder_problem(folder: str) -> str:
    """Return what is wrong with a folder to write to, in one sentence, or an empty text."""
    path = Path(folder)
    try:
        path = path.expanduser()
        if not folder or (os.path.lexists(path) and not path.is_dir()):
            return f'"{folder}" is not a folder; choose another name.'
        if problem := name_problem(find_folder(path)):
            return problem
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
