"""Coroutines in plain test functions."""

import asyncio

import pytest

from tests.test_utils import AsyncTestCase


async def add(first: int, second: int) -> int:
    await asyncio.sleep(0)
    return first + second


class TestCoroutines(AsyncTestCase):
    """What a test of the base class may do."""

    def test_a_coroutine_is_run_to_its_end(self) -> None:
        assert self.run(add(1, 2)) == 3

    def test_an_exception_reaches_the_test(self) -> None:
        with pytest.raises(TypeError):
            self.run(add(1, "2"))  # type: ignore[arg-type]

    def test_a_task_may_be_awaited_later(self) -> None:
        async def start() -> asyncio.Task[int]:
            return asyncio.create_task(add(1, 2))

        async def finish(task: asyncio.Task[int]) -> int:
            return await task

        assert self.run(finish(self.run(start()))) == 3
