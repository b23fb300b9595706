"""Continues the migrations of own modules whose tables an update changes."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .answers import EMPTY_ANSWERS, Answers
from .field_changes import find_losses, find_obstacles, rows_of
from .git import Repository, Tree
from .merge import REVISION, group_revisions
from .next_revisions import NoHead, TableChange, write_revisions
from .revisions import read_down_revision, read_sources
from .rules import Module, load_rules
from .tables import UnknownStatement, read_imports, read_tables

CONFIRM = "--accept-data-loss"


@dataclass(frozen=True, slots=True)
class TableOptions:
    """What an update may do to tables, and the answers that describe them."""

    rewrite_migrations: bool = False
    accept_data_loss: bool = False
    before: Answers = field(default_factory=dict)
    after: Answers = field(default_factory=dict)


def continue_own_tables(
    repository: Repository, base: Tree, ours: Tree, new: Tree, options: TableOptions
) -> tuple[Tree, dict[str, str]]:
    """Return the template's files with the next migrations of own modules that change, instead of other first ones.

    And the migrations before them, by their paths.

    A module is left alone if the template's migrations do something else than to create tables, or if those of the
    service do not end in one. Exit if a change is not possible, or if rows lose data that nobody gave up.
    """
    old_modules, modules = own_modules(options.before), own_modules(options.after)
    first, last = group_revisions(base), group_revisions(new)
    losses: list[str] = []
    continued: dict[str, str] = {}
    for name in sorted(old_modules.keys() & modules.keys() & first.keys() & last.keys()):
        kept = {path: entry for path, entry in new.items() if path not in last[name]} | first[name]
        # Without those that the template writes, but the service never had.
        known = {path: entry for path, entry in kept.items() if path not in base} | ours
        sources = [read_sources(repository, side[name]).values() for side in (first, last)]
        try:
            tables = [read_tables(texts) for texts in sources]
            change = TableChange(name, tables[0], tables[1], {name: rows_of(old_modules[name], modules[name])})
            refuse_impossible(change, modules[name])
            imports = {key: line for texts in sources for text in texts for key, line in read_imports(text).items()}
            written = write_revisions(change, read_revisions(repository, known), imports)
        except (NoHead, UnknownStatement):
            continue
        losses += losses_of(change)
        paths = {f"migrations/versions/{revision}.py": text for revision, text in written.items()}
        new = kept | {path: repository.store_content("100644", text.encode()) for path, text in paths.items()}
        continued |= {path: read_down_revision(text) for path, text in paths.items()}
    if losses and not options.accept_data_loss:
        sys.exit(
            f"Existing rows would lose data: {'; '.join(losses)}. Nothing was changed. Write `was: OLD_NAME` in a field "
            f"that is renamed, or confirm the loss with {CONFIRM}."
        )
    return new, continued


def own_modules(answers: Answers) -> dict[str, Module]:
    """Return the own modules of a service by their names; none if the template refuses its answers today."""
    rules = load_rules()
    answers = EMPTY_ANSWERS | {name: answer for name, answer in answers.items() if answer is not None}
    if not answers["own_modules"] or rules.problem(answers):
        return {}
    return {module["name"]: module for module in rules.service_modules(answers) if module["own"]}


def read_revisions(repository: Repository, tree: Tree) -> dict[str, str]:
    """Return the texts of migrations by their ids."""
    found = read_sources(repository, {path: entry for path, entry in tree.items() if REVISION.fullmatch(path)})
    return {Path(path).stem: text for path, text in found.items()}


def refuse_impossible(change: TableChange, module: Module) -> None:
    """Exit if no migration can make a change."""
    name = change.module
    obstacles = find_obstacles(change.before[name], change.after[name], module, change.rows[name])
    if problem := next(obstacles, None):
        sys.exit(f"{problem} Nothing was changed.")


def losses_of(change: TableChange) -> Iterator[str]:
    """Yield what rows lose in a change."""
    for name, table in change.before.items():
        yield from find_losses(table, change.after.get(name), change.rows_of(name))
