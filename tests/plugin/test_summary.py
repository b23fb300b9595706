"""The parts of the tables at the end of a run."""

from typing import Literal

import pytest

from phasework_suite.summary import Result, align

Step = tuple[Literal["setup", "call", "teardown"], Literal["passed", "failed", "skipped"], float]


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    lines = align((">time", "test"), [("0.1", "test_a"), ("100.25", "-")])

    assert lines == [
        "  time  test",
        "   0.1  test_a",
        "100.25  -",
    ]


@pytest.mark.parametrize(
    ("steps", "result"),
    [
        (
            [("setup", "passed", 1.0), ("call", "passed", 2.0), ("teardown", "passed", 4.0)],
            Result(seconds=2, seconds_in_all=7, passed=True),
        ),
        ([("setup", "passed", 1.0), ("call", "failed", 2.0)], Result(seconds=2, seconds_in_all=3, failed=True)),
        ([("setup", "failed", 1.0), ("teardown", "passed", 1.0)], Result(seconds_in_all=2, failed=True)),
        (
            [("call", "passed", 2.0), ("teardown", "failed", 1.0)],
            Result(seconds=2, seconds_in_all=3, passed=True, failed=True),
        ),
        ([("setup", "skipped", 1.0)], Result(seconds_in_all=1)),
    ],
)
def test_result_adds_up_the_reports(steps: list[Step], result: Result) -> None:
    added = Result()

    for when, outcome, duration in steps:
        added.add(pytest.TestReport("test", ("test.py", 1, "test"), {}, outcome, None, when, duration=duration))

    assert added == result
