"""The test that calls an async mock and does not await it fails, and no other."""

import asyncio

import pytest

from tests.support.mocks import ProperAsyncMock  # noqa: TID251
from tests.support.unawaited import take_unawaited

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "tests.support.unawaited", "-p", "no:randomly", "-W", "error")


@pytest.fixture
def write(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Writes a file of tests, which are run in this process."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def run(pytester: pytest.Pytester, *lines: str) -> pytest.RunResult:
    head = ["import asyncio, gc", "import pytest", "from tests.support.mocks import ProperAsyncMock", ""]
    pytester.makepyfile("\n".join([*head, *lines]))
    return pytester.runpytest_inprocess(*PLUGIN)


def test_a_call_that_is_not_awaited_fails_its_test_and_is_named(write: pytest.Pytester) -> None:
    result = run(
        write,
        "def test_first():",
        "    ProperAsyncMock(name='mailer').send('ada', subject='Hello')",
        "def test_second():",
        "    gc.collect()",
    )

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*test_first*", "never awaited: mailer.send('ada', subject='Hello')"])


def test_every_call_is_named(write: pytest.Pytester) -> None:
    result = run(write, "def test_it():", "    mock = ProperAsyncMock()", "    mock(1)", "    mock.child(2)")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["never awaited: ProperAsyncMock(1), mock.child(2)"])


def test_a_call_that_is_awaited_passes(write: pytest.Pytester) -> None:
    result = run(write, "def test_it():", "    asyncio.run(ProperAsyncMock()())")

    result.assert_outcomes(passed=1)


def test_a_call_of_a_fixture_is_judged_with_the_test(write: pytest.Pytester) -> None:
    result = run(
        write,
        "@pytest.fixture",
        "def forgotten():",
        "    ProperAsyncMock(name='mailer')()",
        "def test_it(forgotten):",
        "    pass",
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["never awaited: mailer()"])


def test_a_call_at_the_end_of_a_fixture_is_an_error(write: pytest.Pytester) -> None:
    result = run(
        write,
        "@pytest.fixture",
        "def forgotten():",
        "    yield",
        "    ProperAsyncMock(name='mailer')()",
        "def test_it(forgotten):",
        "    pass",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["never awaited: mailer()"])


def test_a_test_that_fails_tells_its_own_reason_alone(write: pytest.Pytester) -> None:
    result = run(write, "def test_it():", "    ProperAsyncMock()()", "    assert 'reason' == ''")

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*never awaited*")


def test_a_call_is_told_once() -> None:
    ProperAsyncMock(name="mailer")()

    assert take_unawaited() == ["mailer()"]
    assert take_unawaited() == []


def test_a_task_awaits_the_call_that_it_is_made_of() -> None:
    async def start() -> str:
        task: asyncio.Task[str] = asyncio.create_task(ProperAsyncMock(return_value="sent")())
        return await task

    assert asyncio.run(start()) == "sent"
    assert take_unawaited() == []


def test_a_call_may_be_cancelled_while_it_runs() -> None:
    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    async def cancel() -> None:
        call = ProperAsyncMock(side_effect=wait_for_ever)()
        async with asyncio.timeout(0):
            await asyncio.ensure_future(call)

    with pytest.raises(TimeoutError):
        asyncio.run(cancel())
    assert take_unawaited() == []
