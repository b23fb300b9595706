"""Brings what is new in the template, or other answers, and loses nothing: `python -m scripts.update`."""

import argparse
import re
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import yaml

from .answers import ANSWERS, Answers, complete, read_answers, read_changes
from .git import GitError, Labels, Repository, Tree
from .merge import Merge, Update, plan_update
from .merge_lists import merge_lists

ROOT = Path(__file__).parents[1]
CURRENT = ":current:"
"""The version of the template that the service has already."""
CONFLICTS = 3
"""The exit code where something is in conflict: 1 is Python's, where the last line tells what else is wrong, and 2 argparse's."""
INTERRUPTED = 130
"""The exit code where the person left by Ctrl-C, as shells have it."""
UNDO = "git restore --source=HEAD --staged --worktree . && git clean -fd"


def update(
    root: Path,
    changes: Mapping[str, Any],
    *,
    version: str | None = CURRENT,
    ask: bool = False,
    pretend: bool = False,
    rewrite_migrations: bool = False,
) -> int:
    """Update the service in `root` and print what became of its files; return 0, or 3 where there are conflicts.

    `changes` are the answers that are other ones now. `version` is a tag of the template, or None for the newest. With
    `ask`, the other questions are asked again. With `pretend` nothing is written. Exit, and write nothing, where an
    update is not possible.
    """
    try:
        repository = open_repository(root)
        answers = read_answers(root / ANSWERS)
        with tempfile.TemporaryDirectory(prefix="update-") as folder:
            old, new = Path(folder, "old"), Path(folder, "new")
            render(answers, complete(changes, answers), version, old, new, ask=ask)
            return merge(repository, old, new, pretend=pretend, rewrite_migrations=rewrite_migrations)
    except GitError as error:
        sys.exit(f"git: {error}. Nothing was changed.")
    except KeyboardInterrupt:
        leave(f"Interrupted: `git status` tells whether anything was changed. Back to where you were: {UNDO}")


def leave(sentence: str) -> NoReturn:
    """Exit as the person asked for."""
    print(sentence, file=sys.stderr)
    sys.exit(INTERRUPTED)


def open_repository(root: Path) -> Repository:
    """Return the repository of the service; exit where an update could not be undone."""
    try:
        repository = Repository(root)
        repository.run("rev-parse", "--verify", "HEAD")
        changed = repository.changed_files()
    except FileNotFoundError:
        sys.exit("An update is undone by git, which is not installed.")
    except GitError as error:
        sys.exit(
            f"An update is undone by git ({error}): commit the service first (git init && git add . && git commit)."
        )
    if changed:
        names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        sys.exit(
            f"There are changes that are not committed: {names}. Commit or stash them, so that you can undo the update."
        )
    return repository


def render(answers: Answers, changes: Answers, version: str | None, old: Path, new: Path, *, ask: bool) -> None:
    """Write the service into two folders: as it was at the last update, and as the template would write it now.

    Exit where Copier refuses to.
    """
    # It takes half a second, which the tests of this file do without.
    import copier
    from copier.errors import CopierError

    recorded = {key: value for key, value in answers.items() if not key.startswith("_")}
    new.mkdir()
    # Copier takes what stands there for what was answered before.
    (new / ANSWERS).write_text(yaml.safe_dump(answers, allow_unicode=True, sort_keys=False), encoding="utf-8")
    reference = copier.VcsRef.CURRENT if version == CURRENT else version
    try:
        copier.run_recopy(new, changes, vcs_ref=reference, defaults=not ask, overwrite=True, quiet=True)
        copier.run_copy(answers["_src_path"], old, recorded, vcs_ref=answers["_commit"], defaults=True, quiet=True)
    except KeyboardInterrupt:
        leave("Nothing was changed.")
    except (CopierError, ValueError, OSError) as error:
        reason = re.sub(r"^Error rendering template path .*?}: ", "", " ".join(str(error).split()))
        sys.exit(f"From {answers['_src_path']}: {reason}")
    after = read_answers(new / ANSWERS)
    if unknown := sorted(changes.keys() - after.keys()):
        asked = sorted(name for name in after if not name.startswith("_"))
        sys.exit(f"{unknown[0]}: there is no such question; {', '.join(asked)} are asked.")
    if version is None and (newest := order(after["_commit"])) and newest < order(answers["_commit"]):
        sys.exit(
            f"The service has {answers['_commit']}, and the newest version is {after['_commit']}: name one by --vcs-ref."
        )


def order(version: str) -> list[int]:
    """Return what versions are compared by, which is nothing for one that no tag tells: `v1.2.0-3-g1a2b3c4` comes after `v1.2.0`."""
    found = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(?:-(\d+)-g\w+)?", version)
    return [int(number or 0) for number in found.groups()] if found else []


def merge(repository: Repository, old: Path, new: Path, *, pretend: bool, rewrite_migrations: bool) -> int:
    """Merge what differs between two folders into the service, and print what became of its files."""
    base, ours, theirs = repository.store(old), repository.read_tree(), repository.store(new)
    renames = repository.find_renames(base)
    plan = plan_update(base, ours, theirs, renames, rewrite_migrations=rewrite_migrations)
    before, after = (read_answers(folder / ANSWERS)["_commit"] for folder in (old, new))
    if plan.tree == ours:
        print(f"There is nothing to do: the service has what {after} of the template writes.")
        return 0
    conflicts: dict[str, list[str]] = {}
    for path, files in plan.merges.items():
        labels = ("yours", f"template {before}", f"template {after}")
        plan.tree[path], lines = merge_file(repository, path, files, labels)
        if lines:
            conflicts[path] = lines
    if in_the_way := repository.find_in_the_way(ours, plan.tree):
        sys.exit(f"{in_the_way[0]} is ignored by git, and the update would write it: move it out of the way.")
    if not pretend:
        stages = {path: (files.base, files.ours, files.new) for path, files in plan.merges.items() if path in conflicts}
        write(repository, ours, plan.tree, stages)
    print(f"The template's {before} -> {after}{', if it were done' if pretend else ''}:")
    lines = [*report(plan, conflicts), *([] if pretend else next_steps(conflicts))]
    # A name that is not UTF-8 cannot be printed as it is.
    print("\n".join(lines).encode(errors="backslashreplace").decode())
    return CONFLICTS if conflicts else 0


def write(repository: Repository, before: Tree, after: Tree, conflicts: Mapping[str, Iterable[str | None]]) -> None:
    """Write the files of `after`, whole; exit where git fails in the middle of it."""
    try:
        with not_interrupted():
            repository.write(before, after, conflicts)
    except GitError as error:
        sys.exit(f"git: {error}. Back to where you were: {UNDO}")


def merge_file(repository: Repository, path: str, files: Merge, labels: Labels) -> tuple[str, list[str]]:
    """Merge a file that was changed on both sides; return the outcome, and the lines in conflict."""
    merged, conflicts = repository.merge(files.ours, files.base, files.new, labels)
    if not conflicts or not files.base:
        return merged, conflicts
    try:
        sides = [repository.content(entry).decode() for entry in (files.ours, files.base, files.new)]
    except UnicodeDecodeError:
        return merged, conflicts
    text = merge_lists(path, *sides)
    return (merged, conflicts) if text is None else (repository.store_text(files.ours.split()[0], text), [])


@contextmanager
def not_interrupted() -> Iterator[None]:
    """Let neither this program nor those that it starts be ended by Ctrl-C inside of a `with` block."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def report(plan: Update, conflicts: Mapping[str, list[str]]) -> Iterator[str]:
    """Return the lines that tell what became of the files."""
    yield f"  {len(plan.written)} written, {len(plan.changed)} changed and {len(plan.deleted)} deleted that you had not touched"
    merged = {path: "" for path in plan.merges if path not in conflicts}
    for title, paths in (
        ("moved", {path: f" -> {place}" for path, place in plan.moved.items()}),
        ("merged with what you wrote", merged),
        (
            "no longer part of the service, and kept for what you wrote there",
            {path: f" -> {place}" for path, place in plan.set_aside.items()},
        ),
        ("changed by the template, and left out as you had deleted them", dict.fromkeys(plan.left_out, "")),
        ("in CONFLICT, at these lines", {path: f": {', '.join(lines)}" for path, lines in conflicts.items()}),
    ):
        if paths:
            yield f"{title}:"
            yield from (f"  {path}{rest}" for path, rest in sorted(paths.items()))
    if plan.tables:
        yield f"The tables of {', '.join(plan.tables)} have changed or are gone. The revisions that databases have gone through"
        yield 'stay as they are: write the next one, as README.md tells under "Change the tables".'


def next_steps(conflicts: Mapping[str, list[str]]) -> Iterator[str]:
    """Return the lines that tell what to do now."""
    yield ""
    if conflicts:
        yield "Edit the files in conflict, and `git add` them. See the rest with `git diff --cached`."
    else:
        yield "Nothing is in conflict. See it with `git diff --cached`, run `uv run pytest`, and commit."
    yield f"Back to where you were: {UNDO}"


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return `arguments`, or those of the command line, by name."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.update",
        description="Bring the newest version of the template, or other answers, and merge it with what you wrote. "
        "Each question is asked again, but for the package's name and the own modules that are there; Enter keeps the answer.",
    )
    parser.add_argument("-d", "--data", metavar="NAME=ANSWER", action="append", default=[], help="another answer")
    parser.add_argument("--data-file", metavar="FILE", type=Path, help="a YAML file of other answers")
    parser.add_argument("-l", "--defaults", action="store_true", help="ask nothing: every other answer stays")
    parser.add_argument(
        "-r", "--vcs-ref", metavar="TAG", help=f"another version than the newest; {CURRENT} keeps yours"
    )
    parser.add_argument("-n", "--pretend", action="store_true", help="only tell what would be done")
    parser.add_argument(
        "--rewrite-migrations",
        action="store_true",
        help="write the first revisions of changed tables anew: for a service that no database has yet",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> None:
    """Update the service as `arguments` ask for, and exit as `update` returns."""
    given = read_arguments(arguments)
    changes = read_changes(given.data, given.data_file)
    sys.exit(
        update(
            root,
            changes,
            version=given.vcs_ref,
            ask=not given.defaults,
            pretend=given.pretend,
            rewrite_migrations=given.rewrite_migrations,
        )
    )


if __name__ == "__main__":
    main()
