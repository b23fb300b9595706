"""Time budgets: how they are read, shown and enforced."""

import pytest

from phasework_suite.budgets import Timing, read_budgets, time_tests, time_tiers
from phasework_suite.summary import Result

OPTIONS = ("-p", "phasework_suite.plugin", "-p", "phasework_suite.budgets", "-p", "no:cacheprovider", "--assert=plain")
# Sets the times that pytest reports: no test has to sleep.
CLOCK = """
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    report.duration = {"setup": 4.0, "call": 0.2, "teardown": 4.0}[report.when]
    return report
"""
RESULTS = {
    "tests/unit/phase1/test_errands_service.py::test_a": Result(seconds=0.25, seconds_in_all=1.5),
    "tests/unit/core/test_clock.py::test_b": Result(seconds=0.1, seconds_in_all=0.5),
    "tests/e2e/test_booking.py::test_c": Result(seconds=5, seconds_in_all=8),
    "tests/test_example.py::test_d": Result(seconds=1, seconds_in_all=1),
}


@pytest.fixture
def service(shop: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A service with a unit test that takes 0.2 s, and 8.2 s with its fixtures."""
    shop.makeconftest(CLOCK)
    monkeypatch.setattr("phasework_suite.budgets.measure_slowdown", lambda: 1.0)
    monkeypatch.setattr("phasework_suite.budgets.waited_for_processor", lambda: 0.0)
    shop.makepyfile(**{"tests/unit/test_example": "def test_example():\n    pass"})
    return shop


def write_ini(pytester: pytest.Pytester, test: str = "unit: 1 s", suite: str = "unit: 1000 s") -> None:
    pytester.makeini(f"[pytest]\nservice_package = shop\ntest_budgets =\n    {test}\nsuite_budgets =\n    {suite}\n")


def test_test_has_the_budget_of_its_tier() -> None:
    assert time_tests(RESULTS, {"unit": 0.1, "api": 9}) == [
        Timing("tests/unit/phase1/test_errands_service.py::test_a", 0.25, 0.1),
        Timing("tests/unit/core/test_clock.py::test_b", 0.1, 0.1),
        Timing("tests/e2e/test_booking.py::test_c", 5, None),
        Timing("tests/test_example.py::test_d", 1, None),
    ]


def test_times_are_those_of_an_idle_machine() -> None:
    results = {"tests/unit/test_a.py::test_a": Result(seconds=0.5, seconds_in_all=3, slowdown=2)}

    assert time_tests(results, {"unit": 0.1}) == [Timing("tests/unit/test_a.py::test_a", 0.25, 0.1)]
    assert time_tiers(results, {}) == [Timing("all unit tests", 1.5, None)]


def test_busy_machine_is_no_fault(service: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phasework_suite.budgets.measure_slowdown", lambda: 2.0)
    write_ini(service, "unit: 101 ms", "unit: 4.2 s")

    result = service.runpytest_inprocess(*OPTIONS, "--budgets")

    assert result.ret == pytest.ExitCode.OK


def test_time_of_a_tier_includes_fixtures() -> None:
    assert time_tiers(RESULTS, {"unit": 1.9}) == [
        Timing("all unit tests", 2.0, 1.9),
        Timing("all e2e tests", 8, None),
    ]


@pytest.mark.parametrize(
    ("seconds", "budget", "row"),
    [
        (0.1, 0.1, ("0.100 s", "0.100 s", "ok", "test")),
        (0.10001, 0.1, ("0.101 s", "0.100 s", "OVER", "test")),
        (5, None, ("5.000 s", "-", "ok", "test")),
    ],
)
def test_times_are_rounded_up(seconds: float, budget: float | None, row: tuple[str, ...]) -> None:
    timing = Timing("test", seconds, budget)

    assert timing.row == row


def test_units_are_milliseconds_and_seconds(service: pytest.Pytester) -> None:
    write_ini(service, "unit: 100 ms\n    e2e : 2.5s")

    assert read_budgets(service.parseconfig(*OPTIONS), "test_budgets") == {"unit": 0.1, "e2e": 2.5}


@pytest.mark.parametrize("line", ["unit", "unit: fast", "unit: -1 s", "unit: 5", "unit: 5 m", "phase1: 5 s"])
def test_invalid_budget_of_a_tier_is_refused(service: pytest.Pytester, line: str) -> None:
    write_ini(service, suite=line)

    result = service.runpytest_inprocess(*OPTIONS)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: pytest.ini: suite_budgets has the line '{line}'; *as in 'unit: 100 ms'*"])


def test_invalid_budget_of_a_test_is_refused(service: pytest.Pytester) -> None:
    write_ini(service, test="unit")

    result = service.runpytest_inprocess(*OPTIONS)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: pytest.ini: test_budgets has the line 'unit'; *"])


def test_run_within_its_budgets_passes(service: pytest.Pytester) -> None:
    write_ini(service)

    result = service.runpytest_inprocess(*OPTIONS, "--budgets")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*slowest tests*")


@pytest.mark.parametrize(
    ("test", "suite", "line"),
    [
        ("unit: 199 ms", "unit: 9 s", "0.200 s  0.199 s  OVER    tests/unit/test_example.py::test_example"),
        ("unit: 200 ms", "unit: 8 s", "8.200 s  8.000 s  OVER    all unit tests"),
    ],
)
def test_run_over_a_budget_fails_with_the_option(
    service: pytest.Pytester,
    test: str,
    suite: str,
    line: str,
) -> None:
    write_ini(service, test, suite)

    result = service.runpytest_inprocess(*OPTIONS, "--budgets")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([line, "Over budget: 1; the run fails."])


def test_subtests_do_not_count_as_tests(service: pytest.Pytester) -> None:
    write_ini(service, suite="unit: 8.3 s")
    body = "def test_example(subtests):\n    with subtests.test():\n        pass"
    service.makepyfile(**{"tests/unit/test_example": body})

    result = service.runpytest_inprocess(*OPTIONS, "--budgets")

    assert result.ret == pytest.ExitCode.OK


def test_run_over_a_budget_passes_without_the_option(service: pytest.Pytester) -> None:
    write_ini(service, "unit: 199 ms")

    result = service.runpytest_inprocess(*OPTIONS)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["*OVER*::test_example", "Over budget: 1; use --budgets to list all of them and to fail the run."]
    )


@pytest.mark.parametrize(
    ("budget", "options", "shown"),
    [
        ("1 s", [], 5),
        ("199 ms", [], 5),
        ("199 ms", ["--budgets"], 6),
    ],
)
def test_slowest_tests_are_shown(
    service: pytest.Pytester,
    budget: str,
    options: list[str],
    shown: int,
) -> None:
    write_ini(service, f"unit: {budget}")
    service.makepyfile(**{"tests/unit/test_example": "\n".join(f"def test_{n}(): pass" for n in range(6))})

    result = service.runpytest_inprocess(*OPTIONS, *options)

    assert len([line for line in result.outlines if line.startswith("0.200 s")]) == shown
