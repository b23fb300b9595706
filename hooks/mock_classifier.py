"""Says what the mocks of a suite stand in for, and which to replace first: `phasework check mock_classifier`."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from . import mock_uses
from .check import Check, Finding
from .mock_kinds import Classifier
from .mock_uses import MockUse
from .mock_words import Kind
from .page import Cell, count, to_html
from .project import Project
from .reach import Node, Reach

NAME = "mock_classifier"
SHOWN = 20

INSTEAD = {
    Kind.EXTERNAL: "Use a local server, or a double of the library that makes the calls: respx, responses, moto.",
    Kind.DATABASE: "Use a real session whose transaction is rolled back after each test, and fakeredis for Redis.",
    Kind.QUEUE: "Run the task itself with task.apply(), or use a broker in memory.",
    Kind.FILES: "Use real files in tmp_path.",
    Kind.TIME: "Use time-machine, or a clock that the code gets as an argument.",
    Kind.SETTINGS: "Use monkeypatch.setenv, or settings that the test builds.",
    Kind.MODEL: "Use a tiny model that is loaded once, or a double behind a protocol of your own.",
    Kind.SERVICE: "Use the real function or class; where it is too slow, a mock with its spec (create_autospec).",
    Kind.UNIT: "Split the code and test both parts, so that the test calls the real one.",
    Kind.OTHER: "Use the real object; for a callback, the append method of a list.",
}
"""What to do about a mock of each kind."""

STAND_INS = {"freezegun", "time-machine", "respx", "responses", "requests-mock", "pytest-httpx", "moto", "fakeredis"}
"""Libraries that are what INSTEAD recommends."""

VARIABLES = {"setenv", "delenv", "chdir"}


@dataclass(frozen=True, slots=True)
class Classified:
    """A mock, what it stands in for, and the tests that it takes part in."""

    path: str
    use: MockUse
    kind: Kind
    reason: str
    tests: frozenset[Node]

    @property
    def is_to_replace(self) -> bool:
        """Return whether the mock is not yet what is recommended for its kind."""
        use = self.use
        return not (use.library in STAND_INS or use.call in VARIABLES or use.target.startswith("os.environ"))


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of mocks to replace, after those of the steps before."""

    kind: Kind
    mocks: int
    tests: int
    """How many tests use mocks of this kind."""
    cleared: int
    """How many tests have no mock left after this step."""

    def __str__(self) -> str:
        mocks, tests, cleared = count(self.mocks, "mock"), count(self.tests, "test"), count(self.cleared, "test")
        return f"{self.kind}: {mocks} in {tests}. {cleared} without a mock after it."


def classify(project: Project) -> list[Classified]:
    """Return the mocks of the checked files."""
    found = list(project.read(mock_uses.scan, project.checked))
    reach = Reach(project, {*filter(project.is_test, project.files), *(path for path, _ in found)})
    classifier = Classifier(project)
    return [
        Classified(path, use, *classifier.kind_of(path, uses, position), reach.tests_of(path, use.owner))
        for path, uses in found
        for position, use in enumerate(uses)
    ]


def plan(found: Sequence[Classified]) -> list[Step]:
    """Return the kinds in the order that clears the most tests first."""
    kinds: dict[Node, set[Kind]] = defaultdict(set)
    for each in found:
        for test in each.tests if each.is_to_replace else ():
            kinds[test].add(each.kind)
    mocks = Counter(each.kind for each in found if each.is_to_replace)
    left, steps = set(mocks) - {Kind.UNKNOWN}, list[Step]()
    while left:
        cleared = Counter(next(iter(known)) for known in kinds.values() if len(known) == 1)
        kind = max(sorted(left), key=lambda kind: (cleared[kind], mocks[kind]))
        tests = sum(kind in known for known in kinds.values())
        steps.append(Step(kind, mocks[kind], tests, cleared[kind]))
        kinds = {test: known - {kind} for test, known in kinds.items() if known != {kind}}
        left.discard(kind)
    return steps


def run(project: Project) -> Iterator[Finding]:
    """Yield the kind of each mock, as a note."""
    for each in classify(project) if project.option("all") else ():
        use = each.use
        what = use.target or use.bound or use.call
        data: dict[str, Any] = {"kind": str(each.kind), "reason": each.reason, "target": use.target, "call": use.call}
        yield Finding(
            each.path,
            use.line,
            use.column,
            f"{what} is a mock of kind {each.kind}: {each.reason}.",
            INSTEAD.get(each.kind, "") if each.is_to_replace else "",
            "note",
            verdict=str(each.kind),
            key=f"{use.owner}:{use.call}:{use.target or use.bound}",
            end_line=use.end_line,
            data=data | {"tests": ["::".join((path, *name.split("."))) for path, name in sorted(each.tests)]},
        )


def close(project: Project, _: Sequence[Finding]) -> str:
    """Return the number of mocks of each kind and module, and the plan."""
    found = classify(project)
    modules = by_module(found)
    lines = [f"{path}: {describe(kinds)}" for path, kinds in modules[:SHOWN]]
    if len(modules) > SHOWN:
        lines.append(f"... and {len(modules) - SHOWN} more modules: see --format=html.")
    lines += [f"All: {describe(Counter(each.kind for each in found))}", ""] if found else ["There are no mocks."]
    for number, step in enumerate(plan(found), 1):
        lines += [f"{number}. {step}", f"   {INSTEAD[step.kind]}"]
    return "\n".join(lines)


def by_module(found: Sequence[Classified]) -> list[tuple[str, Counter[Kind]]]:
    """Return the number of mocks of each kind for each module, the modules with the most mocks first."""
    modules: dict[str, Counter[Kind]] = defaultdict(Counter)
    for each in found:
        modules[each.path][each.kind] += 1
    return sorted(modules.items(), key=lambda item: (-item[1].total(), item[0]))


def describe(kinds: Counter[Kind]) -> str:
    """Return numbers with their kinds."""
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())


def to_page(project: Project, _: Sequence[Finding]) -> str:
    """Return a page with the kinds of all modules and the plan."""
    found = classify(project)
    lines = (f"{step} {INSTEAD[step.kind]}" for step in plan(found))
    rows: Iterator[list[Cell]] = (
        [path, *(kinds[kind] for kind in Kind), kinds.total()] for path, kinds in by_module(found)
    )
    return to_html("What the mocks of this suite stand in for", lines, ["Module", *Kind, "All"], rows)


CHECK = Check(
    name=NAME,
    summary="What the mocks of a suite stand in for, and which of them to replace first.",
    run=run,
    formats={"html": to_page},
    close=close,
)
