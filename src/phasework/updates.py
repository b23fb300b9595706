"""Updates a service to another version of the template, or to changed answers, without losing a line of its team."""

import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from .answers import Answers, complete_changes, find_answers_file, read_answers
from .changelog import find_changes
from .console import interrupted, progress, show
from .git import GitError, Labels, Repository, Tree
from .merge import REVISION, Merge, Update, plan_update
from .merge_file import merge_file
from .moved_files import find_listed_moves
from .own_tables import TableOptions, continue_own_tables
from .requirements import needs_lock
from .revisions import is_known, place_revisions, read_down_revision, read_sources, read_statements
from .root_files import FOLDER, HOOKS, add_hook, follow_workflow, hook_of, how_to_add, name_problem, place_at_root
from .rules import load_rules
from .sources import version_order
from .style import CannotFormat, format_like_ours
from .summary import UNDO, few, headline, indented, next_steps, summarize, to_markdown, undo
from .writing import INIT, MESSAGE, copier_errors

CURRENT = ":current:"
"""The version of the template that the service has."""
COMMIT_FIRST = f'run `{INIT} && git add . && git commit -m "{MESSAGE}"` in its folder.'
PYPROJECT = "pyproject.toml"
CONFLICTS = 3
"""The exit code for conflicts: 1 is any other problem, and 2 a wrong command line."""


def update(
    root: Path,
    changes: Mapping[str, Any],
    *,
    version: str | None = CURRENT,
    pretend: bool = False,
    rewrite_migrations: bool = False,
    accept_data_loss: bool = False,
    summary: Path | None = None,
) -> int:
    """Update the service in `root` and print what happened to its files; return 0, or 3 if there are conflicts.

    `changes` are the new answers; all others stay. `version` is a tag of the template, or None for the newest. With
    `pretend`, no file of the service is written. `rewrite_migrations` writes the first migrations of changed tables
    anew, and `accept_data_loss` allows changes after which rows have lost values. `summary` is a file that gets the
    summary as Markdown. If an update is not possible, exit and write nothing.
    """
    try:
        file = find_answers_file(root)
        answers = read_answers(file)
        repository = open_repository(root)
        refuse_other_package(changes, answers)
        with tempfile.TemporaryDirectory(prefix="phasework-update-") as folder:
            old, new = Path(folder, "old"), Path(folder, "new")
            # Git knows the folder, whatever the answer says.
            given = {name: answer for name, answer in changes.items() if name != FOLDER}
            changes = complete_changes(given, answers) | moved_folder(repository, answers)
            render(answers, changes, version, old, new, answers_file=file.name)
            tables = TableOptions(rewrite_migrations=rewrite_migrations, accept_data_loss=accept_data_loss)
            return merge(repository, old, new, file.name, tables, pretend=pretend, summary=summary)
    except GitError as error:
        sys.exit(f"git: {error}. Nothing was changed.")
    except KeyboardInterrupt:
        interrupted(f"Interrupted. `git status` shows whether anything was changed. To undo it: {UNDO}")


def open_repository(root: Path) -> Repository:
    """Return the repository of the service; exit if an update could not be undone."""
    try:
        repository = Repository(root)
        if not repository.has_commit():
            sys.exit(f"The repository has no commit, which is needed to undo an update: {COMMIT_FIRST}")
        if operation := repository.find_operation():
            sys.exit(f"A {operation} is in progress: finish or abort it (`git status` says how), then run this again.")
        changed = repository.changed_files()
    except GitError as error:
        if error.no_repository:
            sys.exit(f"The service is not in a git repository, which is needed to undo an update: {COMMIT_FIRST}")
        sys.exit(f"git: {error}.")
    if changed:
        sys.exit(
            f"Some changes are not committed: {few(changed, 3)}. Commit or stash them, so that you can undo the update."
        )
    return repository


def refuse_other_package(changes: Mapping[str, Any], answers: Answers) -> None:
    """Exit if the name of the package would change."""
    package = answers.get("package_name")
    names = (package, changes.get("package_name", package))
    if problem := load_rules().render_macro("changes", "check_same_package", *names).strip():
        sys.exit(problem)


def render(answers: Answers, changes: Answers, version: str | None, old: Path, new: Path, *, answers_file: str) -> None:
    """Write the service into two folders: as it was at the last update, and as the template writes it now.

    Exit if Copier refuses.
    """
    # Importing Copier takes half a second.
    import copier

    new.mkdir()
    # Copier takes this file for the answers that were given before.
    (new / answers_file).write_text(yaml.safe_dump(answers, allow_unicode=True, sort_keys=False), encoding="utf-8")
    reference = copier.VcsRef.CURRENT if version == CURRENT else version
    source = answers["_src_path"]
    options: dict[str, Any] = {"answers_file": answers_file, "defaults": True, "quiet": True}
    try:
        with copier_errors(source), progress("Writing the new version ..."):
            copier.run_recopy(new, changes, vcs_ref=reference, overwrite=True, **options)
        render_recorded(answers, old, answers_file=answers_file)
    except KeyboardInterrupt:
        interrupted("Nothing was changed.")
    after = read_answers(new / answers_file)
    if version is None and (newest := version_order(after["_commit"])) and newest < version_order(answers["_commit"]):
        sys.exit(
            f"The service has {answers['_commit']}, and the newest version is {after['_commit']}: choose one with --vcs-ref."
        )


def render_recorded(answers: Answers, folder: Path, *, answers_file: str) -> None:
    """Write the service into a folder, as its version of the template writes it for the recorded answers.

    Exit if Copier refuses.
    """
    import copier

    source = answers["_src_path"]
    recorded = {key: value for key, value in answers.items() if not key.startswith("_")}
    options: dict[str, Any] = {"answers_file": answers_file, "defaults": True, "quiet": True}
    with copier_errors(source), progress("Writing the present version ..."):
        copier.run_copy(source, folder, recorded, vcs_ref=answers["_commit"], **options)


def moved_folder(repository: Repository, answers: Answers) -> Answers:
    """Return the answer about the service's folder if it has changed and the new one can be used."""
    folder = repository.prefix.rstrip("/")
    return {} if folder == answers.get(FOLDER, "") or name_problem(folder) else {FOLDER: folder}


def add_root_hook(repository: Repository, plan: Update, new: Tree, answers: Answers, up: str) -> str:
    """Let the team's pre-commit at the root run the hooks of the service; return what is left for the team to do."""
    workflow = next((path for path in new if path.startswith("../")), None)
    if not workflow:
        return ""
    path, hook = up + HOOKS, hook_of(answers[FOLDER], Path(workflow).stem)
    entry = plan.tree.get(path)
    content = repository.content(entry)
    added = add_hook(content, hook)
    if added is None:
        return how_to_add(hook)
    if added != content:
        plan.tree[path] = repository.store_content(entry.split()[0] if entry else "100644", added)
        (plan.changed if entry else plan.written).append(path)
    return ""


def merge(
    repository: Repository,
    old: Path,
    new: Path,
    answers_file: str,
    tables: TableOptions,
    *,
    pretend: bool,
    summary: Path | None = None,
) -> int:
    """Merge the differences between two folders into the service, and print what happened to its files."""
    recorded, answers = (read_answers(folder / answers_file) for folder in (old, new))
    before, after = recorded["_commit"], answers["_commit"]
    with progress("Merging ..."):
        up = "../" * len(Path(repository.prefix).parts)
        base = place_at_root(repository.store(old), recorded, up)
        theirs = place_at_root(repository.store(new), answers, up)
        base, theirs = follow_workflow(
            repository, base, theirs, {recorded.get(FOLDER, ""), repository.prefix.rstrip("/")}
        )
        ours = repository.read_tree(path for path in [*base, *theirs, up + HOOKS] if path.startswith("../"))
        labels = ("yours", f"template {before}", f"template {after}")
        tables = replace(tables, before=recorded, after=answers)
        plan = plan_merges(repository, base, ours, theirs, labels, answers_file=answers_file, tables=tables)
        if recorded.get(FOLDER) != answers.get(FOLDER):
            plan.left = add_root_hook(repository, plan, theirs, answers, up)
        merge_files(repository, plan, labels)
    if plan.tree == ours:
        text = f"There is nothing to do: the service has everything that {after} of the template writes."
        write_summary(summary, f"{text}\n")
        show(text)
        return 0
    if obstacle := repository.find_obstacle(ours, plan.tree):
        sys.exit(f"{obstacle}: move it first.")
    title, changes = headline(plan, before, after, pretend=pretend), find_changes(answers["_src_path"], before, after)
    write_summary(summary, to_markdown(plan, title, changes))
    steps: Iterable[str] = []
    if not pretend:
        write(repository, ours, plan)
        lock = needs_lock(*(repository.content(tree.get(PYPROJECT)) for tree in (ours, plan.tree)))
        steps = next_steps(plan, undo(ours, plan.tree), lock=lock)
    show(f"{title}:", "bold")
    show("\n".join([*indented(changes), *summarize(plan), *steps]))
    if plan.left:
        show(plan.left)
    return CONFLICTS if plan.conflicts else 0


def plan_merges(
    repository: Repository,
    base: Tree,
    ours: Tree,
    theirs: Tree,
    labels: Labels,
    *,
    answers_file: str,
    tables: TableOptions,
) -> Update:
    """Return what the update does to each file, with migrations and the format of files adapted to the team's."""
    theirs, continued = continue_revisions(repository, base, ours, theirs)
    if not tables.rewrite_migrations:
        theirs, further = continue_own_tables(repository, base, ours, theirs, tables)
        continued |= further
    unformatted = ""
    try:
        settings = merge_settings(repository, base, ours, theirs, labels)
        base, theirs = format_like_ours(repository, base, ours, theirs, settings)
    except CannotFormat as reason:
        unformatted = str(reason)
    plan = plan_update(
        base,
        ours,
        theirs,
        repository.find_renames(base),
        repository.find_renames(base, theirs) | find_listed_moves(base, theirs),
        answers_file=answers_file,
        rewrite_migrations=tables.rewrite_migrations,
        same_tables=partial(same_tables, repository),
    )
    plan.continued, plan.unformatted = continued, unformatted
    return plan


def merge_settings(repository: Repository, base: Tree, ours: Tree, new: Tree, labels: Labels) -> Tree:
    """Return the merged pyproject.toml with the settings of the formatter, unless it is in conflict."""
    if PYPROJECT not in base.keys() & ours.keys() & new.keys():
        return {}
    files = Merge(base[PYPROJECT], ours[PYPROJECT], new[PYPROJECT])
    entry, conflicts = merge_file(repository, PYPROJECT, files, labels)
    return {} if conflicts else {PYPROJECT: entry}


def merge_files(repository: Repository, plan: Update, labels: Labels) -> None:
    """Merge the files that both sides changed."""
    for path, files in plan.merges.items():
        plan.tree[path], lines = merge_file(repository, path, files, labels)
        if lines:
            plan.conflicts[path] = lines


def write_summary(file: Path | None, text: str) -> None:
    """Write the summary to a file; exit if that is not possible."""
    try:
        if file:
            file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        sys.exit(f"{file}: {error.strerror}. Nothing was changed.")


def continue_revisions(repository: Repository, base: Tree, ours: Tree, new: Tree) -> tuple[Tree, dict[str, str]]:
    """Let new migrations of the template follow those of the team.

    Return the template's files, and the migrations before them by the path of each one that follows the team's.
    """
    added = read_sources(repository, {path: new[path] for path in new.keys() - base.keys() if REVISION.fullmatch(path)})
    if not added:
        return new, {}
    existing = read_sources(repository, {path: ours[path] for path in ours if REVISION.fullmatch(path)})
    # A module that was removed and is added again has its migrations already.
    known = {path for path in added.keys() & existing.keys() if is_known(added[path], existing[path])}
    sources = {Path(path).stem: source for path, source in added.items() if path not in known}
    placed = place_revisions({Path(path).stem: source for path, source in existing.items()}, sources)
    paths = {name: f"migrations/versions/{name}.py" for name in placed}
    entries = {paths[name]: repository.store_content("100644", source.encode()) for name, source in placed.items()}
    kept = {path: entry for path, entry in new.items() if path not in added or path in known}
    after = {name: read_down_revision(source) for name, source in placed.items()}
    return kept | entries, {paths[name]: after[name] for name in placed if sources.get(name) != placed[name]}


def write(repository: Repository, before: Tree, plan: Update) -> None:
    """Write the files of an update in one go; exit if git fails halfway."""
    stages = {
        path: (files.base, files.ours, files.new) for path, files in plan.merges.items() if path in plan.conflicts
    }
    try:
        with interrupts_ignored():
            repository.write(before, plan.tree, stages)
    except GitError as error:
        sys.exit(f"git: {error}. To undo what was written: {undo(before, plan.tree)}")


def same_tables(repository: Repository, before: str, after: str) -> bool:
    """Return whether two versions of a migration do the same: comments, docstrings and imports may differ."""
    if before == after:
        return True
    return read_statements(repository.content(before)) == read_statements(repository.content(after))


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Keep Ctrl-C and requests to end from stopping this program, or programs that it starts, inside a `with` block."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
