"""Random edits and updates lose no line of the team, and unedited files equal newly written ones."""

import ast
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.edits import CHANGES
from tests.support.services import Service, read_files
from tests.support.updates import FIRST, LivingService, ServiceCache, git, make_versions

SEQUENCES = int(os.environ.get("SEQUENCES", "5"))
"""The number of random sequences; `make fuzz` tries more."""
STEPS = 6

LOANS: dict[str, Any] = {
    "fields": {"title": "str", "copies": "int = 1", "contact": "email?"},
    "unique": ["title"],
    "states": {"requested": ["active"], "active": []},
}
MEMBERS: dict[str, Any] = {"fields": {"name": "str", "email": "email"}, "search": ["name"]}
FURTHER = LOANS | {
    "fields": LOANS["fields"] | {"due": "date?", "member": "-> members?"},
    "states": {"requested": ["active", "lost"], "active": ["lost"], "lost": []},
}


def answers(own: dict[str, Any], *, phase: int = 1, access: str = "sync", **others: Any) -> dict[str, Any]:
    """Return the answers for a service with these modules; the first one is in `phase`."""
    plan = {name: {"phase": phase if name == next(iter(own)) else 1, "coverage": 80} for name in sorted(own)}
    return {
        "project_name": "Library",
        "package_name": "library",
        "description": "What is lent, and to whom.",
        "domain": "blank",
        "own_modules": own,
        "plan": plan,
        "coverage_total": 75,
        "database_access": access,
        "python_version": "3.11",
    } | others


WAYS_TO_ANSWER = {
    "loans": answers({"loans": LOANS}),
    "loans in phase 3": answers({"loans": LOANS}, phase=3),
    "loans, async": answers({"loans": LOANS}, access="async"),
    "loans and members": answers({"loans": LOANS, "members": MEMBERS}),
    "loans of members": answers({"loans": FURTHER, "members": MEMBERS}, phase=2),
    "members": answers({"members": MEMBERS}, coverage_total=90),
}
VERSIONS = {
    "v0.2.0": ["the core: a setting added", "the README: a section reworded", "the suite: a plugin file"],
    "v0.3.0": ["the core: a listing", "the suite: a budget", "a rule of ruff added"],
}


@pytest.fixture(scope="module")
def service_cache(tmp_path_factory: pytest.TempPathFactory) -> ServiceCache:
    """Versions of the template, with a cache of services."""
    folder = tmp_path_factory.mktemp("service_cache")
    versions = make_versions(folder / "template")
    for version, changes in VERSIONS.items():
        versions.release(version, *(CHANGES[change] for change in changes))
    return ServiceCache(versions, folder / "services")


class Team:
    """Edits a service; each line that it writes has a unique mark."""

    def __init__(self, service: LivingService) -> None:
        self.service = service
        self.marks = 0

    def mark(self) -> str:
        """Return a new mark."""
        self.marks += 1
        return f"team-{self.marks}"

    def lines(self) -> set[str]:
        """Return its lines in the working tree."""
        texts = [content.decode() for content in self.service.files().values()]
        return {line.strip() for text in texts for line in text.splitlines() if "team-" in line}

    def insert(self, file: int, place: int) -> None:
        """Insert a line into any file."""
        path = self._pick(file, r".*(\.(py|md|toml|ini|example)|\.gitignore)")
        lines = self.service.read(path).splitlines(keepends=True)
        lines.insert(place % (len(lines) + 1), f"{'' if path.endswith('.md') else '# '}{self.mark()}\n")
        self._write(path, lines)

    def change(self, file: int, place: int) -> None:
        """Change a line of code or documentation."""
        path = self._pick(file, r".*\.(py|md)")
        lines = self.service.read(path).splitlines(keepends=True)
        candidates = [number for number, line in enumerate(lines) if line.strip() and "team-" not in line]
        if candidates:
            number = candidates[place % len(candidates)]
            lines[number] = f"{lines[number].rstrip()}  # {self.mark()}\n"
            self._write(path, lines)

    def delete(self, file: int, place: int) -> None:
        """Delete a line of documentation or an assertion."""
        path = self._pick(file, r"(.*/)?(test_\w+\.py|\w+\.md)")
        lines = self.service.read(path).splitlines(keepends=True)
        candidates = [n for n, line in enumerate(lines) if path.endswith(".md") or line.startswith("    assert ")]
        if candidates:
            del lines[candidates[place % len(candidates)]]
            self._write(path, lines)

    def add_file(self, file: int, place: int) -> None:
        """Write a new file."""
        number = self.mark().partition("-")[2]
        paths = (
            "tests/unit/phase1/test_loans_{}.py",
            "tests/api/test_members_{}.py",
            "src/library/team_{}.py",
            "docs/{}.md",
        )
        self.service.write(paths[file % 4].format(number), f'"""team-{number}, {place}."""\n')

    def rename_file(self, file: int, _: int) -> None:
        """Rename a test file."""
        path = self._pick(file, r"tests/(unit|api|integration)/.*test_\w+\.py")
        number = self.mark().partition("-")[2]
        (self.service.folder / path).rename(self.service.folder / path.replace(".py", f"_{number}.py"))

    def delete_file(self, file: int, _: int) -> None:
        """Delete a test file."""
        (self.service.folder / self._pick(file, r"tests/(unit|api|integration)/.*test_\w+\.py")).unlink()

    def _pick(self, number: int, pattern: str) -> str:
        paths = [path for path in self.service.files() if re.fullmatch(pattern, path)]
        return paths[number % len(paths)]

    def _write(self, path: str, lines: list[str]) -> None:
        text = "".join(lines)
        if not path.endswith(".py") or is_python(text):
            self.service.write(path, text)


def is_python(text: str) -> bool:
    """Return whether a text is valid Python."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


NUMBERS = st.integers(0, 9999)
EDITS = (Team.insert, Team.change, Team.delete, Team.add_file, Team.rename_file, Team.delete_file)
EDIT = st.tuples(st.sampled_from(EDITS), NUMBERS, NUMBERS)
SYNC = sorted(way for way, given in WAYS_TO_ANSWER.items() if given["database_access"] == "sync")


def sequences(ways: list[str]) -> st.SearchStrategy[tuple[tuple[str, str], list[Any]]]:
    """Return sequences of initial answers, edits and updates."""
    update = st.tuples(st.sampled_from(ways), st.sampled_from([FIRST, *VERSIONS]))
    step = st.tuples(st.lists(EDIT, min_size=1, max_size=8), update)
    return st.tuples(update, st.lists(step, min_size=1, max_size=STEPS))


@pytest.mark.xdist_group("sequences")
@settings(
    max_examples=SEQUENCES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
@given(sequence=st.one_of(sequences(SYNC), sequences(sorted(WAYS_TO_ANSWER))))
def test_no_line_of_the_team_is_lost(service_cache: ServiceCache, sequence: tuple[tuple[str, str], list[Any]]) -> None:
    first, steps = sequence
    with tempfile.TemporaryDirectory() as folder, service_cache.serve_updates():
        service = service_cache.begin(Path(folder, "service"), WAYS_TO_ANSWER[first[0]], first[1])
        team = Team(service)
        importable = {first[0], *(way for _, (way, _) in steps)} <= set(SYNC)
        for edits, (way, version) in steps:
            for edit, file, place in edits:
                edit(team, file, place)
            service.commit()

            for text in take_update(service, team, WAYS_TO_ANSWER[way], version):
                gone = {"loans", "members"} - WAYS_TO_ANSWER[way]["own_modules"].keys()
                importable &= not any(re.search(rf"\.{name}\b", text) for name in gone)

        # Code of the old form and code that imports removed modules cannot be imported.
        if importable:
            runnable = Service(service.folder, service.files())
            runnable.run("pytest", "--collect-only", "-qq", "--no-cov", "-p", "no:randomly")


def take_update(service: LivingService, team: Team, given: dict[str, Any], version: str) -> list[str]:
    """Update, assert that nothing is lost, resolve conflicts with the team's texts, and return them."""
    written = team.lines()

    outcome = service.update(given, version, accept_data_loss=True)

    assert outcome.code in (0, 3), outcome.printed
    assert written <= team.lines()
    recorded = {key: value for key, value in service.answers().items() if key != "_src_path"}
    assert recorded == {"_commit": version, **given}
    unmerged = git(service.folder, "diff", "--name-only", "--diff-filter=U").splitlines()
    assert [line.partition(":")[0] for line in outcome.names("in CONFLICT")] == unmerged
    for path in unmerged:
        git(service.folder, "checkout", "--ours", "--", path)
    assert written <= team.lines()
    service.commit("Update")
    return [service.read(path) for path in unmerged]


OTHERS = {
    "another title": answers({"loans": LOANS}, project_name="Lending", description="Books, lent."),
    "other targets": answers({"loans": LOANS}, coverage_total=90, python_version="3.13"),
    "no module": {key: answer for key, answer in answers({"loans": LOANS}).items() if key != "plan"}
    | {"own_modules": {}},
}
PAIRS = [
    *((("loans", FIRST), (way, version)) for way in [*WAYS_TO_ANSWER, *OTHERS] for version in (FIRST, "v0.2.0")),
    (("loans, async", FIRST), ("loans", "v0.3.0")),
    (("loans, async", "v0.2.0"), ("loans in phase 3", "v0.2.0")),
    (("loans of members", FIRST), ("loans", "v0.3.0")),
    (("loans of members", "v0.2.0"), ("members", "v0.3.0")),
    (("loans of members", "v0.3.0"), ("loans of members", FIRST)),
    (("members", "v0.2.0"), ("loans in phase 3", "v0.3.0")),
]


@pytest.mark.xdist_group("sequences")
@pytest.mark.parametrize(("before", "after"), PAIRS, ids=lambda pair: f"{pair[0]} {pair[1]}")
def test_unedited_files_are_like_newly_written_ones(
    service_cache: ServiceCache, tmp_path: Path, before: tuple[str, str], after: tuple[str, str]
) -> None:
    ways = WAYS_TO_ANSWER | OTHERS
    service = service_cache.begin(tmp_path / "service", ways[before[0]], before[1])

    with service_cache.serve_old_services():
        outcome = service.update(ways[after[0]], after[1], rewrite_migrations=True)

    assert outcome.code == 0, outcome.printed
    assert service.files() == read_files(service_cache.fresh(ways[after[0]], after[1]))
