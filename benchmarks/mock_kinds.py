"""Compare the kinds that the rules find with labels made by hand: `python -m benchmarks.mock_kinds FOLDER`.

FOLDER has a checkout of each code base in mock_kinds.csv, in a folder with its name, at the commit in the table.
docs/decisions/0061-mocks.md says how the mocks were drawn and labelled.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from hooks import mock_uses
from hooks.mock_kinds import Classifier
from hooks.project import Project

LABELS = Path(__file__).with_suffix(".csv")


class Site(NamedTuple):
    """A mock with its label."""

    repository: str
    commit: str
    path: str
    line: str
    column: str
    label: str


def main() -> None:
    """Print the accuracy, for each kind and for all, and each mock of which the rules say something else."""
    rows = list(csv.reader(LABELS.read_text(encoding="utf-8").splitlines()))[1:]
    judged = list(judge(Path(sys.argv[1]), [Site(*row) for row in rows]))
    for site, found, reason in judged:
        if found != site.label:
            print(f"{site.repository} {site.path}:{site.line} is {site.label}, not {found}: {reason}")
    labels, right = (
        Counter(site.label for site, *_ in judged),
        Counter(site.label for site, found, _ in judged if found == site.label),
    )
    answers = Counter(found for _, found, _ in judged)
    print(f"{'kind':16} {'labels':>7} {'found':>7} {'right':>7} {'recall':>7} {'precision':>9}")
    for kind, count in labels.most_common():
        print(
            f"{kind:16} {count:7} {answers[kind]:7} {right[kind]:7} {right[kind] / count:7.0%} {right[kind] / (answers[kind] or 1):9.0%}"
        )
    print(f"{'all':16} {len(judged):7} {len(judged):7} {right.total():7} {right.total() / len(judged):7.1%}")


def judge(folder: Path, sites: list[Site]) -> Iterator[tuple[Site, str, str]]:
    """Yield the sites with the kind that the rules find, and the reason."""
    for repository, group in groupby(sites, key=lambda site: site.repository):
        project = Project.open(folder / repository.partition("/")[2])
        classifier = Classifier(project)
        for site in group:
            uses = project.fact(mock_uses.scan, site.path)
            place = int(site.line), int(site.column)
            position = next(n for n, use in enumerate(uses) if (use.line, use.column) == place)
            kind, reason = classifier.kind_of(site.path, uses, position)
            yield site, str(kind), reason


if __name__ == "__main__":
    main()
