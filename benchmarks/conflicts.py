"""Which ordinary edits of a team are in conflict with which changes of the template: `python -m benchmarks.conflicts`.

It writes the table of docs/reference/conflicts.md.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.support.edits import CHANGES, EDITS
from tests.support.services import ROOT
from tests.support.updates import FIRST, LivingService, Versions, make_versions, scripts

PAGE = ROOT / "docs" / "reference" / "conflicts.md"
BEGIN = "<!-- conflicts: written by `python -m benchmarks.conflicts` -->"
END = "<!-- end of conflicts -->"
ALL = "all at once"

Table = dict[str, dict[str, list[str]]]
"""The files in conflict, by what the template changed and by what the team edited."""


def count_conflicts(folder: Path) -> Table:
    """Merge each change of the template, and all at once, with each edit of a team, and with all at once."""
    versions = make_versions(folder / "template")
    service = versions.write(folder / "service", {})
    repository = scripts("git").Repository(service.folder)
    base = repository.store(write(versions, FIRST, folder / "base"))
    edits = {edit: [change] for edit, change in EDITS.items()} | {ALL: list(EDITS.values())}
    ours = {edit: repository.store(work(service, folder / "edits" / edit, changes)) for edit, changes in edits.items()}
    table: Table = {}
    changes = {change: [files] for change, files in CHANGES.items()} | {ALL: list(CHANGES.values())}
    for number, (change, several) in enumerate(changes.items()):
        versions.release(f"v0.2.{number}", *several)
        new = repository.store(write(versions, f"v0.2.{number}", folder / "versions" / change))
        table[change] = {edit: conflicts_of(repository, base, tree, new) for edit, tree in ours.items()}
    return table


def conflicts_of(repository: object, base: object, ours: object, new: object) -> list[str]:
    """Return the files in conflict."""
    plan = scripts("merge").plan_update(base, ours, new, {})
    assert plan.merges or plan.changed or plan.written, "the template changed nothing"
    labels = ("yours", "before", "after")
    merge = scripts("update").merge_file
    return [path for path, files in plan.merges.items() if merge(repository, path, files, labels)[1]]


def write(versions: Versions, version: str, folder: Path) -> Path:
    """Write the service of a version, and return its folder."""
    versions.write(folder, {}, version)
    shutil.rmtree(folder / ".git")
    return folder


def work(service: LivingService, folder: Path, edits: Iterable[Callable[[LivingService], None]]) -> Path:
    """Edit a copy of a service, and return its folder."""
    copy = service.copy(folder)
    shutil.rmtree(folder / ".git")
    for edit in edits:
        edit(copy)
    return folder


def write_table(table: Table) -> str:
    """Return the table in Markdown: a row for each change of the template, and the numbers of files in conflict."""
    edits = list(next(iter(table.values())))
    rows = [["the template changed", *edits], ["---"] * (len(edits) + 1)]
    rows += [[change, *(str(len(found[edit])) for edit in edits)] for change, found in table.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Write the table to its page."""
    with tempfile.TemporaryDirectory(prefix="phasework-conflicts-") as folder:
        table = count_conflicts(Path(folder))
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{write_table(table)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
