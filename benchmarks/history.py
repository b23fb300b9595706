"""Compare updates with `git merge` of the same trees: `python -m benchmarks.history`, which takes some minutes.

The result is written to docs/reference/conflicts.md. The services, the team and the merges are those of tests/support/lab.py.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.support.in_process import compiled_once
from tests.support.lab import EARLIER, NEWEST, ROUTES, Route, travel
from tests.support.updates import ServiceCache, clone_history

from .conflicts import write_section

NAME = "history"
COLUMNS = ("conflicts", "lost lines", "files that cannot be read", "lost tests")

Row = tuple[str, int, list[tuple[int, int]]]
"""A form and an earlier version; the number of updates; each column for `phasework update` and for `git merge`."""


def compare(folder: Path) -> list[Row]:
    """Update all services, and return what they lose by route."""
    services = ServiceCache(clone_history(folder / "template", EARLIER, NEWEST), folder / "services")
    with compiled_once():
        return [compare_route(services, route, folder / f"route-{number}") for number, route in enumerate(ROUTES)]


def compare_route(services: ServiceCache, route: Route, folder: Path) -> Row:
    """Return the row of a route: the sums of its updates."""
    counts = [(step.updated.counts, step.by_git.counts) for step in travel(services, route, folder)]
    updated, by_git = (map(sum, zip(*side, strict=True)) for side in zip(*counts, strict=True))
    return str(route), len(counts), list(zip(updated, by_git, strict=True))


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [f"| service | updates | {' | '.join(COLUMNS)} |", f"|---|---|{'---|' * len(COLUMNS)}"]
    lines += [
        f"| {name} | {number} | {' | '.join(f'{ours} / {by_git}' for ours, by_git in cells)} |"
        for name, number, cells in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Write the table to its page."""
    with tempfile.TemporaryDirectory(prefix="phasework-history-") as folder:
        write_section(NAME, table(compare(Path(folder))))


if __name__ == "__main__":
    main()
