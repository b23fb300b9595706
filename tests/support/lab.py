"""Services of earlier versions, changed by a team, then updated by Phasework and merged by git, and what each of them loses."""

import ast
import configparser
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from .services import Service, lock
from .team import COMMITS, FORMAT, Commit
from .updates import LivingService, Outcome, ServiceCache, commit_all, git

EARLIER = {
    "v0.1.0": "f9a0a3c0f1247c294099c39d515d929a0e455923",  # the suite was part of each service
    "v0.2.0": "8e46bc399cbbf6618771148270967e674cabfae9",  # the plugin was new
    "v0.3.0": "2e80fc215cf84c951d8c90901063a340f8ac6576",  # limits, cursors, idempotency
    "v0.4.0": "7fbd806b6141e53bb7f1064fe8f6f6e4796cd3d7",  # public routes, gateways, handlers of events
}
"""Commits of this repository as versions."""
NEWEST = "v0.5.0"

SHOW_BASE = ("merge.conflictStyle", "diff3")
"""The option of git that shows in a conflict what was there before both changes."""

T = TypeVar("T")

LOANS: dict[str, Any] = {
    "phase": 2,
    "fields": {"title": "str", "copies": "int = 1"},
    "states": {"requested": ["active"], "active": []},
}
VISITS: dict[str, Any] = {"fields": {"title": "str", "day": "date"}}


def without_visits(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changed answers that remove a module."""
    return {
        question: {name: entry for name, entry in answers[question].items() if name != "visits"}
        for question in ("own_modules", "plan")
    }


def answers(access: str) -> dict[str, Any]:
    """Return the answers of the service in a form."""
    modules = {"sync": ["tickets"], "async": ["appointments", "patients", "tickets"]}[access]
    return {"modules": modules, "own_modules": {"loans": LOANS, "visits": VISITS}, "database_access": access}


@dataclass(frozen=True)
class Route:
    """The versions that a service has, one after the other, in a form; the last update also removes a module, or not."""

    access: str
    versions: tuple[str, ...]
    removes: bool = False

    def __str__(self) -> str:
        return f"{self.access}, {' to '.join(self.versions)}{', without a module' if self.removes else ''}"


ROUTES = [
    *(Route("sync", (version, NEWEST)) for version in EARLIER),
    *(Route("async", (version, NEWEST), removes=True) for version in EARLIER),
    *(Route(access, (*EARLIER, NEWEST)) for access in ("sync", "async")),
]


@dataclass(frozen=True)
class Merged:
    """A service after a merge, with its conflicts resolved: see `resolve`."""

    service: LivingService
    updated: LivingService
    """The service after the update; its environment collects the tests."""
    conflicts: int
    lost_lines: Counter[str]
    """The team's lines that are in no file any more."""
    tests_before: frozenset[str]

    @cached_property
    def unreadable(self) -> list[str]:
        """The files that are no valid Python, TOML, INI, YAML or JSON."""
        return [path for path in tracked(self.service) if not is_readable(self.service.folder / path)]

    @cached_property
    def lost_tests(self) -> frozenset[str]:
        """The team's tests that pytest no longer collects."""
        return self.tests_before - collect(self.service, self.updated)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Conflicts, lost lines, files that cannot be read, and lost tests."""
        return self.conflicts, self.lost_lines.total(), len(self.unreadable), len(self.lost_tests)


@dataclass(frozen=True)
class Step:
    """An update of a service, and the same merge by git."""

    outcome: Outcome
    updated: Merged
    by_git: Merged


def travel(services: ServiceCache, route: Route, folder: Path) -> Iterator[Step]:
    """Let a team work on a service before each of its updates, and yield each update before it is committed."""
    given = answers(route.access)
    service = services.begin(folder / "service", given, route.versions[0])
    git(service.folder, "config", *SHOW_BASE)
    written: Counter[str] = Counter()
    pairs = list(pairwise(route.versions))
    for (before, after), commits in zip(pairs, in_parts(list(COMMITS.items()), len(pairs)), strict=True):
        written = (written + work(service, commits)) & lines_of(service)
        tests = collect(service, service)
        lock(service.folder)
        service.commit("Lock the dependencies")

        recorded = {name: answer for name, answer in service.answers().items() if not name.startswith("_")}
        changes = without_visits(recorded) if route.removes else {}
        base, new = services.fresh(recorded, before), services.fresh(recorded | changes, after)
        other = merge_by_git(service, base, new, folder / f"git-{after}")
        with services.serve_updates(), pytest.MonkeyPatch.context() as patch:
            # The update formats with the ruff of uv.lock, through uv.
            patch.setenv("UV", str(Path(sys.executable).with_name("uv")))
            outcome = service.update(changes, after, rewrite_migrations=True)
        assert outcome.code in (0, 3), outcome.printed
        updated, by_git = (
            Merged(merged, service, resolve(merged), written - lines_of(merged), tests) for merged in (service, other)
        )
        yield Step(outcome, updated, by_git)
        service.commit(f"Update to {after}")


def in_parts(items: Sequence[T], number: int) -> list[Sequence[T]]:
    """Return the items in some parts of about the same size."""
    ends = [len(items) * part // number for part in range(number + 1)]
    return [items[begin:end] for begin, end in pairwise(ends)]


def work(service: LivingService, commits: Iterable[tuple[str, Commit]]) -> Counter[str]:
    """Make the commits of the team, and return the lines that it wrote."""
    written: Counter[str] = Counter()
    for name, commit in commits:
        before = lines_of(service)
        commit(service)
        service.commit(name)
        if name != FORMAT:
            written += lines_of(service) - before
    return written


def tracked(service: LivingService) -> list[str]:
    """Return the files that git tracks or would add, without links and the lock file."""
    found = git(service.folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    files = {path for path in found if path and path != "uv.lock"}
    return sorted(
        path for path in files if (service.folder / path).is_file() and not (service.folder / path).is_symlink()
    )


def lines_of(service: LivingService) -> Counter[str]:
    """Return the lines of all files, without spaces around them, and how many times each is there."""
    texts = ((service.folder / path).read_bytes().decode(errors="replace") for path in tracked(service))
    return Counter(line.strip() for text in texts for line in text.splitlines() if line.strip())


def merge_by_git(service: LivingService, base: Path, new: Path, folder: Path) -> LivingService:
    """Merge three trees with `git merge`: of the template before and after an update, and of the team."""
    merged = LivingService(folder)
    shutil.copytree(base, folder)
    commit_all(folder, "The template")
    git(folder, "config", *SHOW_BASE)
    git(folder, "branch", "theirs")
    for branch, source in (("ours", service.folder), ("theirs", new)):
        git(folder, "checkout", "--quiet", *(["-b"] if branch == "ours" else []), branch)
        git(folder, "rm", "-r", "--quiet", ".")
        shutil.copytree(source, folder, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
        commit_all(folder, branch)
    git(folder, "checkout", "--quiet", "ours")
    git(folder, "merge", "--quiet", "theirs", expect=None)
    return merged


CONFLICT = re.compile(
    rb"^<{7} .*?\n(?P<ours>.*?)^\|{7} .*?\n(?P<base>.*?)^={7}\r?\n(?P<theirs>.*?)^>{7} .*?\n", re.DOTALL | re.MULTILINE
)


def resolve(service: LivingService) -> int:
    """Resolve each conflict, and return their number.

    Where the team only added lines, both sides are kept; where both changed a line, and where a file is missing on one
    side, the team's side is.
    """
    stages: dict[str, set[str]] = {}
    for line in filter(None, git(service.folder, "ls-files", "--unmerged", "-z").split("\0")):
        entry, _, path = line.partition("\t")
        stages.setdefault(path, set()).add(entry.split()[2])
    conflicts = 0
    for path, found in stages.items():
        file = service.folder / path
        if "2" not in found:
            conflicts += found != {"1"}
            git(service.folder, "rm", "--quiet", "--force", "--ignore-unmatch", path)
        elif file.is_symlink() or not file.is_file():
            conflicts += 1
            git(service.folder, "checkout", "--ours", "--", path)
        else:
            content, number = CONFLICT.subn(keep, file.read_bytes())
            file.write_bytes(content)
            conflicts += max(number, 1)
    git(service.folder, "add", "--all")
    return conflicts


def keep(conflict: re.Match[bytes]) -> bytes:
    """Return what remains of a conflict."""
    ours, base, theirs = conflict["ours"], conflict["base"], conflict["theirs"]
    if ours.startswith(base):
        return theirs + ours[len(base) :]
    return ours.removesuffix(base) + theirs if ours.endswith(base) else ours


def is_readable(file: Path) -> bool:
    """Return whether a file is valid, as far as its format is known here."""
    read = READERS.get(file.suffix)
    try:
        if read:
            read(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, configparser.Error, yaml.YAMLError):
        return False
    return True


READERS: Mapping[str, Callable[[str], object]] = {
    ".py": ast.parse,
    ".toml": tomllib.loads,
    ".ini": lambda text: configparser.ConfigParser(interpolation=None).read_string(text),
    ".yml": yaml.safe_load,
    ".json": json.loads,
}


def collect(service: LivingService, installed: LivingService) -> frozenset[str]:
    """Return the names of the team's tests that pytest finds in a service, in the environment of another one."""
    runnable = Service(installed.folder, {})
    options = ("--collect-only", "-q", "--no-cov", "-p", "no:randomly", "--continue-on-collection-errors")
    run = subprocess.run(
        runnable.command("pytest", *options),
        cwd=service.folder,
        env=runnable.variables | {"PYTHONPATH": str(service.folder / "src")},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return frozenset(re.findall(r"::(test_\w*_of_ours\w*)", run.stdout))
