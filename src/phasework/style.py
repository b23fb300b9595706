"""Formats the template's files as the team formats its own, so that an update compares what they say."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from .git import Repository, Tree
from .merge import SUITE
from .merge_file import REGULAR
from .writing import last_words

SETTINGS = ("**/pyproject.toml", "**/*ruff*.toml")
"""The files in which ruff finds its settings, and others that they extend: https://docs.astral.sh/ruff/configuration/."""
FORMATTED = (".md", ".py")
"""The names of files that ruff formats end with these: in Markdown, it formats the code."""
LOCKED = re.compile(r'^name = "ruff"\nversion = "(.+)"$', re.MULTILINE)
EVERY_FILE = ("--no-cache", "--no-respect-gitignore", ".")
FORMAT = ("format", *EVERY_FILE)
SORT_IMPORTS = ("check", "--select", "I", "--fix", "--exit-zero", "--quiet", *EVERY_FILE)
STYLES = ([SORT_IMPORTS, FORMAT], [FORMAT])
"""The commands that a team may use for a file, the most first."""
PROGRAMS = ("bin/ruff", "Scripts/ruff.exe")


class CannotFormat(Exception):
    """The template's files stay as they are; the message says why."""


def format_like_ours(
    repository: Repository, base: Tree, ours: Tree, new: Tree, settings: Mapping[str, str]
) -> tuple[Tree, Tree]:
    """Return `base` and `new` with files in the format of the team; raise `CannotFormat` if that is not possible.

    `settings` are the files with other settings after the update, by path: `new` is formatted with them. Imports are sorted
    only where the team sorts its own. A file that the team leaves in another format than its own settings ask for is
    compared as it is.
    """
    paths = sorted(
        path
        for path in base.keys() | new.keys()
        if path.endswith(FORMATTED)
        and not path.startswith(SUITE)
        and not base.get(path) == ours.get(path) == new.get(path)
    )
    if not paths:
        return base, new
    ruff = find_ruff(repository)
    before = {path: entry for path, entry in repository.find_files(*SETTINGS).items() if entry.startswith(REGULAR)}
    after = before | {repository.prefix + path: entry for path, entry in settings.items()}
    for commands in STYLES:
        apply = partial(_format, ruff, repository, commands)
        mine = apply(ours, paths, before)
        formatted = [path for path in paths if mine.get(path) == ours.get(path)]
        base, new = base | apply(base, formatted, before), new | apply(new, formatted, after)
        paths = [path for path in paths if path not in formatted]
    return base, new


def find_ruff(repository: Repository) -> list[str]:
    """Return the command of the ruff that the service has locked; raise `CannotFormat` if there is none."""
    root = repository.root.resolve()
    folders = [folder for folder in (root, *root.parents) if folder.is_relative_to(repository.top)]
    lock = next((folder / "uv.lock" for folder in folders if (folder / "uv.lock").is_file()), None)
    found = LOCKED.search(lock.read_text(encoding="utf-8")) if lock else None
    if not lock or not found:
        raise CannotFormat("uv.lock names no ruff")
    environment = lock.parent / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")
    for program in (environment / name for name in PROGRAMS):
        if program.is_file() and _version_of(program) == found[1]:
            return [str(program)]
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        raise CannotFormat(f"neither ruff {found[1]} nor uv is installed")
    return [uv, "tool", "run", "--quiet", f"ruff@{found[1]}"]


def _format(
    ruff: list[str],
    repository: Repository,
    commands: Iterable[Sequence[str]],
    tree: Tree,
    paths: Iterable[str],
    settings: Mapping[str, str],
) -> Tree:
    """Return the files of these paths after some commands of ruff; a file that it cannot parse stays as it is."""
    files = {repository.prefix + path: tree[path] for path in paths if path in tree}
    if not files:
        return {}
    contents = repository.contents([*files.values(), *settings.values()])
    with tempfile.TemporaryDirectory(prefix="phasework-style-") as folder:
        for path, entry in (files | dict(settings)).items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents[entry])
        for command in commands:
            _run([*ruff, *command], Path(folder))
        changed = [path for path, entry in files.items() if Path(folder, path).read_bytes() != contents[entry]]
        stored = repository.store(Path(folder), changed)
    entries = {path: f"{files[path].split()[0]} {stored[path].split()[1]}" for path in changed}
    return {path.removeprefix(repository.prefix): entries.get(path, entry) for path, entry in files.items()}


def _version_of(program: Path) -> str:
    try:
        return _run([str(program), "--version"], program.parent).split()[-1]
    except (CannotFormat, IndexError):
        # Such as one for another platform.
        return ""


def _run(command: list[str], folder: Path) -> str:
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    except OSError as error:
        raise CannotFormat(f"{command[0]}: {error.strerror}") from error
    # If it cannot parse a file, it fails, too, but it formats the others and counts them.
    if run.returncode and not run.stdout:
        raise CannotFormat(last_words(run.stderr).replace(f"{folder}/", ""))
    return run.stdout.decode(errors="replace")
