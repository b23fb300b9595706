"""Nothing is lost, happens twice or fails under races, overload and outages: the short form of `make faults`."""

from collections.abc import Callable

import pytest

from benchmarks.faults import play_all
from tests.support.drawn import one_of
from tests.support.services import Service


@pytest.mark.parametrize("case", one_of("defaults", "async"))
def test_races_overload_and_outages_do_no_harm(written: Callable[[str], Service], case: str) -> None:
    plays = play_all(written(case), scale=1)

    assert {name: play for name, play in plays.items() if not play.holds} == {}
    assert len(plays) == 9
