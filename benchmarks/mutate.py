"""Create mutants of a service, and count how many its tests kill.

Without names of modules, judge the core, the default modules and some own modules; with names, only these modules of the
catalog. mutmut mutates functions; `benchmarks.declarations` mutates the bodies of modules and classes, and decorated
functions. A mutant that no test of its module detects is a survivor. Without names, `benchmarks.fault_operators` also makes
mistakes as people make them, in own modules and in the core; unit, API and integration tests have to notice them.
"""

import argparse
import itertools
import json
import os
import queue
import shutil
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, TypeVar

from benchmarks.declarations import Mutant, mutants_of
from benchmarks.fault_operators import planted
from tests.support.cases import LIBRARY
from tests.support.services import ROOT, Answers, Service, copy_template, write_service
from tests.support.subsets import CATALOG, with_needs

T = TypeVar("T")

FOLDER = ROOT / "build" / "mutation"
FORKING = ROOT / "benchmarks" / "forking.py"
RESULTS = FOLDER / "results.json"
FAULTS = FOLDER / "faults.json"
GOAL = 90.0
GOAL_OF_FAULTS = 95.0
GOALS = {"auth": 95.0, "billing": 95.0, "webhooks": 95.0}
"""The goals in percent of modules that are critical for security or business."""
MUTATED = {
    "core": "access errors idempotency limits middleware queues resource routing security tasks tenancy users",
    "modules/*": "[!_]*",
}
"""The files with logic, by folder."""
NOT_MUTATED = frozenset({"models.py", "schemas.py"})
TESTS_OF_CORE = ("tests/unit", "tests/api/core")
ROUTES = ("bad_requests", "main", "openapi", "public_routes", "repeated_requests", "tenancy")
TESTS_OF_MODULE = (
    ("tests/unit/*/test_{module}_*.py",),
    ("tests/api/test_{module}_*api.py",),
    tuple(f"tests/api/core/test_{name}.py" for name in ROUTES),
    ("tests/integration/**/test_{module}_*.py",),
)
"""The tests that judge a module: some tests of the core send requests to the routes of all modules."""
FAULTY = ("core", *(f"modules/{name}" for name in LIBRARY))
"""The folders in which people make mistakes."""
FAULTS_OF_CORE = (
    ("tests/unit/core/**/test_*.py", "tests/api/core/**/test_*.py"),
    ("tests/unit/phase*/test_*.py",),
    ("tests/api/test_*.py",),
    ("tests/integration/**/test_*.py",),
)
FAULTS_OF_MODULE = (
    ("tests/unit/*/test_{module}_*.py",),
    ("tests/api/test_{module}_*.py", "tests/api/core/test_tenancy.py"),
    ("tests/integration/**/test_{module}_*.py", "tests/integration/test_migrations.py"),
)
"""The tests that judge mistakes, the fastest first."""
WORKERS = os.cpu_count() or 1
SLOWDOWN = 5
"""How many times longer than without a mutant the tests may run; then the mutant counts as killed."""

Stages = list[list[str]]
"""Paths of tests; the next ones run if the ones before find nothing."""


@dataclass(frozen=True)
class Result:
    """Whether a mutant was killed; it has a name of mutmut, or a diff. Survivors have a diff."""

    file: str
    killed: bool
    name: str = ""
    diff: str = ""

    @property
    def module(self) -> str:
        """The name of the module, or `core`."""
        return Path(self.file).parent.name


def main() -> int:
    """Run and print the table, or show the survivors of the last run; return 1 if too many survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules of the catalog (default: the core and the default modules)")
    parser.add_argument("--survivors", action="store_true", help="show the survivors of the last run")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.modules) - set(CATALOG)):
        parser.error(f"The catalog has no module {' or '.join(unknown)}. It has: {', '.join(CATALOG)}.")
    return show_survivors() if arguments.survivors else judge_all(arguments.modules)


def judge_all(modules: Sequence[str]) -> int:
    """Create and judge all mutants; return 1 if too many survived."""
    service = prepare(modules)
    files = mutated_files(service, modules)
    stages = {module_of(file): tests_of(service, module_of(file)) for file in files}
    print(f"Judging {', '.join(stages)}; this takes some minutes.", flush=True)
    results = mutate_functions(service, files, stages)
    copies = copy_service(service)
    declarations = [mutant for file in files for mutant in mutants_of(service.folder, file)]
    results += judge_written(copies, stages, declarations)
    write_results(RESULTS, results)
    faults = [] if modules else plant_faults(service, copies)
    write_results(FAULTS, faults)
    missed = print_table(results, GOALS, GOAL)
    if faults:
        missed += print_table(faults, {}, GOAL_OF_FAULTS)
    print("`make survivors` shows the survivors")
    return 1 if missed else 0


def write_results(file: Path, results: Sequence[Result]) -> None:
    """Store results, which `show_survivors` reads."""
    file.write_text(json.dumps([asdict(result) for result in results]), encoding="utf-8")


def prepare(modules: Sequence[str]) -> Service:
    """Write a service with these modules and what they need, or with the default modules and some own modules."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    answers: Answers = {"modules": list(with_needs(modules))} if modules else {"own_modules": LIBRARY}
    service = write_service(copy_template(FOLDER / "template"), FOLDER / "service", answers)
    return replace(service, extra=mutmut())


def mutmut() -> tuple[str, ...]:
    """Return the requirements of the group `mutation`."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return tuple(groups["mutation"])


def mutated_files(service: Service, modules: Sequence[str]) -> list[Path]:
    """Return the files to mutate, relative to the service's folder: those of `modules`, or all if there are none."""
    source = service.folder / "src" / service.package
    found = [source.glob(f"{folder}/{name}.py") for folder, names in MUTATED.items() for name in names.split()]
    files = sorted(path.relative_to(service.folder) for path in itertools.chain.from_iterable(found))
    files = [file for file in files if file.name not in NOT_MUTATED]
    return [file for file in files if not modules or module_of(file) in modules]


def module_of(file: Path) -> str:
    """Return the name of the module of a file, or `core`."""
    return file.parent.name


def tests_of(service: Service, module: str) -> Stages:
    """Return the tests that judge a module or the core."""
    return [[*TESTS_OF_CORE]] if module == "core" else stages_of(service, module, TESTS_OF_MODULE)


def stages_of(service: Service, module: str, patterns: Sequence[Sequence[str]]) -> Stages:
    """Return the files that match the patterns of each stage, except stages without files."""
    found = [find_tests(service, *(each.format(module=module) for each in paths)) for paths in patterns]
    return [paths for paths in found if paths]


def find_tests(service: Service, *patterns: str) -> list[str]:
    """Return the files of tests that match one of the patterns, sorted."""
    found = itertools.chain.from_iterable(service.folder.glob(pattern) for pattern in patterns)
    return sorted(path.relative_to(service.folder).as_posix() for path in found)


def all_of(stages: Mapping[str, Stages]) -> list[str]:
    """Return the paths of all tests, each once."""
    paths = sorted({path for each in stages.values() for paths in each for path in paths})
    return [path for path in paths if not path.startswith(tuple(f"{other}/" for other in paths))]


def mutate_functions(service: Service, files: Sequence[Path], stages: Mapping[str, Stages]) -> list[Result]:
    """Mutate functions with mutmut, which selects a mutant after it has imported the service.

    A survivor may be a function that runs during the import, or in tests with servers: all tests of its module judge it
    again, in a process of its own.
    """
    beside_sources = {path.split("/")[0] for path in service.files} - {"src", "tests", "pyproject.toml"}
    settings = {
        "source_paths": ["src"],
        "only_mutate": [str(file) for file in files],
        "also_copy": sorted(beside_sources),
        "pytest_add_cli_args": ["--no-cov", "-p", "no:randomly"],
        "pytest_add_cli_args_test_selection": [
            path for path in all_of(stages) if not path.startswith("tests/integration")
        ],
    }
    with (service.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    service.run("mutmut", "run", "--max-children", str(WORKERS))
    lines = service.run("mutmut", "results", "--all", "true").splitlines()
    results = [parse_result(line) for line in lines if "__mutmut_" in line]
    mutated = replace(service, folder=service.folder / "mutants")
    survivors = [result for result in results if not result.killed]

    def judge(judges: Judge, result: Result) -> Result:
        variables = {"MUTANT_UNDER_TEST": result.name}
        return replace(result, killed=judges.find(stages[result.module], variables))

    judged = in_parallel([mutated] * WORKERS, stages, judge, survivors)
    return [result for result in results if result.killed] + [with_diff(service, result) for result in judged]


def parse_result(line: str) -> Result:
    """Parse a line of mutmut's results: `library.core.resource.x_table_of__mutmut_1: killed`."""
    name, _, status = line.strip().partition(": ")
    file = "/".join(name.split(".")[1:-1]) + ".py"
    return Result(file, killed=status in ("killed", "timeout"), name=name)


def with_diff(service: Service, result: Result) -> Result:
    """Return the result of a mutant of mutmut, with its diff if it has survived."""
    return result if result.killed else replace(result, diff=service.run("mutmut", "show", result.name).strip())


def copy_service(service: Service) -> list[Service]:
    """Return a copy of the service for each worker."""
    copies = [replace(service, folder=FOLDER / f"copy-{number}") for number in range(WORKERS)]
    for copy in copies:
        shutil.copytree(service.folder, copy.folder, ignore=shutil.ignore_patterns("mutants", "__pycache__"))
    return copies


def plant_faults(service: Service, copies: Sequence[Service]) -> list[Result]:
    """Plant the mistakes of people in the core and in the own modules."""
    source = service.folder / "src" / service.package
    found = itertools.chain.from_iterable(source.glob(f"{folder}/*.py") for folder in FAULTY)
    files = sorted(path.relative_to(service.folder) for path in found)
    mutants = [mutant for file in files for _, mutant in planted(service.folder, file)]
    modules = {module_of(file) for file in files}
    stages = {
        each: stages_of(service, each, FAULTS_OF_CORE if each == "core" else FAULTS_OF_MODULE) for each in modules
    }
    return judge_written(copies, stages, mutants)


def judge_written(copies: Sequence[Service], stages: Mapping[str, Stages], mutants: Sequence[Mutant]) -> list[Result]:
    """Return the result of each mutant, whose file is written to a copy of the service."""

    def judge(judges: Judge, mutant: Mutant) -> Result:
        with written(judges.service, mutant):
            killed = judges.find(stages[module_of(mutant.file)])
        return Result("/".join(mutant.file.parts[2:]), killed, diff=mutant.diff)

    return in_parallel(copies, stages, judge, mutants)


times = itertools.count(1)


@contextmanager
def written(service: Service, mutant: Mutant) -> Iterator[None]:
    """Write a mutant within a `with` block."""
    target = service.folder / mutant.file
    kept = target.read_text(encoding="utf-8")
    target.write_text(mutant.text, encoding="utf-8")
    # Python recompiles a file only if its size or modification time in seconds changes.
    modified = next(times)
    os.utime(target, (modified, modified))
    try:
        yield
    finally:
        target.write_text(kept, encoding="utf-8")


@dataclass
class Judge:
    """A process that runs tests of a service: `benchmarks/forking.py`."""

    service: Service
    input: IO[str]
    output: IO[str]
    limit: float = 3600
    """After how many seconds a run of tests counts as failed."""

    def find(self, stages: Stages, variables: Mapping[str, str] | None = None) -> bool:
        """Return whether tests of one of the stages fail, or do not end in time."""
        return any(self._fail(tests, variables or {}) for tests in stages)

    def _fail(self, tests: Sequence[str], variables: Mapping[str, str]) -> bool:
        arguments = [*tests, "-x", "-q", "--no-cov", "-p", "no:randomly"]
        self.input.write(json.dumps([arguments, variables, self.limit]) + "\n")
        self.input.flush()
        return int(self.output.readline()) != 0


def in_parallel(
    services: Sequence[Service],
    stages: Mapping[str, Stages],
    judge: Callable[[Judge, T], Result],
    mutants: Sequence[T],
) -> list[Result]:
    """Return the results of all mutants; one worker per service judges them.

    Each run of tests must pass without a mutant.
    """
    if not mutants:
        return []
    free: queue.Queue[Judge] = queue.Queue()

    def judge_next(mutant: T) -> Result:
        judges = free.get()
        try:
            return judge(judges, mutant)
        finally:
            free.put(judges)

    with ExitStack() as stack:
        judges = [Judge(each, *stack.enter_context(each.talk_to("python", "-P", str(FORKING)))) for each in services]
        limit = SLOWDOWN * max(time_of(judges[0], tests) for tests in runs_of(stages))
        for each in judges:
            each.limit = limit
            free.put(each)
        with ThreadPoolExecutor(len(judges)) as pool:
            return list(pool.map(judge_next, mutants))


def runs_of(stages: Mapping[str, Stages]) -> list[list[str]]:
    """Return the paths of each run of tests, each run once."""
    return [list(paths) for paths in dict.fromkeys(tuple(paths) for each in stages.values() for paths in each)]


def time_of(judge: Judge, tests: list[str]) -> float:
    """Return how many seconds tests take without a mutant; exit if they fail."""
    started = time.monotonic()
    if judge.find([tests]):
        raise SystemExit(f"Tests fail without a mutant. Run this in {judge.service.folder}: pytest {' '.join(tests)}")
    return time.monotonic() - started


def print_table(results: Sequence[Result], goals: Mapping[str, float], default: float) -> list[str]:
    """Print the results by file and by module, with a goal in percent for each; return the modules that miss theirs."""
    by_file, by_module = defaultdict[str, list[Result]](list), defaultdict[str, list[Result]](list)
    for result in results:
        by_file[result.file].append(result)
        by_module[result.module].append(result)
    print(f"{'file':<40} mutants  killed  survived       %")
    for file, found in sorted(by_file.items()):
        print_row(file, found)
    missed = []
    for module, found in sorted(by_module.items()):
        goal = goals.get(module, default)
        if print_row(f"{module} (goal: {goal:.0f} %)", found) < goal:
            missed.append(module)
    print_row("all", results)
    print(f"Missed by {', '.join(missed)}" if missed else "All goals are met")
    return missed


def print_row(title: str, results: Sequence[Result]) -> float:
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
    for result in results:
        if not result.killed:
            print(result.diff, end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
