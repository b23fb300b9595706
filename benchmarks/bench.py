"""Measure how long it takes to write a service, to run its tests and to check code, each compared with a lower bound.

Each figure is the median of several runs of whole processes. The compared runs take turns, so a slow machine affects both.
"""

import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import yaml

from benchmarks.checks_speed import compare_checks
from benchmarks.lists import compare_lists
from benchmarks.ratios import medians, print_ratio
from benchmarks.requests import compare_requests
from benchmarks.sign_ins import ANSWERS as SIGN_IN
from benchmarks.sign_ins import compare_sign_ins
from benchmarks.sorted_lists import ANSWERS, compare_sorted_lists
from tests.support.cases import typical_modules
from tests.support.edits import CHANGES, EDITS
from tests.support.services import ROOT, Service, copy_template, read_files, run_copier, write_service
from tests.support.updates import COMMAND, WORKING_TREE, LivingService, git, make_versions

NUMBERS_OF_MODULES = (1, 15, 30, 60)


def main() -> None:
    """Measure and print one line per figure."""
    with tempfile.TemporaryDirectory(prefix="phasework-bench-") as folder:
        workshop = Path(folder)
        template = copy_template(workshop / "template")
        service = write_service(template, workshop / "service", {})
        compare_writing(workshop, template, service)
        compare_updating(workshop)
        compare_suites(workshop, service)
        show_growth(workshop, template)
        compare_isolation(service)
        compare_start_up(workshop, service)
        compare_whole_runs(workshop, service)
        compare_checks(workshop, service)
        compare_lists(service)
        compare_sorted_lists(write_service(template, workshop / "sorted", ANSWERS))
        compare_sign_ins(write_service(template, workshop / "sign-ins", SIGN_IN))
        compare_requests(service)
        compare_requests(write_service(template, workshop / "async", {"database_access": "async"}))


def compare_writing(workshop: Path, template: Path, service: Service) -> None:
    """Compare writing the default service with writing the same files from a template without Jinja."""
    constant = write_constant_template(workshop / "constant", service)
    seconds = medians(
        {
            "service": partial(write, template, workshop / "written"),
            "constant": partial(write, constant, workshop / "copied"),
        }
    )
    print(f"Writing {len(service.files)} files: {seconds['service']:.2f} s, as constants {seconds['constant']:.2f} s")
    print_ratio(seconds["service"] / seconds["constant"], goal=1.5)


def compare_updating(workshop: Path) -> None:
    """Compare writing the default service with updating an edited one to a typical new version.

    And this update with that of a service that has many files of its team's own.
    """
    versions = make_versions(workshop / "versions")
    versions.release("v0.2.0", *CHANGES.values())
    service = versions.write(workshop / "living", {})
    install_ruff(service)
    for edit in EDITS.values():
        edit(service)
    service.commit()
    large = service.copy(workshop / "large")
    for number in range(OWN_FILES):
        large.write(f"src/clinic_service/ours/part_{number // 50}/file_{number}.py", OWN_FILE.format(number=number))
    large.commit()

    def copy() -> None:
        shutil.rmtree(workshop / "copied-version", ignore_errors=True)
        run_copier("copy", "--vcs-ref", "v0.2.0", versions.folder, workshop / "copied-version")

    def update_by_copier() -> None:
        restore(service)
        run_copier("update", cwd=service.folder)

    seconds = medians(
        {
            "copy": copy,
            "update": partial(update, service),
            "large": partial(update, large),
            "copier": update_by_copier,
        }
    )
    print(f"Writing it: {seconds['copy']:.2f} s, updating it {seconds['update']:.2f} s")
    print_ratio(seconds["update"] / seconds["copy"], goal=2.5)
    print(f"  `copier update` takes {seconds['copier']:.2f} s")
    print(f"Updating it with {OWN_FILES:,} own files: {seconds['large']:.2f} s")
    print_ratio(seconds["large"] / seconds["update"], goal=1.5)


OWN_FILES = 2_000
OWN_FILE = '"""Part {number}."""\n\n\ndef compute_{number}(value: int) -> int:\n    return value * {number}\n'


def install_ruff(service: LivingService) -> None:
    """Lock ruff and link an environment that has it, as `uv sync` does."""
    environment = Service(service.folder, service.files()).environment
    version = subprocess.run([environment / "bin/ruff", "--version"], capture_output=True, text=True, check=True)
    service.write("uv.lock", f'[[package]]\nname = "ruff"\nversion = "{version.stdout.split()[-1]}"\n')
    (service.folder / ".venv").symlink_to(environment)


def restore(service: LivingService) -> None:
    """Undo an update."""
    git(service.folder, "reset", "--quiet", "--hard")
    git(service.folder, "clean", "-qfd")


def update(service: LivingService) -> None:
    """Update a service to the newest version."""
    restore(service)
    command = [*COMMAND, "update", "--defaults"]
    subprocess.run(command, cwd=service.folder, env=WORKING_TREE, check=True, stdout=subprocess.DEVNULL)


def compare_suites(workshop: Path, service: Service) -> None:
    """Compare the unit tests of the default service with the same number of empty tests."""
    collected = service.run("pytest", "tests/unit", "--collect-only", "-q", "--no-cov")
    files = re.findall(r"^(tests/unit/\S+?)::", collected, re.MULTILINE)
    empty = write_empty_tests(workshop / "empty", service, files)
    bare = ["-c", "pyproject.toml", "--noconftest", "--import-mode=importlib"]
    seconds = medians(
        {
            "suite": partial(service.run, "pytest", "-m", "unit"),
            "empty": partial(empty.run, "pytest", "-m", "unit"),
            "bare": partial(empty.run, "pytest", "tests/unit", "--no-cov", *bare),
            "uncovered": partial(service.run, "pytest", "-m", "unit", "--no-cov"),
        }
    )
    print(f"{len(files)} unit tests: {seconds['suite']:.2f} s, as empty tests {seconds['empty']:.2f} s")
    print_ratio(seconds["suite"] / seconds["empty"], goal=3)
    print(f"  without a conftest, so without FastAPI and SQLAlchemy, empty tests take {seconds['bare']:.2f} s")
    print(f"  without coverage, the unit tests take {seconds['uncovered']:.2f} s")


def show_growth(workshop: Path, template: Path) -> None:
    """Measure writing services with increasing numbers of modules."""
    runs = {}
    for number in NUMBERS_OF_MODULES:
        answers = {"domain": "blank", "own_modules": typical_modules(number)}
        runs[str(number)] = partial(write, template, workshop / f"with-{number}", answers)
    seconds = medians(runs, rounds=3)
    for number in NUMBERS_OF_MODULES:
        total = seconds[str(number)]
        print(f"{number:3} modules: {total:.2f} s, {total / number:.3f} s per module")
    early = (seconds["30"] - seconds["1"]) / 29
    more = (seconds["60"] - seconds["30"]) / 30
    print(f"Each further module: {early:.3f} s up to 30 modules, {more:.3f} s up to 60")
    print_ratio(more / early, goal=1.25)


def compare_isolation(service: Service) -> None:
    """Compare rolling back a test with creating and dropping all tables, on both databases."""
    program = ISOLATION.format(package=service.package)
    for line in service.run("python", "-c", program).splitlines():
        database, tables, savepoint = line.split()
        print(f"New tables on {database}: {float(tables):.2f} ms per test, rolled back {float(savepoint):.3f} ms")
        print_ratio(float(savepoint) / float(tables), goal=ISOLATION_GOALS.get(database))


# The goal is for the slower database.
ISOLATION_GOALS = {"PostgreSQL": 0.02}

# Prints the median milliseconds of each method and database, without the test itself.
ISOLATION = """
from statistics import median
from time import perf_counter

from sqlalchemy import StaticPool, make_url, text
from sqlalchemy.orm import Session

from {package}.core.database import Base, open_engine
from {package}.modules import routers
from tests.suite.embedded_postgres import embedded_address
from tests.suite.run import begin

ROUNDS = 40


def milliseconds(clean_up):
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        of_the_test = clean_up() or 0
        times.append(1000 * (perf_counter() - started - of_the_test))
    return median(times)


def with_tables_anew(engine):
    def clean_up():
        with engine.begin() as connection:
            Base.metadata.create_all(connection)
        with engine.begin() as connection:
            Base.metadata.drop_all(connection)

    return clean_up


def with_savepoint(engine):
    def clean_up():
        with engine.connect() as connection:
            transaction = connection.begin()
            with Session(connection, join_transaction_mode="create_savepoint") as session:
                # A transaction starts only with a statement; the second statement measures its time.
                session.scalar(text("SELECT 1"))
                started = perf_counter()
                session.scalar(text("SELECT 1"))
                statement = perf_counter() - started
                session.commit()
            transaction.rollback()
        return 2 * statement

    return clean_up


with begin() as run:
    servers = {{
        "SQLite": open_engine("sqlite://", poolclass=StaticPool),
        "PostgreSQL": open_engine(make_url(embedded_address(run)).set(drivername="postgresql+psycopg")),
    }}
    for name, engine in servers.items():
        with_savepoint(engine)()
        print(name, milliseconds(with_tables_anew(engine)), milliseconds(with_savepoint(engine)))
        engine.dispose()
"""


def compare_start_up(workshop: Path, service: Service) -> None:
    """Compare one empty test with the suite's conftest and with a conftest that only imports the same libraries.

    Both have the installed plugins of pytest, and both import FastAPI, SQLAlchemy and the application.
    """
    folder = workshop / "start-up"
    shutil.copytree(service.folder, folder)
    (folder / "tests" / "test_nothing.py").write_text("def test_nothing() -> None: ...\n", encoding="utf-8")
    bare = folder / "bare"
    bare.mkdir()
    imports = f"import fastapi\nimport sqlalchemy.orm\n\nimport {service.package}.main\n"
    (bare / "conftest.py").write_text(imports, encoding="utf-8")
    settings = "[pytest]\npythonpath = ../src\naddopts = --import-mode=importlib\nfilterwarnings = error\n"
    (bare / "pytest.ini").write_text(settings, encoding="utf-8")
    (bare / "test_nothing.py").write_text("def test_nothing() -> None: ...\n", encoding="utf-8")
    started = Service(folder, service.files, service.python)
    seconds = medians(
        {
            "suite": partial(started.run, "pytest", "tests/test_nothing.py", "--no-cov"),
            "bare": partial(started.run, "pytest", "-c", "bare/pytest.ini", "bare", "--no-cov"),
        }
    )
    print(f"One empty test: {seconds['suite']:.2f} s, without the suite's conftest {seconds['bare']:.2f} s")
    print_ratio(seconds["suite"] / seconds["bare"], goal=1.3)


def compare_whole_runs(workshop: Path, service: Service) -> None:
    """Run the whole suite of the default service, and that of the service that an earlier version wrote, as users do."""
    earlier = write_earlier_service(workshop / "earlier")
    as_users = {"PYTEST_ADDOPTS": ""}
    runs = {
        "now": partial(service.run, "pytest", variables=as_users),
        "earlier": partial(earlier.run, "pytest", variables=as_users),
        "one": partial(service.run, "pytest", "-n", "0"),
    }
    processor = {name: processor_seconds(run) for name, run in runs.items()}
    seconds = medians(runs, rounds=3)
    print(f"All tests with coverage: {seconds['now']:.1f} s, in version {EARLIER[:7]} {seconds['earlier']:.1f} s")
    print_ratio(seconds["now"] / seconds["earlier"], goal=0.4)
    print(f"  without workers they take {seconds['one']:.1f} s")
    print(
        f"  seconds of all processors, without PostgreSQL: {processor['now']:.1f}, without workers {processor['one']:.1f}, "
        f"in version {EARLIER[:7]} {processor['earlier']:.1f}"
    )


def processor_seconds(run: Callable[[], object]) -> float:
    """Return the processor time that a run and the programs that it waits for take."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


EARLIER = "ed3961cc767d20b5e14ec29c0a951c0a4d267bda"
"""The last commit with the plugins of the suite, and their tests, in each service."""


def write_earlier_service(folder: Path) -> Service:
    """Write the default service with the template of an earlier commit, from the history of this repository."""
    (folder / "template").mkdir(parents=True)
    archive = subprocess.run(["git", "archive", EARLIER], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder / "template", input=archive, check=True)
    run_copier("copy", folder / "template", folder / "service")
    return Service(folder / "service", read_files(folder / "service"))


def write_constant_template(folder: Path, service: Service) -> Path:
    """Write a template that contains the files of a service unchanged."""
    shutil.copytree(service.folder, folder / "project")
    (folder / "copier.yml").write_text("_subdirectory: project\n", encoding="utf-8")
    assert read_files(folder / "project") == service.files
    return folder


def write_empty_tests(folder: Path, service: Service, files: list[str]) -> Service:
    """Write a copy of the service with an empty test for each collected test: `files` has one entry per test."""
    shutil.copytree(service.folder, folder)
    for tier in ("unit", "api", "integration", "e2e"):
        shutil.rmtree(folder / "tests" / tier)
    for file in sorted(set(files)):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"def test_{n}() -> None: ...\n" for n in range(files.count(file))), encoding="utf-8")
    return Service(folder, read_files(folder), service.python)


def write(template: Path, folder: Path, answers: Mapping[str, object] | None = None) -> None:
    """Write a service into a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    data = folder.with_name(f"{folder.name}.answers.yml")
    data.write_text(yaml.safe_dump(dict(answers or {}), sort_keys=False), encoding="utf-8")
    run_copier("copy", "--data-file", data, template, folder)


if __name__ == "__main__":
    main()
