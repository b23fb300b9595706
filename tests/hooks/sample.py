"""A check for the tests of the framework: it finds calls of `bad` and reports calls of `odd`."""

import ast
from collections.abc import Iterator, Sequence
from itertools import chain

from hooks.check import Check, Finding, Place, place
from hooks.project import Project
from hooks.source import Source

Calls = list[tuple[str, Place]]


def scan(source: Source) -> Calls | None:
    """Return the calls of names in a file."""
    if b"(" not in source.data:
        return None
    calls = (node for node in source.nodes if isinstance(node, ast.Call))
    return [(node.func.id, place(node)) for node in calls if isinstance(node.func, ast.Name)]


def run(project: Project) -> Iterator[Finding]:
    """Yield a finding for each call."""
    for name, (path, (line, column, end_line)) in chain.from_iterable(
        ((name, (path, where)) for name, where in calls) for path, calls in project.read(scan, project.checked)
    ):
        if name == project.settings(CHECK)["bad"]:
            yield Finding(path, line, column, f"{name} is bad.", "Leave it out.", end_line=end_line, verdict="bad")
        elif name == "odd":
            yield Finding(path, line, column, f"{name} is odd: 100 %.", level="note", data={"name": name})


def to_count(_: Project, findings: Sequence[Finding]) -> str:
    """Return the number of findings."""
    return f"{len(findings)}\n"


def close(project: Project, findings: Sequence[Finding]) -> str:
    """Return a summary if it is asked for."""
    return f"{len(findings)} calls." if project.option("count") else ""


CHECK = Check(
    name="sample",
    summary="Finds bad calls.",
    run=run,
    blocks=True,
    scans=lambda _project, _path: (scan,),
    settings={"bad": "bad", "names": []},
    options={"count": "Print the number of calls.", "label=TEXT": "Is not used."},
    formats={"count": to_count},
    close=close,
)
