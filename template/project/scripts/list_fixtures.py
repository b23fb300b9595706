"""Writes the catalogue of fixtures in docs/testing.md: `python -m scripts.list_fixtures`."""

import sys
from pathlib import Path

from .fixture_files import Fixture, find_conftest_files, find_fixture_files, read_fixtures

ROOT = Path(__file__).parents[1]
DOCUMENT = Path("docs", "testing.md")
BEGIN = "<!-- fixtures: written by `python -m scripts.list_fixtures` -->"
END = "<!-- end of the fixtures -->"
HEAD = ("", "| fixture | scope | what it gives |", "|---|---|---|")


def describe(fixture: Fixture) -> str:
    """Return the row of a fixture."""
    summary = fixture.summary.replace("|", r"\|")
    return f"| `{fixture.name}` | {fixture.scope} | {summary} |"


def list_fixtures(root: Path) -> str:
    """Return the tables of the fixtures of a service, one for each file."""
    tables = []
    tests = root / "tests"
    for file in [*find_fixture_files(tests), *find_conftest_files(tests)]:
        rows = [describe(fixture) for fixture in read_fixtures(file)]
        tables.append("\n".join([f"### `{file.relative_to(root).as_posix()}`", *HEAD, *rows]))
    return "\n\n".join(tables)


def read_documented(root: Path) -> str:
    """Return the tables that stand in the document; exit where it has no place for them."""
    _, begin, rest = (root / DOCUMENT).read_text(encoding="utf-8").partition(BEGIN)
    documented, end, _ = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{DOCUMENT.as_posix()} has no place for fixtures: write a line {BEGIN} and after it a line {END}")
    return documented.strip("\n")


def main(root: Path = ROOT) -> None:
    """Write the tables between their two marks in the document."""
    document, tables = root / DOCUMENT, list_fixtures(root)
    documented = read_documented(root)
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    document.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}", encoding="utf-8", newline="\n")
    changed = "is current" if documented == tables else "was written"
    print(f"The catalogue of fixtures in {DOCUMENT.as_posix()} {changed}.")


if __name__ == "__main__":
    main()
