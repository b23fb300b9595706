"""Compare the kinds that the rules find with labels made by hand: `python -m benchmarks.mock_kinds FOLDER [SET]`.

FOLDER has a checkout of each code base in mock_kinds.csv, in a folder with its name in small letters, at the commit in the
table. docs/decisions/0061-mocks.md says how the mocks of each set were drawn and labelled.
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
from hooks.mock_words import Kind
from hooks.project import Project

LABELS = Path(__file__).with_suffix(".csv")
NEWEST = "5"


class Site(NamedTuple):
    """A mock with its label."""

    drawn: str
    """The set that it belongs to."""
    repository: str
    commit: str
    path: str
    line: str
    column: str
    label: str


def main() -> None:
    """Print each mock of which the rules say something else, then the accuracy for each kind and for all."""
    folder, chosen = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else NEWEST
    rows = list(csv.reader(LABELS.read_text(encoding="utf-8").splitlines()))[1:]
    answers = list(judge(folder, [Site(*row) for row in rows if row[0] == chosen]))
    for site, found, reason in answers:
        if found != site.label:
            print(f"{site.repository} {site.path}:{site.line} is {site.label}, not {found}: {reason}")
    labels = Counter(site.label for site, *_ in answers)
    found_kinds = Counter(found for _, found, _ in answers)
    right = Counter(found for site, found, _ in answers if found == site.label)
    print(f"{'kind':16} labels answers right precision recall")
    for kind, count in labels.most_common():
        precision = f"{right[kind] / found_kinds[kind]:.0%}" if found_kinds[kind] else "-"
        print(f"{kind:16} {count:6} {found_kinds[kind]:7} {right[kind]:5} {precision:>9} {right[kind] / count:6.0%}")
    answered = len(answers) - found_kinds[Kind.UNKNOWN]
    print(
        f"{'all':16} {len(answers):6} {answered:7} {right.total():5} {right.total() / answered:9.1%} {right.total() / len(answers):6.1%}"
    )


def judge(folder: Path, sites: list[Site]) -> Iterator[tuple[Site, str, str]]:
    """Yield the sites with the kind that the rules find, and the reason."""
    for repository, group in groupby(sites, key=lambda site: site.repository):
        project = Project.open(find(folder, repository.partition("/")[2]))
        classifier = Classifier(project)
        for site in group:
            uses = project.fact(mock_uses.scan, site.path)
            place = int(site.line), int(site.column)
            position = next(n for n, use in enumerate(uses) if (use.line, use.column) == place)
            kind, reason = classifier.kind_of(site.path, uses, position)
            yield site, str(kind), reason


def find(folder: Path, name: str) -> Path:
    """Return the checkout of a code base, whatever the case of its letters."""
    return next(checkout for checkout in sorted(folder.iterdir()) if checkout.name.lower() == name.lower())


if __name__ == "__main__":
    main()
