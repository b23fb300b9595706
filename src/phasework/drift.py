"""Finds where a service differs from what the template writes for its recorded answers and version."""

import posixpath
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .answers import find_answers_file, read_answers
from .git import Repository, Tree
from .merge import REVISION, move
from .root_files import place_at_root
from .style import CannotFormat, format_like_ours
from .updates import render_recorded


@dataclass(frozen=True, slots=True)
class Difference:
    """A file of the template that the service has in another form, at another place, or not at all."""

    path: str
    now: str | None
    """Its path in the service, or None if the service does not have it."""
    changed: bool
    """Whether its content or mode differs; false for a file that was only moved."""

    @property
    def kind(self) -> str:
        """`deleted`, `moved`, or `changed`, which includes files that were also moved."""
        if self.now is None:
            return "deleted"
        return "changed" if self.changed else "moved"


@dataclass(frozen=True, slots=True)
class Drift:
    """What a comparison has found."""

    version: str
    """The version of the template that the service has."""
    files: int
    """The number of files that were compared."""
    differences: list[Difference]
    patch: bytes
    """The differences in git's format for patches, with paths from the root of the repository."""
    unformatted: str
    """Why the files could not be compared in the team's format, or an empty text."""


def find_drift(root: Path, paths: Sequence[str]) -> Drift:
    """Compare the files of the service in `root`, as they are in its folder now, with the template's.

    `paths` are files and folders of the service; without any, all files are compared. Files that only the team has are
    not compared, nor are the answers, and migrations, which stay as they are when the template's change. Exit with a
    sentence, or raise `GitError`, if the comparison is not possible.
    """
    file = find_answers_file(root)
    answers = read_answers(file)
    repository = Repository(root)
    with tempfile.TemporaryDirectory(prefix="phasework-diff-") as folder:
        written = Path(folder, "written")
        render_recorded(answers, written, answers_file=file.name)
        tree = place_at_root(repository.store(written), answers, "../" * len(Path(repository.prefix).parts))
    template = {path: entry for path, entry in tree.items() if path != file.name and not REVISION.fullmatch(path)}
    ours = repository.read_work_tree(path for path in template if path.startswith("../"))
    moves = repository.find_renames(template, ours)
    chosen = choose(template, paths)
    placed, unformatted = format_template(repository, move(chosen, moves), ours)
    differences = [
        Difference(path, now if now in ours else None, changed=placed[now] != ours.get(now))
        for path in sorted(chosen)
        if (now := moves.get(path, path)) != path or placed[now] != ours.get(now)
    ]
    before = {path: placed[moves.get(path, path)] for path in chosen}
    after = {now: ours[now] for path in chosen if (now := moves.get(path, path)) in ours}
    return Drift(answers["_commit"], len(chosen), differences, repository.patch(before, after), unformatted)


def choose(tree: Tree, paths: Sequence[str]) -> Tree:
    """Return the files of `paths`, which may be folders; exit if the template writes nothing there."""
    chosen: Tree = {}
    for path in map(posixpath.normpath, paths or ["."]):
        found = {name: tree[name] for name in tree if path in (".", name) or name.startswith(f"{path}/")}
        if not found:
            raise SystemExit(f"{path}: the template writes no such file or folder into this service.")
        chosen |= found
    return chosen


def format_template(repository: Repository, template: Tree, ours: Tree) -> tuple[Tree, str]:
    """Return the template's files in the format of the team, and why that was not possible, or an empty text."""
    try:
        return format_like_ours(repository, template, ours, template, {})[0], ""
    except CannotFormat as reason:
        return template, str(reason)


def to_lines(drift: Drift) -> Iterator[str]:
    """Return the lines of a report."""
    written = f"what {drift.version} of the template writes for the recorded answers"
    if not drift.differences:
        yield f"No file differs from {written} ({drift.files} compared)."
        return
    yield f"{len(drift.differences)} of {drift.files} files differ from {written}:"
    for difference in drift.differences:
        place = f" -> {difference.now}" if difference.now not in (None, difference.path) else ""
        yield f"  {difference.kind:8}{difference.path}{place}"
    if drift.unformatted:
        yield f"Some may differ only in their format, because the template's could not be formatted like yours: {drift.unformatted}."
    yield "`phasework diff --format patch` shows the lines."
