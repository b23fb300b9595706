"""Coroutines in plain test functions."""

import asyncio

import pytest

from phasework_suite.async_case import AsyncTestCase


async def add(first: int, second: int) -> int:
    await asyncio.sleep(0)
    return first + second


class TestCoroutines(AsyncTestCase):
    """What tests can do with the base class."""

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


def test_pending_task_fails_its_test(shop: pytest.Pytester) -> None:
    shop.makepyfile("""
        import asyncio

        from phasework_suite.async_case import AsyncTestCase


        async def wait_for_ever():
            await asyncio.Event().wait()


        class TestIt(AsyncTestCase):
            def test_it(self):
                async def start():
                    self.task = asyncio.create_task(wait_for_ever(), name="waiting")

                self.run(start())
    """)

    result = shop.runpytest_inprocess("-W", "error", "--assert=plain")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["still pending: waiting (wait_for_ever)"])
