"""How `import_validator` does on real code: `python -m benchmarks.checks_import_validator FOLDER`.

FOLDER has one folder for each code base, and a README whose lines begin with their names. The table and the findings are
printed as Markdown.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from hooks import imports
from hooks.check import Finding
from hooks.import_validator import CHECK
from hooks.project import Project

VERDICTS = {"missing": "does not exist", "tests": "imports tests", "cycle": "cycles", "contract": "contracts"}
MAX_LISTED = 2
"""Findings of one kind in one code base that are listed; the rest is counted."""
FALSE = {
    ("celery", "celery/app/task.py"): "the import is in a block that never runs",
}
"""The findings that reading the code showed to be wrong, with the reason. All others were read, too, and are right."""


def main(folder: Path) -> None:
    """Print the section about the code bases in a folder."""
    names = [
        line.split()[0] for line in (folder / "README").read_text(encoding="utf-8").splitlines()[1:] if line.strip()
    ]
    print(section({name: Project.open(folder / name, stored=True) for name in names if (folder / name).is_dir()}))


def section(projects: Mapping[str, Project]) -> str:
    """Return the tables of findings, and the first ones of each kind."""
    rows: list[list[object]] = []
    lines: list[str] = []
    total: Counter[str] = Counter()
    for name, project in projects.items():
        findings = list(CHECK.run(project))
        counts = Counter(finding.verdict for finding in findings)
        wrong = sum((name, finding.path) in FALSE for finding in findings)
        statements = sum(len(found) for _, found in project.read(imports.scan, project.files))
        rows.append([name, statements, *(counts[verdict] for verdict in VERDICTS), wrong])
        total.update(counts)
        total["wrong"] += wrong
        lines += list_findings(name, findings)
    found = sum(total[verdict] for verdict in VERDICTS)
    rows.append(["all", "", *(total[verdict] for verdict in VERDICTS), total["wrong"]])
    share = f"{(found - total['wrong']) / found:.1%} of {found:,} findings are right.\n" if found else ""
    head = ["code base", "imports", *VERDICTS.values(), "wrong"]
    return "\n".join([table(head, rows), share, "".join(lines)])


def list_findings(name: str, findings: list[Finding]) -> list[str]:
    """Return lines with the first findings of each kind, and how many more there are."""
    lines = []
    for verdict in VERDICTS:
        of_kind = [finding for finding in findings if finding.verdict == verdict]
        for finding in of_kind[:MAX_LISTED]:
            wrong = FALSE.get((name, finding.path))
            lines.append(
                f"- {name}: `{finding.path}`, line {finding.line}: {finding.message}"
                f"{f' *Wrong: {wrong}.*' if wrong else ''}\n"
            )
        if len(of_kind) > MAX_LISTED:
            lines.append(f"- {name}: {len(of_kind) - MAX_LISTED} more of this kind.\n")
    return lines


def table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
