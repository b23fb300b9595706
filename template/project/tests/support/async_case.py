"""A base class for tests of coroutines that are plain functions themselves."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class AsyncTestCase:
    """Runs coroutines on a loop of each test's own: `self.run(coroutine)`.

    A task that is left pending at the end fails the test, and is named.
    """

    _runner: asyncio.Runner

    @pytest.fixture(autouse=True)
    def _own_loop(self) -> Iterator[None]:
        with asyncio.Runner() as runner:
            self._runner = runner
            yield
            pending = sorted(_describe(task) for task in asyncio.all_tasks(runner.get_loop()))
        if pending:
            pytest.fail(f"left pending: {', '.join(pending)}", pytrace=False)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, and return its result."""
        return self._runner.run(coroutine)


def _describe(task: asyncio.Task[Any]) -> str:
    return f"{task.get_name()} ({getattr(task.get_coro(), '__qualname__', task.get_coro())})"
