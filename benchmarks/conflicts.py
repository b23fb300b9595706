"""Which ordinary edits are in conflict with which changes of the template: `python -m benchmarks.conflicts`.

It prints the table in docs/reference/conflicts.md.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.edits import CHANGES, EDITS
from tests.support.updates import FIRST, LivingService, Versions, make_versions, scripts

Conflicts = dict[tuple[str, str], list[str]]


def find_conflicts(folder: Path) -> Conflicts:
    """Return the files in conflict for each edit of a team, or all of them, and each change of the template, or all of them."""
    versions = make_versions(folder / "template")
    service = versions.write(folder / "service", {})
    repository = scripts("git").Repository(service.folder)
    base = repository.store(write(versions, folder / "base", FIRST))
    teams = {
        edit: repository.store(work(service, folder / "edits" / str(n), [change]))
        for n, (edit, change) in enumerate(EDITS.items())
    }
    teams["all of them"] = repository.store(work(service, folder / "edits" / "all", list(EDITS.values())))
    for n, changes in enumerate(CHANGES.values()):
        versions.release(f"v0.2.{n}", changes)
    found = {}
    for n, change in enumerate(CHANGES):
        new = repository.store(write(versions, folder / "versions" / str(n), f"v0.2.{n}"))
        for edit, ours in teams.items():
            plan = scripts("merge").plan_update(base, ours, new, {})
            merged = {
                path: scripts("update").merge_file(repository, path, files, ("a", "b", "c"))[1]
                for path, files in plan.merges.items()
            }
            found[edit, change] = [path for path, lines in merged.items() if lines]
    return found


def write(versions: Versions, folder: Path, version: str) -> Path:
    """Write the service of a version."""
    service = versions.write(folder, {}, version)
    import shutil

    shutil.rmtree(folder / ".git")
    return service.folder


def work(service: LivingService, folder: Path, edits: list[Callable[[LivingService], None]]) -> Path:
    edited = service.copy(folder)
    import shutil

    shutil.rmtree(folder / ".git")
    for edit in edits:
        edit(edited)
    return folder


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for key, paths in find_conflicts(Path(folder)).items():
            if paths:
                print(key, paths)
