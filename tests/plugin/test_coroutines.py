"""The warning about a coroutine that was never awaited says where it was created."""

import sys

import pytest

TEST = """
async def answer():
    return 42


def test_forgets():
    cycle = [answer()]
    cycle.append(cycle)


def test_innocent():
    import gc
    gc.collect()
"""


def test_warning_names_the_test_that_created_it(shop: pytest.Pytester) -> None:
    shop.makeini("[pytest]\nfilterwarnings = error")
    shop.makepyfile(TEST)

    result = shop.runpytest_inprocess("-p", "phasework_suite.unawaited", "--assert=plain")
    sys.set_coroutine_origin_tracking_depth(0)

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.re_match_lines([r".*coroutine 'answer' was never awaited", r".*in test_forgets"])
