"""Finds what tests replace, and refuses it where a path forbids mocks: `phasework check mock_detector`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import mock_uses, parts
from .check import Check, Finding
from .mock_libraries import CREATORS
from .mock_uses import MockUse
from .page import count, to_html
from .project import Project, matches
from .reach import Node, Reach, reachable

NAME = "mock_detector"
MAKES_MOCKS = {"unittest.mock", "pytest-mock"}
FORBIDDEN = MAKES_MOCKS | {"monkeypatch"}
VALUES_ONLY = {"setenv", "delenv", "chdir", "syspath_prepend", "setitem", "delitem"}
"""Calls that set variables, entries and folders, and replace no code."""

INSTEAD = "Use the real thing here, such as a server on 127.0.0.1, or write a unit test."


@dataclass(frozen=True, slots=True)
class Located:
    """Where something is replaced, and the tests that it takes part in."""

    path: str
    use: MockUse
    tests: tuple[Node, ...] = ()


def run(project: Project) -> Iterator[Finding]:
    """Yield the mocks in paths that forbid them and, if asked for, all others."""
    forbidden = {path: folder for path in project.checked if (folder := forbidding(project, path))}
    for path, uses in project.read(mock_uses.scan, forbidden):
        for use in filter(replaces_code, uses):
            message = f"{describe(use)} in {forbidden[path]}, where mocks are forbidden."
            yield finding(Located(path, use), message, level="error", hint=INSTEAD)
    yield from mocks_of_helpers(project, forbidden)
    if project.option("all"):
        for found in inventory(project):
            if found.path not in forbidden or not replaces_code(found.use):
                yield finding(
                    found, f"{describe(found.use).rstrip(',')}; {count(len(found.tests), 'test')}.", level="note"
                )


def forbidding(project: Project, path: str) -> str:
    """Return the folder of the settings that forbids mocks in a file, or an empty text."""
    folders = project.settings(CHECK)["forbidden"]
    return next((folder for folder in folders if f"/{folder.strip('/')}/" in f"/{path}" or matches(path, folder)), "")


def replaces_code(use: MockUse) -> bool:
    """Return whether a test replaces code by this, and not only a variable, a constant or the answers of a server."""
    sets_value = use.call in VALUES_ONLY or use.value == "constant" or use.target.startswith("os.environ")
    return use.library in FORBIDDEN and not sets_value


def mocks_of_helpers(project: Project, forbidden: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the tests and fixtures in forbidden paths that get a mock from a fixture or a function elsewhere."""
    reach = Reach(project, filter(project.is_test, project.files))
    for path, folder in forbidden.items():
        for name, part in reach.outline(path).parts.items():
            if not (part.is_test or part.fixture):
                continue
            for helper in sorted(reachable((path, name), reach.named_by)):
                if helper[0] not in forbidden and (use := mock_made_in(project, helper)):
                    line, column, _end_line = part.place
                    message = f"{name} gets a mock from {helper[1]} ({helper[0]}:{use.line}) in {folder}, where mocks are forbidden."
                    yield Finding(
                        path, line, column, message, INSTEAD, "error", end_line=line, key=f"{name}:{helper[1]}"
                    )
                    break


def mock_made_in(project: Project, helper: Node) -> MockUse | None:
    """Return the first mock that a part of a file makes."""
    uses = project.fact(mock_uses.scan, helper[0]) or ()
    return next(
        (use for use in uses if use.owner == helper[1] and use.library in MAKES_MOCKS and replaces_code(use)), None
    )


def inventory(project: Project) -> list[Located]:
    """Return all that the checked files replace, each with its tests."""
    found = list(project.read(mock_uses.scan, project.checked))
    reach = Reach(project, {*filter(project.is_test, project.files), *(path for path, _ in found)})
    return [Located(path, use, tuple(sorted(reach.tests_of(path, use.owner)))) for path, uses in found for use in uses]


def finding(found: Located, message: str, **more: Any) -> Finding:
    """Return the finding for a use."""
    use = found.use
    key = f"{use.owner}:{use.library}:{use.call}:{use.target or use.bound}"
    return Finding(
        found.path, use.line, use.column, message, end_line=use.end_line, key=key, data=as_data(found), **more
    )


def as_data(found: Located) -> dict[str, Any]:
    """Return what programs read about a use."""
    use = found.use
    return {
        "library": use.library,
        "call": use.call,
        "target": use.target,
        "spec": use.spec,
        "owner": use.owner,
        "bound": use.bound,
        "tests": [f"{path}::{name.replace('.', '::')}" for path, name in found.tests],
    }


def describe(use: MockUse) -> str:
    """Return what is used, and what for."""
    name = f"{use.library}.{use.call}"
    without = ", without a spec," if use.spec is False else ""
    if use.target:
        verb = "has the spec of" if use.call in CREATORS and use.spec else "replaces"
        return f"{name} {verb} {use.target}{without}"
    return f"{name} stands for {use.bound}{without}" if use.bound else f"{name}{without}"


def summarise(found: Sequence[Located]) -> list[str]:
    """Return how many mocks there are, of which libraries, and in how many tests."""
    libraries = Counter(each.use.library for each in found)
    with_spec = Counter(each.use.spec for each in found)
    tests = {test for each in found for test in each.tests}
    files = {each.path for each in found}
    return [
        f"{count(len(found), 'replacement')} in {count(len(files), 'file')}; {count(len(tests), 'test')} use them.",
        f"Of {count(with_spec[True] + with_spec[False], 'mock')} that could have a spec, {with_spec[True]:,} have one.",
        *(f"{library}: {number:,}" for library, number in libraries.most_common()),
    ]


def close(project: Project, _: Sequence[Finding]) -> str:
    """Return the summary, if the command line names this check."""
    if NAME not in {name.replace("-", "_") for name in project.option("names") or ()}:
        return ""
    more = [] if project.option("all") else ["Add --all for all of them, or --format=html for a page with all of them."]
    return "\n".join([*summarise(inventory(project)), *more])


def to_page(project: Project, _: Sequence[Finding]) -> str:
    """Return a page with all mocks."""
    found = inventory(project)
    columns = ["Place", "Library", "Call", "Target", "Spec", "Forbidden", "Tests"]
    rows = (
        (
            f"{each.path}:{each.use.line}",
            each.use.library,
            each.use.call,
            each.use.target or each.use.bound,
            {True: "yes", False: "no", None: ""}[each.use.spec],
            forbidding(project, each.path) if replaces_code(each.use) else "",
            as_data(each)["tests"],
        )
        for each in found
    )
    return to_html("Mocks of this test suite", summarise(found), columns, rows)


CHECK = Check(
    name=NAME,
    summary="Mocks in folders that forbid them; --all reports every mock, its target, its spec and the tests with it.",
    run=run,
    blocks=True,
    scans=lambda project, path: (mock_uses.scan, parts.scan) if forbidding(project, path) else (),
    settings={"forbidden": ["tests/integration", "tests/e2e"]},
    formats={"html": to_page},
    close=close,
)
