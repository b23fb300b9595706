"""Tests are marked by their folder, and counted by phase."""

import pytest

from phasework_suite.phases import tally
from phasework_suite.places import PHASES, TIERS
from phasework_suite.summary import Result

OPTIONS = ("-p", "phasework_suite.plugin", "-p", "phasework_suite.phases", "-p", "no:cacheprovider", "--assert=plain")
PASSING = "def test_passes():\n    pass"
FAILING = "def test_fails():\n    assert False"
HEADING = "phase * tests  passed  failed  seconds"


@pytest.fixture(autouse=True)
def service(shop: pytest.Pytester) -> None:
    """A service with a module `errands` in phase 2."""
    shop.makeini("[pytest]\nservice_package = shop")
    shop.makepyfile(
        **{
            "src/shop/modules/errands/service": "",
            "tests/unit/phase2/test_errands_service": PASSING,
            "tests/api/test_errands_api": FAILING,
            "tests/api/test_example_api": PASSING,
        }
    )


def test_marker_selects_the_tests_of_a_phase(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*OPTIONS, "-m", "phase2")

    result.assert_outcomes(passed=1, failed=1, deselected=1)


def test_marker_of_a_tier_imports_no_other_tier(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**{"tests/integration/test_broken": "raise RuntimeError"})

    result = pytester.runpytest_inprocess(*OPTIONS, "-m", "unit")

    result.assert_outcomes(passed=1)


def test_run_ends_with_a_row_per_phase(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*OPTIONS)

    result.stdout.fnmatch_lines([HEADING, "phase2 * 2       1       1 *", "other api * 1       1       0 *"])


def test_single_phase_has_no_table(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*OPTIONS, "tests/unit")

    result.stdout.no_fnmatch_line(HEADING)


def test_rows_are_phases_and_then_tiers() -> None:
    results = {
        "tests/e2e/test_booking.py::test": Result(seconds_in_all=2.04, passed=True),
        "tests/test_example.py::test": Result(),
        "tests/unit/core/test_clock.py::test": Result(seconds_in_all=0.06, passed=True),
        "tests/unit/phase9/test_parcels_service.py::test": Result(passed=True, failed=True),
        "tests/api/test_errands_api.py::test": Result(failed=True),
        "tests/unit/phase2/test_errands_service.py::test[1]": Result(seconds_in_all=0.2, passed=True),
        "tests/unit/phase2/test_errands_service.py::test[2]": Result(seconds_in_all=0.1, passed=True),
    }

    assert tally(results, {"errands": "phase2"}) == [
        ("phase2", "3", "2", "1", "0.3"),
        ("phase9", "1", "0", "1", "0.0"),
        ("other unit", "1", "1", "0", "0.1"),
        ("e2e", "1", "1", "0", "2.0"),
        ("other", "1", "0", "0", "0.0"),
    ]


@pytest.mark.parametrize("marker", [*TIERS, *PHASES])
def test_every_marker_is_registered(pytester: pytest.Pytester, marker: str) -> None:
    registered = {line.partition(":")[0] for line in pytester.parseconfigure(*OPTIONS).getini("markers")}

    assert marker in registered
