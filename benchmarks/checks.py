"""Run the checks on real code bases: `python -m benchmarks.checks FOLDER [--write]`.

FOLDER has one folder for each code base, and a README with a line for each: its name, its repository and its commit.
The tables are printed, or written to docs/reference/checks.md.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import checks_celery_calls, checks_import_validator, checks_patch_targets
from benchmarks.checks_speed import CHECK, parse, run, time_of
from hooks.project import Project
from tests.support.services import ROOT

PAGE = ROOT / "docs" / "reference" / "checks.md"
MARK = "<!-- {name}: written by `python -m benchmarks.checks` -->"
END = "<!-- end of {name} -->"
SECTIONS: dict[str, Callable[[Mapping[str, Project]], str]] = {
    "patch_targets": checks_patch_targets.section,
    "celery_calls": checks_celery_calls.section,
    "import_validator": checks_import_validator.section,
}


def main(folder: Path, *options: str) -> None:
    """Print the tables, or write them to the page."""
    lines = [line.split()[:3] for line in (folder / "README").read_text(encoding="utf-8").splitlines()]
    bases = [line for line in lines if len(line) == 3 and (folder / line[0]).is_dir()]
    projects = {name: Project.open(folder / name) for name, _, _ in bases}
    sections = {"code bases": show_bases(bases, projects)} | {name: make(projects) for name, make in SECTIONS.items()}
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    for name, section in sections.items():
        begin, end = MARK.format(name=name), END.format(name=name)
        print(f"{name}\n\n{section}")
        text = replace_between(text, begin, end, section)
    if "--write" in options:
        PAGE.write_text(text, encoding="utf-8")


def replace_between(text: str, begin: str, end: str, new: str) -> str:
    """Return a text with a new part between two lines."""
    before, found, rest = text.partition(f"{begin}\n")
    return f"{before}{found}\n{new}\n{end}{rest.partition(end)[2]}" if found else text


def show_bases(bases: list[list[str]], projects: Mapping[str, Project]) -> str:
    """Return a table of the code bases: where they come from, how large they are, and how long the checks take."""
    rows: list[list[object]] = []
    sums = [0, 0.0, 0.0]
    for name, repository, commit in bases:
        root = projects[name].root
        parsing, checks = time_of(parse(root)), time_of(partial(run, [*CHECK, "--no-cache", "--root", str(root)]))
        found = [len(projects[name].files), parsing.processor, checks.processor]
        sums = [one + other for one, other in zip(sums, found, strict=True)]
        rows.append([name, f"[{repository}](https://github.com/{repository}), {commit[:10]}", *cells(*found)])
    rows.append(["all", "", *cells(*sums)])
    return table(["code base", "commit", "files", "`ast.parse`, s", "checks, s", "ratio"], rows)


def cells(files: float, parsing: float, checks: float) -> list[object]:
    """Return the cells about size and seconds of processors."""
    return [f"{files:,}", f"{parsing:.1f}", f"{checks:.1f}", f"{checks / parsing:.2f}"]


def table(head: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table; all columns but the first two are numbers if they look like it."""
    lines = [head, ["---"] * len(head), *([str(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
