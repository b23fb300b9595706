"""Create mutants of a service and count how many its unit tests, and the API tests of the core, kill.

mutmut mutates functions; `benchmarks.declarations` mutates the bodies of modules and classes. A mutant that no test
detects is a survivor. `benchmarks.fault_operators` makes mistakes as people make them, in own modules and in the core;
unit, API and integration tests have to notice them.
"""

import argparse
import itertools
import json
import os
import queue
import shutil
import subprocess
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.declarations import Mutant, mutants_of
from benchmarks.fault_operators import planted
from tests.support.cases import LIBRARY
from tests.support.services import ROOT, Service, copy_template, write_service

FOLDER = ROOT / "build" / "mutation"
RESULTS = FOLDER / "results.json"
FAULTS = FOLDER / "faults.json"
GOAL = 85.0
GOAL_OF_FAULTS = 95.0
MUTATED = (
    "core/errors.py",
    "core/idempotency.py",
    "core/limits.py",
    "core/middleware.py",
    "core/resource.py",
    "core/routing.py",
    "core/security.py",
    "core/tenancy.py",
    "core/users.py",
    "modules/*/service.py",
    "modules/*/rules.py",
)
TESTS = ("tests/unit", "tests/api/core")
WORKERS = os.cpu_count() or 1
ChooseTests = Callable[[Service, Mutant], list[list[str]]]
SLOWDOWN = 5
"""How many times longer than without a mutant the tests may run; then the mutant counts as killed."""


@dataclass(frozen=True)
class Result:
    """Whether a mutant was killed; it has a diff, or a name of mutmut."""

    file: str
    killed: bool
    name: str = ""
    diff: str = ""


def main() -> int:
    """Run and print the table, or show the survivors of the last run; return 1 if too many survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survivors", action="store_true", help="show the survivors of the last run")
    if parser.parse_args().survivors:
        return show_survivors()
    service, timeout = prepare()
    print(f"Mutating a service with {len(service.modules)} modules; this takes some minutes.", flush=True)
    copies = copy_service(service)
    results = mutate_functions(service, timeout) + mutate_declarations(service, copies, timeout)
    RESULTS.write_text(json.dumps([asdict(result) for result in results]), encoding="utf-8")
    faults = plant_faults(service, copies, timeout)
    FAULTS.write_text(json.dumps([asdict(result) for result in faults]), encoding="utf-8")
    codes = print_table(results, GOAL), print_table(faults, GOAL_OF_FAULTS)
    return max(codes)


def prepare() -> tuple[Service, float]:
    """Write a service with the default modules and some own modules; return it with the time limit of its tests."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    service = write_service(copy_template(FOLDER / "template"), FOLDER / "service", {"own_modules": LIBRARY})
    service = replace(service, extra=mutmut())
    started = time.monotonic()
    service.run("pytest", *TESTS, "--no-cov")
    return service, SLOWDOWN * (time.monotonic() - started)


def mutmut() -> tuple[str, ...]:
    """Return the requirements of the group `mutation`."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return tuple(groups["mutation"])


def mutated_files(service: Service) -> list[Path]:
    """Return the files to mutate, relative to the service's folder."""
    source = service.folder / "src" / service.package
    found = itertools.chain.from_iterable(sorted(source.glob(pattern)) for pattern in MUTATED)
    return [path.relative_to(service.folder) for path in found]


def mutate_functions(service: Service, timeout: float) -> list[Result]:
    """Mutate functions with mutmut, which selects a mutant after it has imported the service.

    A survivor may be a function that runs during the import: it is judged again in a process of its own.
    """
    beside_sources = {path.split("/")[0] for path in service.files} - {"src", "tests", "pyproject.toml"}
    settings = {
        "source_paths": ["src"],
        "only_mutate": [str(file) for file in mutated_files(service)],
        "also_copy": sorted(beside_sources),
        "pytest_add_cli_args": ["--no-cov", "-p", "no:randomly"],
        "pytest_add_cli_args_test_selection": TESTS,
    }
    with (service.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    service.run("mutmut", "run", "--max-children", str(WORKERS))
    lines = service.run("mutmut", "results", "--all", "true").splitlines()
    results = [parse_result(line) for line in lines if "__mutmut_" in line]
    mutated = replace(service, folder=service.folder / "mutants")

    def judge(result: Result) -> Result:
        variables = {"MUTANT_UNDER_TEST": result.name}
        return result if result.killed else replace(result, killed=fails(mutated, TESTS, timeout, variables))

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(judge, results))


def parse_result(line: str) -> Result:
    """Parse a line of mutmut's results: `library.core.resource.x_table_of__mutmut_1: killed`."""
    name, _, status = line.strip().partition(": ")
    file = "/".join(name.split(".")[1:-1]) + ".py"
    return Result(file, killed=status in ("killed", "timeout"), name=name)


def copy_service(service: Service) -> queue.Queue[Service]:
    """Return a copy of the service for each worker."""
    copies: queue.Queue[Service] = queue.Queue()
    for number in range(WORKERS):
        folder = FOLDER / f"copy-{number}"
        shutil.copytree(service.folder, folder, ignore=shutil.ignore_patterns("mutants", "__pycache__"))
        copies.put(replace(service, folder=folder))
    return copies


def mutate_declarations(service: Service, copies: queue.Queue[Service], timeout: float) -> list[Result]:
    """Mutate declarations, in the copies of the service."""
    mutants = [mutant for file in mutated_files(service) for mutant in mutants_of(service.folder, file)]
    return judge_all(mutants, copies, lambda copy, mutant: [unit_tests_of(copy, mutant)], timeout)


def plant_faults(service: Service, copies: queue.Queue[Service], timeout: float) -> list[Result]:
    """Plant the mistakes of people in the core and in the own modules."""
    source = service.folder / "src" / service.package
    files = [
        *sorted(source.glob("core/*.py")),
        *(file for name in LIBRARY for file in sorted(source.glob(f"modules/{name}/*.py"))),
    ]
    mutants = [mutant for file in files for _, mutant in planted(service.folder, file.relative_to(service.folder))]
    return judge_all(mutants, copies, all_tests_of, timeout)


def judge_all(
    mutants: Sequence[Mutant], copies: queue.Queue[Service], choose: ChooseTests, timeout: float
) -> list[Result]:
    """Return the result of each mutant; `choose` returns the tests that judge it, group by group."""

    def run(mutant: Mutant) -> Result:
        copy = copies.get()
        try:
            return Result("/".join(mutant.file.parts[2:]), is_killed(copy, mutant, choose, timeout), diff=mutant.diff)
        finally:
            copies.put(copy)

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(run, mutants))


def unit_tests_of(service: Service, mutant: Mutant) -> list[str]:
    """Return the unit tests of the module of a mutant, or `TESTS` for a file of the core."""
    module = mutant.file.parent.name
    return list(TESTS) if module == "core" else find_tests(service, f"tests/unit/*/test_{module}_*.py")


def all_tests_of(service: Service, mutant: Mutant) -> list[list[str]]:
    """Return the tests that judge a mistake, the fastest first."""
    module = mutant.file.parent.name
    if module == "core":
        modules = find_tests(service, "tests/unit/phase*/*.py"), find_tests(service, "tests/api/*.py")
        return [["tests/unit/core", "tests/api/core"], *filter(None, modules), ["tests/integration"]]
    routes = find_tests(service, f"tests/api/test_{module}_*.py")
    on_postgresql = [
        *find_tests(service, f"tests/integration/**/test_{module}_*.py"),
        "tests/integration/test_migrations.py",
    ]
    return [unit_tests_of(service, mutant), [*routes, "tests/api/core/test_tenancy.py"], on_postgresql]


def find_tests(service: Service, pattern: str) -> list[str]:
    """Return the files of tests that match a pattern, sorted."""
    return sorted(path.relative_to(service.folder).as_posix() for path in service.folder.glob(pattern))


times = itertools.count(1)


def is_killed(service: Service, mutant: Mutant, choose: ChooseTests, timeout: float) -> bool:
    """Return whether one of the groups of tests fails."""
    target = service.folder / mutant.file
    kept = target.read_text(encoding="utf-8")
    target.write_text(mutant.text, encoding="utf-8")
    # Python recompiles a file only if its size or modification time in seconds changes.
    modified = next(times)
    os.utime(target, (modified, modified))
    try:
        return any(fails(service, tests, timeout) for tests in choose(service, mutant))
    finally:
        target.write_text(kept, encoding="utf-8")


def fails(service: Service, tests: Sequence[str], timeout: float, variables: Mapping[str, str] | None = None) -> bool:
    """Return whether tests of a service fail, or do not end in time."""
    command = ("pytest", *tests, "-x", "-q", "--no-cov", "-p", "no:randomly")
    try:
        return service.start(*command, timeout=timeout, variables=variables).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def print_table(results: list[Result], goal: float) -> int:
    """Print the results by file; return 1 if the share of killed mutants is below the goal."""
    by_file: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_file[result.file].append(result)
    print(f"{'file':<40} mutants  killed  survived       %")
    for file, found in sorted(by_file.items()):
        print_row(file, found)
    share = print_row("all", results)
    print(f"goal {goal:.0f} %: {'met' if share >= goal else 'MISSED'}; `make survivors` shows the survivors")
    return 0 if share >= goal else 1


def print_row(title: str, results: list[Result]) -> float:
    """Print a row of the table and return its percentage."""
    killed = sum(result.killed for result in results)
    percent = 100 * killed / len(results)
    print(f"{title:<40} {len(results):7} {killed:7} {len(results) - killed:9} {percent:7.1f}")
    return percent


def show_survivors() -> int:
    """Print the diff of each survivor of the last run."""
    if not FAULTS.exists():
        print("There are no results yet; run `make mutate` first.")
        return 1
    results = [Result(**entry) for file in (RESULTS, FAULTS) for entry in json.loads(file.read_text(encoding="utf-8"))]
    service = Service(FOLDER / "service", files={}, extra=mutmut())
    for result in results:
        if not result.killed:
            print(result.diff or service.run("mutmut", "show", result.name).strip(), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
