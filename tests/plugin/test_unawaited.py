"""A test that calls an async mock without awaiting the call fails, and no other test does."""

import asyncio

import pytest

from phasework_suite.unawaited import MockCall, take_unawaited

# The mock of a service returns such calls: phasework_suite/mocks.py.
MOCK = """
import asyncio
import gc

import pytest
from phasework_suite.unawaited import MockCall


async def nothing():
    pass


def send(name):
    return MockCall(f"mailer.send('{name}')", nothing())


"""


async def sent() -> str:
    return "sent"


def run(shop: pytest.Pytester, tests: str) -> pytest.RunResult:
    shop.makepyfile(MOCK + tests)
    return shop.runpytest_inprocess("-p", "phasework_suite.unawaited", "--assert=plain", "-W", "error")


def test_unawaited_call_fails_its_test(shop: pytest.Pytester) -> None:
    result = run(shop, "def test_first():\n    send('ada')\n\ndef test_second():\n    gc.collect()")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*test_first*", "never awaited: mailer.send('ada')"])


def test_all_unawaited_calls_are_named(shop: pytest.Pytester) -> None:
    result = run(shop, "def test_it():\n    send('ada')\n    send('bob')")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["never awaited: mailer.send('ada'), mailer.send('bob')"])


def test_awaited_call_passes(shop: pytest.Pytester) -> None:
    result = run(shop, "def test_it():\n    asyncio.run(send('ada'))")

    result.assert_outcomes(passed=1)


def test_call_in_a_fixture_fails_the_test(shop: pytest.Pytester) -> None:
    result = run(shop, "@pytest.fixture\ndef forgotten():\n    send('ada')\n\ndef test_it(forgotten):\n    pass")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["never awaited: mailer.send('ada')"])


def test_call_in_a_teardown_is_an_error(shop: pytest.Pytester) -> None:
    fixture = "@pytest.fixture\ndef forgotten():\n    yield\n    send('ada')\n\n"
    result = run(shop, f"{fixture}def test_it(forgotten):\n    pass")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["never awaited: mailer.send('ada')"])


def test_failing_test_shows_only_its_own_error(shop: pytest.Pytester) -> None:
    result = run(shop, "def test_it():\n    send('ada')\n    assert 'reason' == ''")

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*never awaited*")


def test_call_is_reported_once() -> None:
    MockCall("mailer()", sent())

    assert take_unawaited() == ["mailer()"]
    assert take_unawaited() == []


def test_task_awaits_the_call_that_it_runs() -> None:
    async def start() -> str:
        task: asyncio.Task[str] = asyncio.create_task(MockCall("mailer()", sent()))
        return await task

    assert asyncio.run(start()) == "sent"
    assert take_unawaited() == []


def test_cancelled_call_counts_as_awaited() -> None:
    async def cancel() -> None:
        call = MockCall("wait()", asyncio.Event().wait())
        async with asyncio.timeout(0):
            await asyncio.ensure_future(call)

    with pytest.raises(TimeoutError):
        asyncio.run(cancel())
    assert take_unawaited() == []
