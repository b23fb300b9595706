"""What a run of pytest makes of the helpers for the authors of tests."""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run without the plugins that are installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_nothing_is_collected_from_their_module(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_imports="from tests.test_utils import *\n\n\ndef test_it():\n    pass")

    result = pytester.runpytest_inprocess("-W", "error")

    result.assert_outcomes(passed=1)


def test_a_class_has_to_name_its_service(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        import pytest


        @pytest.fixture
        def nothing():
            pass


        db_session = event_bus = organisation = published_events = nothing
    """)
    pytester.makepyfile("""
        from tests.support.service_case import ServiceTestCase


        class TestParcels(ServiceTestCase):
            def test_it(self):
                pass
    """)

    result = pytester.runpytest_inprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["TestParcels has to name its service_class"])


def test_a_task_that_is_left_pending_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import asyncio

        from tests.support.async_case import AsyncTestCase


        async def wait_for_ever():
            await asyncio.Event().wait()


        class TestIt(AsyncTestCase):
            def test_it(self):
                async def start():
                    self.task = asyncio.create_task(wait_for_ever(), name="waiting")

                self.run(start())
    """)

    result = pytester.runpytest_inprocess("-W", "error")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["left pending: waiting (wait_for_ever)"])
