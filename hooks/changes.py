"""What git knows about a project: its files, and those that changed."""

import os
import stat
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from .check import Unusable

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "manage.py")
"""Files in folders where absolute imports begin."""
INSTALLED = {"node_modules", "site-packages", "__pycache__"}


def run_git(root: Path, *arguments: str, given: Iterable[str] = ()) -> list[str] | None:
    """Return the names that git prints, or None if it fails or is not installed. It can be given names, too."""
    command = ["git", "-C", str(root), *arguments]
    try:
        run = subprocess.run(command, input=os.fsencode("\0".join(given)), capture_output=True, check=False)
    except OSError:
        return None
    if run.returncode:
        return None
    return [name for name in os.fsdecode(run.stdout).split("\0") if name]


def find_files(root: Path) -> Iterator[str]:
    """Yield the Python files of a project, and those that mark its roots: those that git tracks or would add, or else all that are not hidden.

    Links are left out: what they point to is found by itself, or is not part of the project.
    """
    names = run_git(
        root,
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        "*.py",
        *PROJECT_FILES,
        *(f"*/{name}" for name in PROJECT_FILES),
    )
    for name in sorted(set(walk(root) if names is None else names)):
        if _is_regular(os.path.join(root, name)):  # noqa: PTH118, several times faster than a path object
            yield name


def _is_regular(file: str) -> bool:
    """Return whether something is a file and no link."""
    try:
        return stat.S_ISREG(os.lstat(file).st_mode)
    except OSError:
        return False


def walk(root: Path) -> Iterator[str]:
    """Yield the Python files below a folder, without hidden folders and environments. Links are not followed."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if _is_ours(Path(folder, name))]
        below = Path(folder).relative_to(root)
        yield from ((below / name).as_posix() for name in files if name.endswith(".py") or name in PROJECT_FILES)


def _is_ours(folder: Path) -> bool:
    return not folder.name.startswith(".") and folder.name not in INSTALLED and not (folder / "pyvenv.cfg").exists()


def changed_since(root: Path, reference: str) -> set[str]:
    """Return the files that changed since the branch left a revision, and files that git does not know yet."""
    base = run_git(root, "merge-base", "--end-of-options", reference, "HEAD")
    if not base:
        raise Unusable(f'git does not know the revision "{reference}" in {root}.')
    changed = run_git(root, "diff", "--name-only", "--relative", "-z", "--diff-filter=d", base[0].strip())
    new = run_git(root, "ls-files", "-z", "--others", "--exclude-standard")
    return {*(changed or ()), *(new or ())}


def find_ignored(root: Path, paths: Iterable[str]) -> set[str]:
    """Return those of some paths that git ignores, whether they exist or not."""
    names = list(paths)
    return set(run_git(root, "check-ignore", "--no-index", "--stdin", "-z", given=names) or ()) if names else set()
