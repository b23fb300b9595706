"""Says what an update did to the files of a service, in the terminal and for a pull request."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from .git import Tree
from .merge import Update
from .style import FORMATTED

FEW = 10
"""As many files as a summary names one by one."""
RESTORE = "git restore --source=HEAD --staged --worktree ."
CLEAN = "git clean -fd"
UNDO = f"{RESTORE} && {CLEAN}"

Row = tuple[str, str, str]
"""A file, and what is said about it: a separator and a text."""


def summarize(update: Update) -> Iterator[str]:
    """Return the lines about the files."""
    yield f"  {counts(update)}"
    kinds = {"added": update.written, "changed": update.changed, "deleted": update.deleted}
    if sum(map(len, kinds.values())) <= FEW:
        yield from (f"    {kind:8}{path}" for kind, paths in kinds.items() for path in sorted(paths))
    for title, rows in sections(update):
        yield f"{title}:"
        yield from (f"  {''.join(row)}" for row in rows)
    yield from notes(update)


def to_markdown(update: Update, headline: str, changes: str) -> str:
    """Return the summary as Markdown: the files in conflict first, the changelog last."""
    parts = [f"## {headline}", counts(update), *notes(update)]
    for title, rows in reversed([*sections(update)]):
        parts.append(f"### {title[0].upper()}{title[1:]}")
        parts.append("\n".join(f"- {as_code(path)}{separator}{text}" for path, separator, text in rows))
    parts += [f"```\n{update.left}\n```"] if update.left else []
    parts += [changes] if changes else []
    return "\n\n".join(parts) + "\n"


def as_code(path: str) -> str:
    """Return a path as code in Markdown."""
    return f"`` {path} ``" if "`" in path else f"`{path}`"


def counts(update: Update) -> str:
    """Return how many files of the template the update replaced as they were."""
    numbers = f"{len(update.written)} added, {len(update.changed)} changed, {len(update.deleted)} deleted"
    return f"Files that you had not touched: {numbers}"


def sections(update: Update) -> Iterator[tuple[str, list[Row]]]:
    """Return the kinds of files that the team should know of, each with its files; the most important comes last."""
    merged = [(path, "", "") for path in update.merges if path not in update.conflicts]
    for title, rows in (
        ("moved", rows_of(update.moved, " -> ")),
        ("merged with your changes", merged),
        ("owned by the template and replaced; your version is kept", rows_of(update.replaced, " -> ")),
        ("no longer part of the service; your version is kept", rows_of(update.kept, " -> ")),
        (
            "changed by the template; you had deleted them, so they stay deleted",
            [(path, "", "") for path in update.skipped],
        ),
        ("migrations that follow yours", rows_of(update.continued, ", after ")),
        ("in CONFLICT at these lines", [(path, ": ", ", ".join(lines)) for path, lines in update.conflicts.items()]),
    ):
        if rows:
            yield title, sorted(rows)


def rows_of(texts: Mapping[str, str], separator: str) -> list[Row]:
    """Return the rows of files with a text for each."""
    return [(path, separator, text) for path, text in texts.items()]


def notes(update: Update) -> Iterator[str]:
    """Return what the team should know of besides the files."""
    if update.tables:
        yield (
            f"The tables of {', '.join(update.tables)} have changed or were removed. Existing migrations stay as they are, "
            'because databases have run them. Write the next migration: see "Change the tables" in README.md.'
        )
    if update.unformatted and any(path.endswith(FORMATTED) for path in [*update.conflicts, *update.kept]):
        yield (
            "Python and Markdown files that are in conflict or kept may differ from the template's only in their format, because those "
            f"could not be formatted like yours: {update.unformatted}."
        )


def headline(update: Update, before: str, after: str, *, pretend: bool) -> str:
    """Return the first line: the versions and modules that change."""
    changes = [f"The template's {before} -> {after}"] if before != after else []
    for verb, names in (("Added", update.added), ("Removed", update.removed)):
        if names:
            changes.append(f"{verb} {', '.join(names)}")
    text = "; ".join(changes) or f"Changed answers, at the template's {after}"
    return f"{text}{' (nothing is written)' if pretend else ''}"


def indented(changes: str) -> Iterator[str]:
    """Return the lines of the changelog as a block of its own."""
    if changes:
        yield f"\n{textwrap.indent(changes, '  ')}\n"


def few(names: Sequence[str], most: int = FEW) -> str:
    """Return the names in a sentence; many are cut."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def undo(before: Tree, after: Tree) -> str:
    """Return the command that undoes an update: also outside of the service's folder, whose paths begin with `../`."""
    outside = sorted(path for path in before.keys() | after.keys() if path.startswith("../"))
    changed = [path for path in outside if before.get(path) != after.get(path)]
    if not changed:
        return UNDO
    known, new = (" ".join(p for p in changed if (p in before) is is_known) for is_known in (True, False))
    remove = [f"git rm -fq --ignore-unmatch {new}"] if new else []
    return " && ".join([f"{RESTORE} {known}".rstrip(), *remove, f"{CLEAN} . {new}".rstrip()])


def next_steps(update: Update, to_undo: str, *, lock: bool) -> Iterator[str]:
    """Return the lines about what to do now.

    `to_undo` is the command that undoes the update, and `lock` is whether the lock file no longer fits.
    """
    yield ""
    if update.conflicts:
        yield "Edit the files in conflict, then `git add` them. `git diff --cached` shows everything else."
    for folder in sorted({place.split("/")[0] for place in [*update.kept.values(), *update.replaced.values()]}):
        yield f"Take what you need from `{folder}/`, and delete it: the hooks do not let you commit it."
    if lock:
        yield "The dependencies have changed: run `uv lock` and `git add uv.lock`."
    if not update.conflicts:
        yield "No conflicts. Look at `git diff --cached`, run `uv run pytest`, and commit."
    yield f"To undo the update:\n    {to_undo}"
