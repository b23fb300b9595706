"""Says what an update did to the files of a service."""

from collections.abc import Iterator, Mapping, Sequence

from .git import Tree
from .merge import Update

FEW = 10
"""As many files as a summary names one by one."""
RESTORE = "git restore --source=HEAD --staged --worktree ."
CLEAN = "git clean -fd"
UNDO = f"{RESTORE} && {CLEAN}"


def summarize(update: Update, conflicts: Mapping[str, list[str]]) -> Iterator[str]:
    """Return the lines about the files; `conflicts` are the lines in conflict by file."""
    yield f"  Files that you had not touched: {len(update.written)} added, {len(update.changed)} changed, {len(update.deleted)} deleted"
    kinds = {"added": update.written, "changed": update.changed, "deleted": update.deleted}
    if sum(map(len, kinds.values())) <= FEW:
        yield from (f"    {kind:8}{path}" for kind, paths in kinds.items() for path in sorted(paths))
    merged = {path: "" for path in update.merges if path not in conflicts}
    for title, paths in (
        ("moved", arrows(update.moved)),
        ("merged with your changes", merged),
        ("owned by the template and replaced; your version is kept", arrows(update.replaced)),
        ("no longer part of the service; your version is kept", arrows(update.kept)),
        ("changed by the template; you had deleted them, so they stay deleted", dict.fromkeys(update.skipped, "")),
        ("migrations that follow yours", {path: f", after {name}" for path, name in update.continued.items()}),
        ("in CONFLICT at these lines", {path: f": {', '.join(lines)}" for path, lines in conflicts.items()}),
    ):
        if paths:
            yield f"{title}:"
            yield from (f"  {path}{rest}" for path, rest in sorted(paths.items()))
    if update.tables:
        yield f"The tables of {', '.join(update.tables)} have changed or were removed. Existing migrations stay as they are, because"
        yield 'databases have run them. Write the next migration: see "Change the tables" in README.md.'


def headline(update: Update, before: str, after: str, *, pretend: bool) -> str:
    """Return the first line: the versions and modules that change."""
    changes = [f"The template's {before} -> {after}"] if before != after else []
    for verb, names in (("Added", update.added), ("Removed", update.removed)):
        if names:
            changes.append(f"{verb} {', '.join(names)}")
    text = "; ".join(changes) or f"Changed answers, at the template's {after}"
    return f"{text}{' (nothing is written)' if pretend else ''}:"


def few(names: Sequence[str], most: int = FEW) -> str:
    """Return the names in a sentence; many are cut."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def arrows(moves: Mapping[str, str]) -> dict[str, str]:
    """Return the ends of the lines about files with a new place."""
    return {path: f" -> {place}" for path, place in moves.items()}


def undo(before: Tree, after: Tree) -> str:
    """Return the command that undoes an update: also outside of the service's folder, whose paths begin with `../`."""
    outside = sorted(path for path in before.keys() | after.keys() if path.startswith("../"))
    changed = [path for path in outside if before.get(path) != after.get(path)]
    if not changed:
        return UNDO
    known, new = (" ".join(p for p in changed if (p in before) is is_known) for is_known in (True, False))
    remove = [f"git rm -fq --ignore-unmatch {new}"] if new else []
    return " && ".join([f"{RESTORE} {known}".rstrip(), *remove, f"{CLEAN} . {new}".rstrip()])


def next_steps(conflicts: Mapping[str, list[str]], to_undo: str) -> Iterator[str]:
    """Return the lines about what to do now; `to_undo` is the command that undoes the update."""
    yield ""
    if conflicts:
        yield "Edit the files in conflict, then `git add` them. `git diff --cached` shows everything else."
    else:
        yield "No conflicts. Look at `git diff --cached`, run `uv run pytest`, and commit."
    yield f"To undo the update:\n    {to_undo}"
