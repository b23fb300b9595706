"""What tests/test_utils.py offers, and what it must not do."""

import inspect

import pytest

from tests import test_utils

pytest_plugins = ["pytester"]


def test_everything_that_is_offered_is_described() -> None:
    offered = {name: getattr(test_utils, name) for name in test_utils.__all__}

    assert [name for name, helper in offered.items() if not inspect.getdoc(helper)] == []


def test_nothing_is_collected_from_it(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_imports="from tests.test_utils import *\n\n\ndef test_it():\n    pass")

    result = pytester.runpytest_inprocess("-W", "error")

    result.assert_outcomes(passed=1)
