"""Writes a new service: Copier writes its files, uv locks its dependencies, git makes the first commit."""

import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .answers import Answers
from .console import notice, progress
from .git import GitError, run_git
from .sources import newest_version

MESSAGE = "Write the service"


def write_service(address: str, version: str | None, folder: Path, answers: Answers) -> list[str]:
    """Write a service, and return the commands that are left for the person to run; exit if Copier refuses.

    Whatever stops this program before the end leaves nothing behind.
    """
    # Importing Copier takes half a second.
    import copier

    with removed_on_failure(folder):
        with progress("Writing the service ..."), copier_errors(address):
            version = version or newest_version(address)
            copier.run_copy(address, folder, answers, vcs_ref=version, defaults=True, quiet=True)
        with progress("Locking the dependencies ..."):
            locked = lock(folder)
        with progress("Committing ..."):
            committed = commit(folder)
    return [*locked, *committed]


def lock(folder: Path) -> list[str]:
    """Lock the dependencies; return the command to run if that fails, for example without a network."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv and subprocess.run([uv, "lock", "--quiet"], cwd=folder, capture_output=True, check=False).returncode == 0:
        return []
    return ["uv lock"]


def commit(folder: Path) -> list[str]:
    """Make the first commit unless the folder is inside a repository; return the commands to run if that fails."""
    add = ["add", "--all"]
    steps = [["init", "--quiet", "--initial-branch", "main"], add, ["commit", "--quiet", "-m", MESSAGE]]
    commands = f'git add --all && git commit -m "{MESSAGE}"'
    try:
        if is_in_work_tree(folder):
            return []
        commands = f"git init && {commands}"
        for step in steps:
            run_git(*step, cwd=folder)
    except GitError as error:
        notice(f"The service is written, but not committed. git: {error}.")
        return [commands]
    return []


def is_in_work_tree(folder: Path) -> bool:
    """Return whether a folder is inside the work tree of a git repository; raise `GitError` if git does not say."""
    try:
        return run_git("rev-parse", "--is-inside-work-tree", cwd=folder).strip() == b"true"
    except GitError as error:
        if error.no_repository:
            return False
        raise


@contextmanager
def removed_on_failure(folder: Path) -> Iterator[None]:
    """Remove the folder, and the parents that it needed, if a `with` block does not come to its end."""
    first_new = next((path for path in [*reversed(folder.parents), folder] if not path.exists()), None)
    try:
        yield
    except BaseException:
        for path in [first_new] if first_new else folder.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        raise


@contextmanager
def copier_errors(address: str) -> Iterator[None]:
    """Exit with one sentence if Copier refuses or fails inside a `with` block; `address` is the template's."""
    from copier.errors import CopierError, DirtyLocalWarning

    try:
        with warnings.catch_warnings():
            # Whoever works on the template writes services from files that are not committed.
            warnings.simplefilter("ignore", DirtyLocalWarning)
            yield
    except (CopierError, ValueError, OSError) as error:
        reason = re.sub(r"^Error rendering template path .*?}: ", "", " ".join(str(error).split()))
        sys.exit(f"From {address}: {reason}")
