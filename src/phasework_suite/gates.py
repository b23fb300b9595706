"""Coverage gates: the run fails if the coverage of a module, or of the whole service, is below its gate.

`pytest.ini` holds the gates. Branches count, and only a run of the whole suite is checked. Shards are checked together, after
`coverage combine`: `python -m tests.suite.gates [DATA_FILE]`.
"""

import argparse
import io
import math
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .places import read_phases
from .service import Service, find_service, read_settings, service_of
from .summary import align, write_table

if TYPE_CHECKING:
    from coverage import Coverage

HEADINGS = ("module", "phase", ">coverage", ">gate", "result")
# Options that select a part of the suite, or run none of it.
NARROWING = (
    "collectonly",
    "deselect",
    "group",
    "ignore",
    "ignore_glob",
    "keyword",
    "lf",
    "markexpr",
    "setuponly",
    "setupplan",
    "show_fixtures_per_test",
    "showfixtures",
    "splits",
    "stepwise",
)


@dataclass(frozen=True, slots=True)
class Gate:
    """A folder of the service, and the percentage of it that has to be covered; None if pytest.ini has no gate for it."""

    name: str
    phase: str
    folder: str
    target: float | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """The covered percentage of a gate's folder; None if no test imported any of it."""

    gate: Gate
    percent: float | None

    @property
    def outcome(self) -> str:
        """The outcome in the table."""
        if self.gate.target is None:
            return "NO GATE"
        if self.percent is None:
            return "never imported"
        return "ok" if self.percent >= self.gate.target else "BELOW ITS GATE"

    @property
    def passed(self) -> bool:
        """Whether the folder passes its gate."""
        return self.outcome == "ok"

    @property
    def row(self) -> tuple[str, ...]:
        """The row of the table. The percentage is rounded down, so that 89.96 % does not look like 90.0 %."""
        percent = math.floor((self.percent or 0) * 10) / 10
        target = "-" if self.gate.target is None else f"{self.gate.target:g} %"
        return self.gate.name, self.gate.phase, f"{percent:.1f} %", target, self.outcome


GATES = pytest.StashKey[list[Gate]]()
RESULTS = pytest.StashKey[list[GateResult]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Read the gates from pytest.ini."""
    parser.addini("coverage_gates", "module: percentage, one per line", type="linelist")
    parser.addini("coverage_total", "the percentage of the whole service", default="0")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse invalid gates."""
    lines, total = config.getini("coverage_gates"), config.getini("coverage_total")
    config.stash[GATES] = read_gates(service_of(config), lines, total)


def read_gates(service: Service, lines: Iterable[str], total: str) -> list[Gate]:
    """Return the gate of each module in `lines`, of each module without one, and of the service; raise UsageError."""
    modules, phases = service.modules, read_phases(service)
    targets: dict[str, float | None] = {}
    for line in lines:
        name, _, target = (part.strip() for part in line.partition(":"))
        if name not in modules:
            raise pytest.UsageError(
                f"pytest.ini: coverage_gates has the line {line!r}, but there is no module in "
                f"{service.modules_folder}/{name}; a line is a module and a percentage, as in 'parcels: 80'."
            )
        targets[name] = _read_percentage(f"coverage_gates, {name}", target)
    targets |= {name: None for name in modules if name not in targets}
    return [
        *(
            Gate(name, phases.get(name, "-"), f"{service.modules_folder}/{name}", target)
            for name, target in targets.items()
        ),
        Gate("total", "", service.source, _read_percentage("coverage_total", total)),
    ]


def _read_percentage(setting: str, text: str) -> float:
    try:
        percentage = float(text)
    except ValueError:
        percentage = math.nan
    if not 0 <= percentage <= 100:
        raise pytest.UsageError(f"pytest.ini: {setting}: {text!r} is not a percentage from 0 to 100.")
    return percentage


def compare(coverage: "Coverage", gates: list[Gate]) -> list[GateResult]:
    """Return the result of each gate."""
    return [GateResult(gate, measure(coverage, gate.folder)) for gate in gates]


def measure(coverage: "Coverage", folder: str) -> float | None:
    """Return the covered percentage of a folder or of the file of that name, or None if none of its lines was run."""
    data, places = coverage.get_data(), [Path(folder).absolute(), Path(f"{folder}.py").absolute()]
    files = [file for file in data.measured_files() if any(map(Path(file).absolute().is_relative_to, places))]
    if not any(data.lines(file) for file in files):
        return None
    return coverage.report(include=[f"{folder}/*", f"{folder}.py"], file=io.StringIO())


def is_whole_run(config: pytest.Config) -> bool:
    """Return whether the command line selects the whole suite: no path, -k, -m, --ignore, --last-failed ..."""
    # The tests that addopts in pytest.ini leaves out do not belong to the suite.
    defaults = config._parser.parse_known_args(config.getini("addopts"))
    narrowed = any(getattr(config.option, name, None) != getattr(defaults, name, None) for name in NARROWING)
    return config.args_source == pytest.Config.ArgsSource.TESTPATHS and not narrowed


def has_finished(session: pytest.Session) -> bool:
    """Return whether every test ran: Ctrl-C, -x or an error did not stop the run."""
    stopped = session.shouldstop or session.shouldfail
    return not stopped and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


def finished_coverage(config: pytest.Config) -> "Coverage | None":
    """Return the measurement of pytest-cov, or None in a worker and with --no-cov."""
    plugin = config.pluginmanager.getplugin("_cov")
    controller = getattr(plugin, "cov_controller", None)
    if hasattr(config, "workerinput") or controller is None or config.option.no_cov:
        return None
    coverage: Coverage | None = getattr(controller, "combining_cov", None) or controller.cov
    return coverage


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Check the gates after a run of the whole suite."""
    config = session.config
    coverage = finished_coverage(config)
    if coverage is None or not is_whole_run(config) or not has_finished(session):
        return
    config.stash[RESULTS] = results = compare(coverage, config.stash[GATES])
    if not all(result.passed for result in results) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the coverage of each module with its gate, or why the gates were not checked."""
    results = config.stash.get(RESULTS, None)
    if results is not None:
        write_table(terminalreporter, "coverage gates", HEADINGS, [result.row for result in results])
    elif not config.option.collectonly:
        terminalreporter.line(f"Coverage gates were not checked: {why_not_checked(config)}.")


def why_not_checked(config: pytest.Config) -> str:
    """Return why the gates do not apply to this run."""
    if not is_whole_run(config):
        return "only a part of the suite was selected"
    return "coverage was not measured" if finished_coverage(config) is None else "the run was stopped"


def check_file(root: Path, data_file: Path) -> list[GateResult]:
    """Compare a combined data file with the gates in the pytest.ini of `root`; raise UsageError if it cannot be read."""
    from coverage import Coverage
    from coverage.exceptions import CoverageException

    settings = read_settings(root)
    lines = filter(None, settings.get("coverage_gates", "").splitlines())
    service = find_service(root, settings.get("service_package", ""))
    gates = read_gates(service, lines, settings.get("coverage_total", "0"))
    if not data_file.is_file():
        raise pytest.UsageError(f"{data_file} does not exist: run `coverage combine` first.")
    coverage = Coverage(data_file=str(data_file))
    with closing(coverage.get_data()) as data:
        try:
            coverage.load()
        except CoverageException as error:
            raise pytest.UsageError(f"{data_file} is not a data file of coverage: {error}") from error
        if not data.measured_files():
            raise pytest.UsageError(f"{data_file} contains no data.")
        return compare(coverage, gates)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a combined data file; return the exit code: 0, 1 if a gate is missed, 2 if the file cannot be read."""
    description = "Compare a combined data file of coverage with the gates in pytest.ini."
    parser = argparse.ArgumentParser(prog="python -m tests.suite.gates", description=description)
    parser.add_argument("data_file", nargs="?", type=Path, default=Path(".coverage"), metavar="DATA_FILE")
    try:
        results = check_file(Path(), parser.parse_args(arguments).data_file)
    except pytest.UsageError as error:
        print(error, file=sys.stderr)
        return 2
    print(*align(HEADINGS, [result.row for result in results]), sep="\n")
    missed = [result.gate.name for result in results if not result.passed]
    if missed:
        print(f"Below their gate: {', '.join(missed)}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
