"""How the time budgets judge a run."""

import pytest

from tests.support.budgets import Timing, read_budgets, time_tests, time_tiers
from tests.support.summary import Result

pytest_plugins = ["pytester"]

OPTIONS = ("-p", "tests.support.budgets", "-p", "no:cacheprovider", "--assert=plain")
# The clock of pytest goes on by hand: a test that slept would be slow itself.
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
def service(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A service with a unit test that takes 0.2 s, with its fixtures 8.2 s."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(CLOCK)
    pytester.makepyfile(**{"tests/unit/test_example": "def test_example():\n    pass"})
    return pytester


def write_ini(pytester: pytest.Pytester, test: str = "unit: 1 s", suite: str = "unit: 1000 s") -> None:
    pytester.makeini(f"[pytest]\ntest_budgets =\n    {test}\nsuite_budgets =\n    {suite}\n")


def test_a_test_has_the_budget_of_its_tier() -> None:
    assert time_tests(RESULTS, {"unit": 0.1, "api": 9}) == [
        Timing("tests/unit/phase1/test_errands_service.py::test_a", 0.25, 0.1),
        Timing("tests/unit/core/test_clock.py::test_b", 0.1, 0.1),
        Timing("tests/e2e/test_booking.py::test_c", 5, None),
        Timing("tests/test_example.py::test_d", 1, None),
    ]


def test_a_tier_takes_what_its_tests_and_their_fixtures_take() -> None:
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
def test_what_is_over_its_budget_shows_as_more(seconds: float, budget: float | None, row: tuple[str, ...]) -> None:
    timing = Timing("test", seconds, budget)

    assert timing.row == row


def test_budgets_are_milliseconds_or_seconds(pytester: pytest.Pytester) -> None:
    write_ini(pytester, "unit: 100 ms\n    e2e : 2.5s")

    assert read_budgets(pytester.parseconfig(*OPTIONS), "test_budgets") == {"unit": 0.1, "e2e": 2.5}


@pytest.mark.parametrize("line", ["unit", "unit: fast", "unit: -1 s", "unit: 5", "unit: 5 m", "phase1: 5 s"])
def test_a_line_that_is_no_budget_is_refused_by_name(service: pytest.Pytester, line: str) -> None:
    write_ini(service, suite=line)

    result = service.runpytest_inprocess(*OPTIONS)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: pytest.ini: suite_budgets holds '{line}'; *as in 'unit: 100 ms'*"])


def test_a_line_that_is_no_budget_of_a_test_is_refused_too(service: pytest.Pytester) -> None:
    write_ini(service, test="unit")

    result = service.runpytest_inprocess(*OPTIONS)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: pytest.ini: test_budgets holds 'unit'; *"])


def test_a_run_within_its_budgets_passes(service: pytest.Pytester) -> None:
    write_ini(service)

    result = service.runpytest_inprocess(*OPTIONS, "--budgets")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*slowest tests*")


@pytest.mark.parametrize(
    ("test", "suite", "line"),
    [
        ("unit: 199 ms", "unit: 9 s", "0.200 s  0.199 s  OVER     tests/unit/test_example.py::test_example"),
        ("unit: 200 ms", "unit: 8 s", "8.200 s  8.000 s  OVER     all unit tests"),
    ],
)
def test_a_run_over_a_budget_fails_when_budgets_are_enforced(
    service: pytest.Pytester,
    test: str,
    suite: str,
    line: str,
) -> None:
    write_ini(service, test, suite)

    result = service.runpytest_inprocess(*OPTIONS, "--budgets")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([line, "Over budget: 1; the run fails."])


def test_subtests_are_no_tests_of_their_own(service: pytest.Pytester) -> None:
    write_ini(service, suite="unit: 8.3 s")
    body = "def test_example(subtests):\n    with subtests.test():\n        pass"
    service.makepyfile(**{"tests/unit/test_example": body})

    result = service.runpytest_inprocess(*OPTIONS, "--budgets")

    assert result.ret == pytest.ExitCode.OK


def test_a_run_over_a_budget_passes_when_budgets_are_not_enforced(service: pytest.Pytester) -> None:
    write_ini(service, "unit: 199 ms")

    result = service.runpytest_inprocess(*OPTIONS)

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*OVER*::test_example", "Over budget: 1; --budgets shows each, and fails the run."])


@pytest.mark.parametrize(
    ("budget", "options", "shown"),
    [
        ("1 s", [], 5),
        ("199 ms", [], 5),
        ("199 ms", ["--budgets"], 6),
    ],
)
def test_the_slowest_of_more_tests_are_shown(
    service: pytest.Pytester,
    budget: str,
    options: list[str],
    shown: int,
) -> None:
    write_ini(service, f"unit: {budget}")
    service.makepyfile(**{"tests/unit/test_example": "\n".join(f"def test_{n}(): pass" for n in range(6))})

    result = service.runpytest_inprocess(*OPTIONS, *options)

    assert len([line for line in result.outlines if line.startswith("0.200 s")]) == shown
