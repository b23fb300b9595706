"""Fails the test that called an async mock and did not await the call."""

from collections.abc import Coroutine, Generator
from typing import Any

import pytest

_calls: "list[MockCall]" = []


class MockCall(Coroutine[Any, Any, Any]):
    """A call of an async mock, which knows whether it was awaited."""

    def __init__(self, description: str, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.description = description
        self.awaited = False
        self._coroutine = coroutine
        _calls.append(self)

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return what the mock was told to return."""
        self.awaited = True
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        """Go on with the call: this is how a task awaits it."""
        self.awaited = True
        return self._coroutine.send(value)

    def throw(self, *exception: Any) -> Any:
        """Raise an exception in the call, such as the cancellation of its task."""
        self.awaited = True
        return self._coroutine.throw(*exception)

    def close(self) -> None:
        """End the call without a result."""
        self._coroutine.close()


def take_unawaited() -> list[str]:
    """Return the calls that nobody awaited, and forget them: each is told once."""
    calls, _calls[:] = [*_calls], []
    unawaited = [call for call in calls if not call.awaited]
    for call in unawaited:
        # What was closed is not warned about when it is collected, some tests later.
        call.close()
    return [call.description for call in unawaited]


def _judge() -> Generator[None, object, object]:
    try:
        result = yield
    except BaseException:
        # What failed has told its reason already.
        take_unawaited()
        raise
    if unawaited := take_unawaited():
        pytest.fail(f"never awaited: {', '.join(unawaited)}", pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Judge the calls of a test and of its fixtures."""
    return (yield from _judge())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """Judge the calls that fixtures make at their end."""
    return (yield from _judge())
