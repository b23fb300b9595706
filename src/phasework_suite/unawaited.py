"""Fails a test that called an async mock without awaiting the call, and shows where other coroutines were created.

A test that forgot such a coroutine fails by `filterwarnings = error`, once it is freed: usually at once, but later if it is part
of a reference cycle.
"""

import sys
from collections.abc import Coroutine, Generator
from typing import Any

import pytest

FRAMES = 5
_calls: "list[MockCall]" = []


class MockCall(Coroutine[Any, Any, Any]):
    """A call of an async mock that records whether it was awaited."""

    def __init__(self, description: str, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.description = description
        self.awaited = False
        self._coroutine = coroutine
        _calls.append(self)

    def __await__(self) -> Generator[Any, Any, Any]:
        """Await the result of the mock."""
        self.awaited = True
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        """Continue the call: a task awaits it this way."""
        self.awaited = True
        return self._coroutine.send(value)

    def throw(self, *exception: Any) -> Any:
        """Raise an exception in the call, such as the cancellation of its task."""
        self.awaited = True
        return self._coroutine.throw(*exception)

    def close(self) -> None:
        """End the call without a result."""
        self._coroutine.close()


def pytest_configure() -> None:
    """Record where each coroutine is created, for the warning about it."""
    sys.set_coroutine_origin_tracking_depth(FRAMES)


def take_unawaited() -> list[str]:
    """Return the calls that were never awaited, and forget them: each is reported once."""
    calls, _calls[:] = [*_calls], []
    unawaited = [call for call in calls if not call.awaited]
    for call in unawaited:
        # Python warns about a coroutine when it frees it, maybe in a later test, unless it was closed.
        call.close()
    return [call.description for call in unawaited]


def _check() -> Generator[None, object, object]:
    try:
        result = yield
    except BaseException:
        # The test has failed already: report only that failure.
        take_unawaited()
        raise
    if unawaited := take_unawaited():
        pytest.fail(f"never awaited: {', '.join(unawaited)}", pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Check the calls of a test and of its fixtures."""
    return (yield from _check())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """Check the calls during the teardown of fixtures."""
    return (yield from _check())
