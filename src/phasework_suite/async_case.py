"""A base class for plain test functions that run coroutines."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class AsyncTestCase:
    """Runs coroutines in an event loop of each test: `self.run(coroutine)`.

    A task that is still pending at the end of the test fails it.
    """

    _runner: asyncio.Runner

    @pytest.fixture(autouse=True)
    def _event_loop_of_the_test(self) -> Iterator[None]:
        """Create the event loop, and report pending tasks."""
        with asyncio.Runner() as runner:
            self._runner = runner
            yield
            pending = sorted(_describe(task) for task in asyncio.all_tasks(runner.get_loop()))
        if pending:
            pytest.fail(f"still pending: {', '.join(pending)}", pytrace=False)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return its result."""
        return self._runner.run(coroutine)


def _describe(task: asyncio.Task[Any]) -> str:
    return f"{task.get_name()} ({getattr(task.get_coro(), '__qualname__', task.get_coro())})"
