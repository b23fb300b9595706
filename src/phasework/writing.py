"""Writes a new service: Copier writes its files, uv locks its dependencies, git makes the first commit."""

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .answers import Answers
from .console import notice, progress
from .git import GitError, run_git
from .sources import newest_version

MESSAGE = "Write the service"
# The workflow of a service runs for `main`; git's own default may be another one.
INIT = "git init --initial-branch main"
INSTALL_UV = "https://docs.astral.sh/uv/getting-started/installation/"
UNCOMMITTED = (
    "The template at {address} has uncommitted changes. They are in the service, but later updates cannot find them: "
    "commit them, and run this again."
)
IDENTITY = [f"git config --global user.{key}" for key in ('name "Your Name"', "email you@example.com")]

Outcome = tuple[str, list[str]]
"""One sentence about what failed, or an empty text, and the commands that the user has to run."""


def render_service(address: str, version: str | None, folder: Path, answers: Answers) -> None:
    """Let Copier write a service into an empty folder; exit with one sentence if it refuses."""
    # Importing Copier takes half a second.
    import copier

    with progress("Writing the service ..."), copier_errors(address):
        version = version or newest_version(address)
        copier.run_copy(address, folder, answers, vcs_ref=version, defaults=True, quiet=True)


def install_service(rendered: Path, folder: Path, at_root: Path, root: Path, *, own: bool) -> list[str]:
    """Move a written service to its folder, lock it and commit it; return the commands that are left to run.

    `at_root` has files for the root of the repository. `own` is whether the folder gets a repository of its own inside
    another one. Whatever stops this program before the end leaves everything as
    it was.
    """
    paths, outside = list_files(rendered), list_files(at_root)
    with undone_on_failure(folder, [*paths, "uv.lock", ".git"]), undone_on_failure(root, outside):
        try:
            for path in paths:
                copy(rendered / path, folder / path)
            for path in outside:
                copy(at_root / path, root / path)
        except OSError as error:
            sys.exit(f"{error.filename}: {error.strerror}. Nothing was written.")
        with progress("Locking the dependencies ..."):
            problems, commands = lock(folder)
        with progress("Committing ..."):
            problem, command = commit(folder, own=own)
    for text in filter(None, [problems, problem]):
        notice(text)
    return [*commands, *command]


def list_files(folder: Path) -> list[str]:
    """Return the paths of all files and links in a folder."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def find_replaced(rendered: Path, folder: Path) -> list[str]:
    """Return the files of the folder that the service would replace by other ones."""
    present = [path for path in list_files(rendered) if os.path.lexists(folder / path)]
    return [path for path in present if not has_content(folder / path, (rendered / path).read_bytes())]


def has_content(file: Path, content: bytes) -> bool:
    """Return whether a file has this content; anything but a readable file has another one."""
    try:
        return not file.is_symlink() and file.read_bytes() == content
    except OSError:
        return False


def copy(source: Path, target: Path) -> None:
    """Copy a file or a link; replace a link instead of what it links to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or source.is_symlink():
        target.unlink(missing_ok=True)
    elif target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    shutil.copy(source, target, follow_symlinks=False)


def lock(folder: Path) -> Outcome:
    """Lock the dependencies, which fails for example without a network."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        return f"uv is not installed: see {INSTALL_UV}", ["uv lock"]
    run = subprocess.run([uv, "lock", "--quiet"], cwd=folder, capture_output=True, check=False)
    if run.returncode:
        return f"The dependencies are not locked. uv: {last_words(run.stderr)}", ["uv lock"]
    return "", []


def last_words(output: bytes) -> str:
    """Return what a command printed, in one line, without the signs in front of each line."""
    text = re.sub(r"^\W+", "", output.decode(errors="replace"), flags=re.MULTILINE)
    return " ".join(text.removeprefix("error: ").split())


def commit(folder: Path, *, own: bool) -> Outcome:
    """Make the first commit, unless the folder is part of a repository, whose team commits."""
    commands = f'git add --all && git commit -m "{MESSAGE}"'
    steps = [[*INIT.split()[1:], "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", MESSAGE]]
    try:
        if not own and is_in_work_tree(folder):
            return "", [commands]
        commands = f"{INIT} && {commands}"
        for step in steps:
            run_git(*step, cwd=folder)
    except GitError as error:
        named = [] if has_identity(folder) else IDENTITY
        return f"The service is not committed. git: {error}.", [*named, commands]
    return "", []


def has_identity(folder: Path) -> bool:
    """Return whether git knows who commits."""
    try:
        run_git("var", "GIT_COMMITTER_IDENT", cwd=folder)
        run_git("var", "GIT_AUTHOR_IDENT", cwd=folder)
    except GitError:
        return False
    return True


def is_in_work_tree(folder: Path) -> bool:
    """Return whether a folder is inside the work tree of a git repository; raise `GitError` if git does not say."""
    try:
        return run_git("rev-parse", "--is-inside-work-tree", cwd=folder).strip() == b"true"
    except GitError as error:
        if error.no_repository:
            return False
        raise


@contextmanager
def undone_on_failure(folder: Path, paths: Iterable[str]) -> Iterator[None]:
    """Put these files of a folder back, and remove the new ones, if a `with` block does not come to its end."""
    first_new = next((path for path in [*reversed(folder.parents), folder] if not path.exists()), None)
    new = [folder / path for path in paths if not os.path.lexists(folder / path)]
    with tempfile.TemporaryDirectory(prefix="phasework-before-") as before:
        for path in paths:
            if (folder / path).is_symlink() or (folder / path).is_file():
                copy(folder / path, Path(before, path))
        try:
            yield
        except BaseException:
            for written in [first_new] if first_new else new:
                remove(written, folder)
            for path in list_files(Path(before)):
                copy(Path(before, path), folder / path)
            raise


def remove(path: Path, top: Path) -> None:
    """Remove a file or folder, and the folders between it and `top` that are empty then."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):  # of a file that was not written yet, and of a folder that is not empty
        path.unlink(missing_ok=True)
        for parent in path.relative_to(top).parents if path.is_relative_to(top) else []:
            if parent.name:
                (top / parent).rmdir()


@contextmanager
def copier_errors(address: str) -> Iterator[None]:
    """Exit with one sentence if Copier refuses or fails inside a `with` block; `address` is the template's."""
    from copier.errors import CopierError, DirtyLocalWarning

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DirtyLocalWarning)
            yield
    except (CopierError, ValueError, OSError) as error:
        reason = re.sub(r"^Error rendering template path .*?}: ", "", " ".join(str(error).split()))
        sys.exit(f"From {address}: {reason}")
    for warning in caught:
        if warning.category is DirtyLocalWarning:
            notice(UNCOMMITTED.format(address=address))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
