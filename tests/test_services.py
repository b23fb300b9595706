"""Every written service is clean, and its suite passes: in random order, with warnings as errors, above its coverage gates.

One run per service proves all of that. The runs differ in their Python and in their number of workers; `make test-all`
runs the other combinations.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cases import CASES
from tests.support.drawn import one_of
from tests.support.environments import find_python
from tests.support.harmful import HARMFUL
from tests.support.services import Service, write_service

# The Python and the number of workers of each run; 0 means without pytest-xdist. tests/test_workflow.py runs `patients`,
# tests/test_subsets.py random subsets of the catalog, and `make demo` the default service.
RUNS = {
    "everything": ("3.12", 0),
    "everything-async": ("3.13", 2),
    "platform": ("3.14", 2),
    "platform-async": ("3.11", 0),
    "blank": ("3.11", 0),
    "blank-async": ("3.11", 0),
    "limits": ("3.11", 0),
    "limits-async": ("3.11", 0),
    "defaults": ("3.11", 0),
    "async": ("3.11", 0),
    "tickets": ("3.11", 0),
    "empty": ("3.11", 0),
    "empty-async": ("3.11", 0),
}
# Parts of the services with all modules. mypy takes as long for each of them, because their environments differ.
PARTS = {"defaults", "async", "patients", "tickets", "empty", "empty-async"}
# `limits` tests the names of `limits-async`, `blank-async` own modules in the async form. The others have a part of the
# modules of `everything` and `everything-async`, as the random subsets of tests/test_subsets.py do.
LONG = {"limits-async", *PARTS} - {"patients"}
# Each of the others measures all modules of the catalog or own modules, and runs the same tests of the core.
WITHOUT_COVERAGE = {"blank-async", "limits"}
WITHOUT_CORE = {"blank-async", "limits"}
# Tests of the core that test each module.
OF_EACH_ROUTE = {"test_bad_requests", "test_logs", "test_openapi", "test_repeated_requests", "test_tenancy"}
UNIT_AND_API_OF_CORE = ("tests/unit/core", "tests/api/core")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

each_case = pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in RUNS])
# All modules of a domain pass in the form that the seed draws; the random subsets of tests/test_subsets.py are written in both.
BOTH_FORMS = (("everything", "everything-async"), ("platform", "platform-async"))
OTHERS = [case for case in RUNS if case not in LONG.union(*BOTH_FORMS)]
short_cases = pytest.mark.parametrize(
    "case",
    [drawn for forms in BOTH_FORMS for drawn in one_of(*forms)]
    + [pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in OTHERS],
)


def test_ruff_finds_nothing(service: Service) -> None:
    service.run("ruff", "check", ".")
    service.run("ruff", "format", "--check", "--diff", ".")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case, marks=[pytest.mark.xdist_group(case), *([pytest.mark.long] if case in {"sixty", *PARTS} else [])]
        )
        for case in CASES
    ],
)
def test_mypy_finds_nothing(written: Callable[[str], Service], case: str) -> None:
    written(case).check_types()


@pytest.mark.parametrize("version", PYTHONS[1:])
@pytest.mark.parametrize("case", ["defaults", "blank-async"])
def test_ruff_accepts_a_higher_lowest_python(
    written: Callable[[str], Service], template: Path, tmp_path: Path, case: str, version: str
) -> None:
    service = write_service(template, tmp_path / "service", CASES[case] | {"python_version": version})

    # Ruff takes the settings beside the files that it checks, and needs no Python of that version.
    written(case).run("ruff", "check", str(service.folder))
    written(case).run("ruff", "format", "--check", "--diff", str(service.folder))


@short_cases
def test_suite_passes(written: Callable[[str], Service], case: str) -> None:
    version, workers = RUNS[case]
    service = written(case)
    options = without_core(service) if case in WITHOUT_CORE else []
    if case in WITHOUT_COVERAGE:
        options.append("--no-cov")

    pass_suite(service, find_python(version) or Path(sys.executable), workers, *options)


@pytest.mark.xdist_group("empty")
def test_tests_of_the_core_pass_again_in_one_process(written: Callable[[str], Service]) -> None:
    """`make mutate` runs them several times in a process."""
    again = f"import pytest; print([pytest.main({['-q', '--no-cov', *UNIT_AND_API_OF_CORE]}) for _ in range(2)])"

    output = written("empty").run("python", "-c", again)

    assert output.splitlines()[-1] == "[<ExitCode.OK: 0>, <ExitCode.OK: 0>]", output


@pytest.mark.long
@pytest.mark.xdist_group("sixty")
def test_suite_of_sixty_modules_passes(written: Callable[[str], Service]) -> None:
    pass_suite(written("sixty"), Path(sys.executable), 0)


@pytest.mark.long
@each_case
@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("workers", [0, 2])
def test_suite_passes_on_every_python(written: Callable[[str], Service], case: str, version: str, workers: int) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed")

    pass_suite(written(case), python, workers)


def test_every_case_is_run() -> None:
    assert {*RUNS, "patients", "sixty"} == set(CASES)


def without_core(service: Service) -> list[str]:
    """Return the options for a run without the tests that are the same in each service of a form."""
    files = sorted(service.folder.glob("tests/api/core/test_*.py"))
    same = [f"--ignore=tests/api/core/{file.name}" for file in files if file.stem not in OF_EACH_ROUTE]
    return ["--ignore=tests/unit/core", *same]


def pass_suite(service: Service, python: Path, workers: int, *options: str) -> None:
    """Run the whole suite of a service, in a shell with variables that would break it if they reached its libraries.

    Fail if a test fails, if a module misses its coverage, or if the database of the settings is used.
    """
    service = replace(service, python=python)
    development = service.folder / "development.db"
    driver = "sqlite+aiosqlite" if service.answers["database_access"] == "async" else "sqlite"

    # Without COVERAGE_FILE, a part of the suite would not be measured.
    variables = HARMFUL | {"COVERAGE_FILE": ".coverage", "DATABASE_URL": f"{driver}:///{development}"}
    service.run_suite("-n", str(workers), *options, variables=variables)

    assert not development.exists()
    if "--no-cov" not in options:
        assert below_target(service) == {}


def below_target(service: Service) -> dict[str, float]:
    """Return the coverage of each module that missed its target in the last run, calculated from coverage's own report."""
    covered = covered_percent(service)
    return {name: covered[name] for name, plan in service.plan.items() if covered[name] < plan["coverage"]}


def covered_percent(service: Service) -> dict[str, float]:
    """Return the percentage of statements and branches that the last run covered, for each module."""
    files = json.loads(service.run("coverage", "json", "-q", "-o", "-"))["files"]
    percent = {}
    for module in service.modules:
        parts = [file["summary"] for path, file in files.items() if f"/modules/{module}/" in path]
        covered = sum(part["covered_lines"] + part["covered_branches"] for part in parts)
        percent[module] = 100 * covered / sum(part["num_statements"] + part["num_branches"] for part in parts)
    return percent
