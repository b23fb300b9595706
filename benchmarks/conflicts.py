"""Find conflicts between ordinary edits of a team and changes of the template: `python -m benchmarks.conflicts`.

The result is written to docs/reference/conflicts.md.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from phasework.git import Repository, Tree
from phasework.merge import plan_update
from phasework.merge_file import merge_file
from tests.support.edits import CHANGES, EDITS
from tests.support.services import ROOT
from tests.support.updates import FIRST, LivingService, Versions, make_versions, run_copy

PAGE = ROOT / "docs" / "reference" / "conflicts.md"
NAME = "conflicts"
ALL = "all at once"

Table = dict[str, dict[str, list[str]]]
"""The files in conflict, by change of the template and by edit of the team."""


def count_conflicts(folder: Path) -> Table:
    """Merge each change of the template with each edit of a team; also all changes and all edits at once."""
    versions = make_versions(folder / "template")
    service = versions.write(folder / "service", {})
    repository = Repository(service.folder)
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


def conflicts_of(repository: Repository, base: Tree, ours: Tree, new: Tree) -> list[str]:
    """Return the files in conflict."""
    plan = plan_update(base, ours, new, {})
    assert plan.merges or plan.changed or plan.written, "the template changed nothing"
    labels = ("yours", "before", "after")

    return [path for path, files in plan.merges.items() if merge_file(repository, path, files, labels)[1]]


def write(versions: Versions, version: str, folder: Path) -> Path:
    """Write the service of a version and return its folder."""
    run_copy(str(versions.folder), folder, {}, vcs_ref=version, defaults=True, quiet=True)
    return folder


def work(service: LivingService, folder: Path, edits: Iterable[Callable[[LivingService], None]]) -> Path:
    """Edit a copy of a service and return its folder."""
    copy = service.copy(folder)
    shutil.rmtree(folder / ".git")
    for edit in edits:
        edit(copy)
    return folder


def summarise(table: Table) -> str:
    """Return a sentence in Markdown, followed by a list of the conflicts, if there are any."""
    conflicts = [
        f"- {edit} / {change}: {', '.join(f'`{path}`' for path in files)}"
        for change, edits in table.items()
        for edit, files in edits.items()
        if files
    ]
    edits = next(iter(table.values())).keys() - {ALL}
    merges = f"{len(table) - 1} changes of the template and {len(edits)} edits of a team, in all pairs and all at once"
    return "\n".join([f"We merged {merges}: {len(conflicts) or 'none'} of the merges ended in a conflict.", *conflicts])


def split_page(name: str) -> tuple[str, str, str]:
    """Return the text before the section that a benchmark writes, the section, and the text after it."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(
        f"<!-- {name}: written by `python -m benchmarks.{name}` -->\n"
    )
    section, end, after = rest.partition(f"<!-- end of {name} -->")
    return before + begin, section.strip(), end + after


def write_section(name: str, text: str) -> None:
    """Write the section of a benchmark to the page."""
    before, _, after = split_page(name)
    PAGE.write_text(f"{before}\n{text}\n\n{after}", encoding="utf-8")


def main() -> None:
    """Write the result to its page."""
    with tempfile.TemporaryDirectory(prefix="phasework-conflicts-") as folder:
        write_section(NAME, summarise(count_conflicts(Path(folder))))


if __name__ == "__main__":
    main()
