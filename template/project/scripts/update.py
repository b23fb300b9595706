"""Brings what is new in the template, or other answers, and loses nothing: `python -m scripts.update`."""

import argparse
import re
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from .git import GitError, Labels, Repository
from .merge import ANSWERS, Merge, Update, plan_update
from .merge_lists import merge_lists
from .template import read_yaml

ROOT = Path(__file__).parents[1]
CURRENT = ":current:"
"""The version of the template that the service has already."""
NO_REPOSITORY = (GitError, FileNotFoundError)
PLANNED = ("phase", "coverage")
YAML_ANSWERS = ("modules", "own_modules", "plan")
UNDO = "git restore --source=HEAD --staged --worktree . && git clean -fd"

Answers = dict[str, Any]


def update(
    root: Path,
    changes: Mapping[str, Any],
    *,
    version: str | None = CURRENT,
    ask: bool = False,
    pretend: bool = False,
    rewrite_migrations: bool = False,
) -> int:
    """Update the service in `root` and print what became of its files; return 0, or 1 where there are conflicts.

    `changes` are the answers that are other ones now. `version` is a tag of the template, or None for the newest. With
    `ask`, every other question is asked again. With `pretend` nothing is written. Exit, and write nothing, where an
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
        sys.exit(f"git: {error}. Back to where you were: {UNDO}")


def open_repository(root: Path) -> Repository:
    """Return the repository of the service; exit where an update could not be undone."""
    try:
        repository = Repository(root)
        repository.run("rev-parse", "--verify", "HEAD")
    except NO_REPOSITORY:
        sys.exit("An update is undone by git: commit the service first (git init && git add . && git commit).")
    if changed := repository.changed_files():
        names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        sys.exit(
            f"There are changes that are not committed: {names}. Commit or stash them, so that you can undo the update."
        )
    return repository


def read_answers(file: Path) -> Answers:
    """Return what the service was written from; exit where that is not known."""
    try:
        answers = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        sys.exit(f"{file.name} cannot be read ({reason}): take it from an earlier commit.")
    for key in ("_src_path", "_commit"):
        if not isinstance(answers, dict) or not isinstance(answers.get(key), str):
            sys.exit(
                f"{file.name} has no {key}, which tells where the service comes from: take it from an earlier commit."
            )
    return dict(answers)


def complete(changes: Mapping[str, Any], answers: Answers) -> Answers:
    """Return the changes, with a plan that says of every module what it said before unless it is changed.

    Exit where the package would get another name.
    """
    package = answers.get("package_name")
    if changes.get("package_name", package) != package:
        sys.exit(f"package_name: it stays {package}, for the code of your team imports that name.")
    given = changes.get("plan", described_plan(changes, answers))
    if not given or not isinstance(given, dict):
        return dict(changes)
    after = {**answers, **changes}
    modules = [*(after.get("modules") or []), *(after.get("own_modules") or {})]
    plan = {name: entry for name, entry in (answers.get("plan") or {}).items() if name in modules}
    for name, entry in given.items():
        plan[name] = plan[name] | entry if name in plan and isinstance(entry, dict) else entry
    return {**changes, "plan": dict(sorted(plan.items()))}


def described_plan(changes: Mapping[str, Any], answers: Answers) -> Answers:
    """Return phase and coverage of the modules whose description names others than before."""
    before, after = (described.get("own_modules") for described in (answers, changes))
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {}
    plan = {}
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        if isinstance(new, dict) and (
            entry := {key: new[key] for key in PLANNED if key in new and new[key] != old.get(key)}
        ):
            plan[name] = entry
    return plan


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
        sys.exit("Nothing was changed.")
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
    if not pretend:
        stages = {path: (files.base, files.ours, files.new) for path, files in plan.merges.items() if path in conflicts}
        with not_interrupted():
            repository.write(ours, plan.tree, stages)
    print(f"The template's {before} -> {after}{', if it were done' if pretend else ''}:")
    print("\n".join(report(plan, conflicts)))
    return 1 if conflicts else 0


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
        "Each question is asked again; Enter keeps the answer.",
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


def read_changes(data: Sequence[str], file: Path | None) -> Answers:
    """Return the answers from a file and from the command line; exit where they cannot be read."""
    changes: Answers = {}
    if file:
        changes = read_yaml(file) or {}
        if not isinstance(changes, dict):
            sys.exit(f"{file} is no mapping of questions to answers, as in coverage_total: 90.")
    for text in data:
        name, equals, answer = text.partition("=")
        if not equals:
            sys.exit(f'--data "{text}": an answer is given as NAME=ANSWER, as in --data database_access=async.')
        changes[name] = parse_yaml(name, answer) if name in YAML_ANSWERS else answer
    return changes


def parse_yaml(name: str, text: str) -> Any:
    """Return what a text holds; exit where it is no YAML."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        sys.exit(f"{name}: this is no YAML: {' '.join(str(error).split())}")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> None:
    """Update the service as `arguments` ask for; exit with 1 where there are conflicts."""
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
