"""Waiting for a state, with a limit."""

import pytest

from phasework_suite.waiting import wait_for


def test_state_that_comes_later_is_returned() -> None:
    looks = iter([None, "", "ready"])

    assert wait_for(lambda: next(looks), "the program") == "ready"
    assert next(looks, None) is None


def test_state_that_never_comes_is_reported() -> None:
    with pytest.raises(TimeoutError, match=r"^Waited 0 s for the program\.$"):
        wait_for(lambda: None, "the program", timeout=0)


def test_state_that_is_there_needs_no_time() -> None:
    assert wait_for(lambda: True, "the program", timeout=-1)
