"""Fails integration and e2e tests that use the fixtures of pytest-mock, or replace code of the service.

ruff finds the imports of mocks: `banned-api` in `pyproject.toml`.
"""

import inspect
from collections.abc import Generator
from typing import Any
from unittest import mock

import pytest

from .service import service_of

TIERS = ("tests/e2e/", "tests/integration/")
MOCKERS = ("class_mocker", "mocker", "module_mocker", "package_mocker", "session_mocker")
INSTEAD = "Integration and e2e tests use no mocks. Use a real server, or write a unit test."


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Refuse `monkeypatch.setattr` on code of the service; the environment and other libraries may be changed."""
    if not item.nodeid.startswith(TIERS):
        return (yield)
    package = service_of(item.config).package
    replace = pytest.MonkeyPatch.setattr

    def checked(patch: pytest.MonkeyPatch, target: Any, *args: Any, **kwargs: Any) -> None:
        if _module_of(target).partition(".")[0] == package:
            pytest.fail(f"monkeypatch replaces code of {package}. {INSTEAD}")
        replace(patch, target, *args, **kwargs)

    with mock.patch.object(pytest.MonkeyPatch, "setattr", checked):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test that requests a fixture of pytest-mock."""
    used = [name for name in MOCKERS if name in getattr(item, "fixturenames", ())]
    if used and item.nodeid.startswith(TIERS):
        pytest.fail(f"The test uses {used[0]}. {INSTEAD}", pytrace=False)


def _module_of(target: Any) -> str:
    """Return the name of the module in which the target of `setattr` is defined."""
    if isinstance(target, str):
        return target
    if inspect.ismodule(target):
        return target.__name__
    return str(getattr(target if inspect.isclass(target) else type(target), "__module__", ""))
