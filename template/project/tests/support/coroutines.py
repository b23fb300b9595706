"""Lets the warning about a coroutine that nobody awaited say where it was made.

It is `filterwarnings = error` that fails the test, once the coroutine is freed: mostly at once, but where it is part of a
reference cycle, in a later test.
"""

import sys

import pytest

FRAMES = 5


def pytest_configure() -> None:
    """Let every coroutine remember where it was made."""
    sys.set_coroutine_origin_tracking_depth(FRAMES)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Let them forget it again."""
    sys.set_coroutine_origin_tracking_depth(0)
