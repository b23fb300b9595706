"""Decides what an update does to each file of a service. It neither reads nor writes files."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from phasework_suite import places

from .answers import ANSWERS_FILE
from .git import Tree

REMOVED = "removed"
"""The folder that keeps files which the team edited and the template no longer has."""

SUITE = "tests/suite/"
"""The folder that the template owns: updates replace its files."""

MODULE = re.compile(r"src/\w+/modules/(\w+)/")
REVISION = re.compile(r"migrations/versions/(\w+)_\d{4}(?:_\w+)?\.py")
WORKFLOW = re.compile(r"(?:\.\./)*\.github/workflows/[\w.-]+\.yml")
# A test that is moved to REMOVED leaves the suite: that is a conflict, unless the answers remove modules.
TEST = re.compile(r"tests/(\w+/)*test_\w+\.py")
UNIT_TEST = re.compile(r"tests/unit/phase(\d)/(test_\w+\.py)")


SameTables = Callable[[str, str], bool]
"""Whether two versions of a migration, given by their entries in a tree, create the same tables."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A file that the team and the template both changed: its versions from the last update, the team and the template.

    A version is None where the file is missing.
    """

    base: str | None
    ours: str
    new: str | None


@dataclass(slots=True)
class Update:
    """What an update does to the files of a service."""

    tree: Tree
    """The files after the update; files to merge have the team's version."""
    answers_file: str = ANSWERS_FILE
    merges: dict[str, Merge] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    """Files of the team that the service no longer has, each with its new place."""
    replaced: dict[str, str] = field(default_factory=dict)
    """Files that the template owns and the team edited, each with the place of the team's version."""
    skipped: list[str] = field(default_factory=list)
    """Files that the team deleted and the template changed."""
    added: list[str] = field(default_factory=list)
    """New modules."""
    removed: list[str] = field(default_factory=list)
    """Modules that the service no longer has."""
    continued: dict[str, str] = field(default_factory=dict)
    """New migrations that follow one of the team, by their path."""
    tables: list[str] = field(default_factory=list)
    """Modules whose tables changed or were removed: the team writes their next migration."""
    conflicts: dict[str, list[str]] = field(default_factory=dict)
    """The lines in conflict by file."""
    unformatted: str = ""
    """Why the template's files could not be formatted as the team formats its own."""
    left: str = ""
    """What is left for the team to do at the root of the repository."""


def plan_update(
    base: Tree,
    ours: Tree,
    new: Tree,
    renames: Mapping[str, str],
    moves: Mapping[str, str] | None = None,
    *,
    answers_file: str = ANSWERS_FILE,
    rewrite_migrations: bool = False,
    same_tables: SameTables = operator.eq,
) -> Update:
    """Return what the update does to each file.

    `base` is what the template wrote at the last update, `ours` the team's last commit, `new` what the template writes
    now. `renames` maps the files of `base` that the team renamed to their new paths, `moves` those that the template
    moved. Existing modules keep their migrations, because databases have run them, unless `rewrite_migrations` is set.
    `same_tables` says whether two versions of a migration create the same tables.
    """
    moves = allowed_moves(moves or {}, base, ours, new) | find_moves(base, ours, new)
    update = Update(
        move(ours, moves), answers_file=answers_file, moved={path: moves[path] for path in ours if path in moves}
    )
    update.added = sorted(find_modules(new) - find_modules(base))
    update.removed = sorted(find_modules(base) - find_modules(new))
    base = move(base, moves)
    if not rewrite_migrations:
        new, update.tables = keep_revisions(base, new, same_tables)
    renames = {
        moves.get(old, old): moves.get(name, name)
        for old, name in renames.items()
        if name not in new and not old.startswith(SUITE)
    }
    base, new = move(base, renames), move(new, renames)
    for path in sorted(base.keys() | new.keys()):
        decide(update, path, base.get(path), update.tree.get(path), new.get(path))
    for path in files_of_lost_modules(update.tree.keys() - base.keys() - new.keys(), base, new):
        keep_removed(update, path)
    return update


def decide(update: Update, path: str, base: str | None, ours: str | None, new: str | None) -> None:
    """Decide about one file: if only one side changed it, take that change."""
    is_owned = path.startswith(SUITE)
    if new == ours or (new == base and not is_owned):
        return
    if path == update.answers_file or ours == base:
        put(update, path, ours, new)
    elif is_owned and new:
        replace(update, path, ours, new)
    elif new is None and (update.removed or not TEST.fullmatch(path)):
        keep_removed(update, path)
    elif ours is None:
        update.skipped.append(path)
    elif module := _module_of_revision(path):
        # The team has edited it, and databases may have run it.
        update.tables = sorted({*update.tables, module})
    else:
        update.merges[path] = Merge(base, ours, new)


def put(update: Update, path: str, ours: str | None, new: str | None) -> None:
    """Take the template's version."""
    if new is None:
        del update.tree[path]
        update.deleted.append(path)
        return
    update.tree[path] = new
    (update.changed if ours else update.written).append(path)


def replace(update: Update, path: str, ours: str | None, new: str) -> None:
    """Take the template's version of a file that it owns, and keep the team's where nothing imports it."""
    if ours:
        update.replaced[path] = keep(update, path)
        update.tree[path] = new
    else:
        put(update, path, ours, new)


def keep_removed(update: Update, path: str) -> None:
    """Move a file of the team to a folder that nothing imports, because the rest of its module was removed."""
    update.kept[path] = keep(update, path)


def keep(update: Update, path: str) -> str:
    """Move a file to a folder that nothing imports, and return its new place."""
    folder, number = REMOVED, 1
    name = path.replace("../", "")
    while not {folder, f"{folder}/{name}"}.isdisjoint(update.tree):
        number += 1
        folder = f"{REMOVED}-{number}"
    update.tree[f"{folder}/{name}"] = update.tree.pop(path)
    return f"{folder}/{name}"


def move(tree: Tree, moves: Mapping[str, str]) -> Tree:
    """Return the tree with some of its files at other paths."""
    return {moves.get(path, path): entry for path, entry in tree.items()}


def find_modules(tree: Iterable[str]) -> set[str]:
    """Return the names of the service's modules."""
    return {found[1] for path in tree if (found := MODULE.match(path))}


def find_moves(base: Tree, ours: Tree, new: Tree) -> dict[str, str]:
    """Return the new path of each unit test whose module changes its phase, including tests of the team.

    And of the workflow, whose place and name depend on the service's folder in its repository.
    """
    modules = find_modules(base) | find_modules(new)
    before, after = (_phases(tree, modules) for tree in (base, new))
    moves = {}
    for path in base.keys() | ours.keys():
        module = find_module(path, modules)
        found = UNIT_TEST.fullmatch(path)
        if found and module in before and module in after and found[1] == before[module] != after[module]:
            moves[path] = f"tests/unit/phase{after[module]}/{found[2]}"
    workflows = [next(filter(WORKFLOW.fullmatch, tree), "") for tree in (base, new)]
    if all(workflows) and workflows[0] in ours:
        moves[workflows[0]] = workflows[1]
    # A file that exists already stays.
    return {old: path for old, path in moves.items() if path not in ours and path not in base}


def allowed_moves(moves: Mapping[str, str], base: Tree, ours: Tree, new: Tree) -> dict[str, str]:
    """Return the moves of the template that an update follows: to a new place in the same module, if it is free.

    A file that looks like one of another module is not that file. The suite and migrations have rules of their own.
    """
    modules = find_modules(base) | find_modules(new)
    return {
        old: path
        for old, path in moves.items()
        if path not in ours
        and find_module(old, modules) == find_module(path, modules)
        and not old.startswith(SUITE)
        and not REVISION.fullmatch(old)
    }


def _phases(tree: Tree, modules: set[str]) -> dict[str, str]:
    tests = {name: f"/test_{name}_service.py" for name in modules}
    found = [path for path in tree if UNIT_TEST.fullmatch(path)]
    return {name: path[len("tests/unit/phase")] for name, end in tests.items() for path in found if path.endswith(end)}


def find_module(path: str, modules: Iterable[str]) -> str:
    """Return the module that a file belongs to, or an empty text: `test_loans_late.py` belongs to `loans`."""
    if found := MODULE.match(path) or REVISION.fullmatch(path):
        return found[1]
    name = path.rpartition("/")[2] if path.startswith("tests/") else ""
    return places.find_module(name, modules) or ""


def files_of_lost_modules(paths: Iterable[str], base: Tree, new: Tree) -> list[str]:
    """Return the team's own files that belong to removed modules."""
    modules = find_modules(base)
    lost = modules - find_modules(new)
    return sorted(path for path in paths if find_module(path, modules) in lost and not REVISION.fullmatch(path))


def keep_revisions(base: Tree, new: Tree, same_tables: SameTables) -> tuple[Tree, list[str]]:
    """Return `new` with the migrations of `base`, and the modules whose tables no longer match them.

    Databases have run the existing migrations, so none is rewritten or deleted. A new one is added if it continues
    the existing ones.
    """
    before, after = group_revisions(base), group_revisions(new)
    broken = sorted(
        name
        for name, revisions in before.items()
        if not all(path in after.get(name, {}) and same_tables(entry, new[path]) for path, entry in revisions.items())
    )
    kept = {path: entry for path, entry in new.items() if _module_of_revision(path) not in broken}
    return kept | {path: entry for revisions in before.values() for path, entry in revisions.items()}, broken


def group_revisions(tree: Tree) -> dict[str, Tree]:
    """Return the migrations by the module whose name they begin with."""
    found: dict[str, Tree] = {}
    for path, entry in tree.items():
        if module := _module_of_revision(path):
            found.setdefault(module, {})[path] = entry
    return found


def _module_of_revision(path: str) -> str:
    found = REVISION.fullmatch(path)
    return found[1] if found else ""
