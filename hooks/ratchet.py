"""Counts what may only become less, against numbers in a file: `phasework check ratchet`."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from . import assertions, mock_uses, ratchet_file, ruff, skips
from .check import Check, Finding
from .import_graph import cycle_edges
from .import_validator import commit_places
from .project import Project, warn
from .ratchet_file import FILE
from .ruff import NoAnswer

NAME = "ratchet"
MAX_LINES = 10

Places = Iterator[tuple[str, int]]
"""Files and lines."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Something that is counted."""

    name: str
    what: str
    """What the number counts, as a plural."""
    places: Callable[[Project], Places]


def mocks_without_spec(project: Project) -> Places:
    """Yield the places of mocks that accept any attribute."""
    for path, uses in project.read(mock_uses.scan, project.files):
        yield from ((path, use.line) for use in uses if use.spec is False)


def skipped_tests(project: Project) -> Places:
    """Yield the places that skip tests whatever the circumstances."""
    for path, lines in project.read(skips.scan, filter(project.is_test, project.files)):
        yield from ((path, line) for line in lines)


COUNTERS = (
    Counter("mocks_without_spec", "mocks without a spec", mocks_without_spec),
    Counter("tests_without_assertion", "tests without an assertion", assertions.places),
    Counter("broad_raises", "expectations of any exception (B017, PT011)", ruff.broad_raises),
    Counter("skipped_tests", "skipped tests", skipped_tests),
    Counter("commits_in_services", "commits in services", commit_places),
)


def count(project: Project, counter: Counter) -> dict[str, list[int]] | None:
    """Return the lines of each file, or None if nobody could count."""
    lines: dict[str, list[int]] = defaultdict(list)
    try:
        for path, line in counter.places(project):
            lines[path].append(line)
    except NoAnswer as reason:
        warn(f"{counter.name} was not counted: {reason}.")
        return None
    return dict(lines)


@cache
def compare(project: Project) -> list[tuple[Counter, dict[str, int] | None, dict[str, list[int]] | None]]:
    """Return the counters with the stored and the current numbers: without an update only those that are stored."""
    everything = project.option("update")
    known = ((counter, ratchet_file.counts(project, counter.name)) for counter in COUNTERS)
    return [(counter, stored, count(project, counter)) for counter, stored in known if everything or stored is not None]


def run(project: Project) -> Iterator[Finding]:
    """Yield the files in which a number is higher than the stored one, if the sum over all files is, too."""
    if project.option("update"):
        update(project)
    for counter, stored, found in compare(project):
        if stored is not None and found is not None and rose(stored, found):
            yield from explain(counter, stored, found)


def rose(stored: Mapping[str, int], found: Mapping[str, Sequence[int]]) -> bool:
    """Return whether there is more than the file allows. That a file was moved or renamed is no change."""
    return sum(map(len, found.values())) > sum(stored.values())


def explain(counter: Counter, stored: Mapping[str, int], found: Mapping[str, Sequence[int]]) -> Iterator[Finding]:
    """Yield a finding for each file with a higher number than before."""
    total, allowed = sum(map(len, found.values())), sum(stored.values())
    for path, lines in sorted(found.items()):
        before = stored.get(path, 0)
        if len(lines) <= before:
            continue
        message = f"{counter.what} rose from {allowed} to {total}: this file has {len(lines)}, before {before}."
        hint = f"In line {', '.join(map(str, lines[:MAX_LINES]))}{', ...' if len(lines) > MAX_LINES else ''}."
        data = {"count": counter.name, "lines": list(lines), "before": before}
        yield Finding(path, lines[0], 1, message, hint, "error", key=counter.name, data=data)


def close(project: Project, _: Sequence[Finding]) -> str:
    """Return the diff of an update, or which numbers fell, or that there are none yet."""
    if project.option("update"):
        return update(project) or f"{FILE} is up to date."
    if not ratchet_file.stored(project):
        named = NAME in (project.option("names") or ())
        return f"There is no {FILE}: write it with --update." if named else ""
    fallen = [
        f"{counter.what} fell from {sum(stored.values())} to {sum(map(len, found.values()))}: keep that with --update."
        for counter, stored, found in compare(project)
        if stored is not None and found is not None and sum(map(len, found.values())) < sum(stored.values())
    ]
    return "\n".join(fallen)


@cache
def update(project: Project) -> str:
    """Write the numbers that did not rise, and return the diff."""
    tables: dict[str, ratchet_file.Table] = {}
    for counter, stored, found in compare(project):
        if found is None or (stored is not None and rose(stored, found)):
            tables |= {counter.name: stored} if stored is not None else {}
        else:
            tables[counter.name] = {path: len(lines) for path, lines in found.items()}
    tables["cycles"] = {"edges": cycles_to_keep(project)}
    return ratchet_file.write(project, tables).rstrip("\n")


def cycles_to_keep(project: Project) -> list[str]:
    """Return the imports inside of cycles: all of them at first, later the stored ones that are still there."""
    stored, found = ratchet_file.edges(project), cycle_edges(project)
    return found if stored is None else [edge for edge in stored if edge in set(found)]


CHECK = Check(
    name=NAME,
    summary=f"Counts that may only fall, stored in {FILE}: mocks without a spec, tests without an assertion and more.",
    run=run,
    blocks=True,
    options={"update": "Lower the stored numbers and show the diff; also writes a first file."},
    close=close,
)
