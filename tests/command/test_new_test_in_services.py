"""`phasework test` writes tests that pass and are clean, for every module and form of a service."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from phasework.new_test import DEFAULT_NAME, new_test, open_service
from tests.support.drawn import one_of
from tests.support.services import Service


# All modules of the catalog in one form, and the longest names in the other one.
@pytest.fixture(params=one_of("everything", "limits-async"))
def service(request: pytest.FixtureRequest, written: Callable[[str], Service], tmp_path: Path) -> Service:
    """A copy of a service that tests can write to."""
    return written(request.param).copy(tmp_path / "service")


def test_tests_are_clean_and_pass_until_the_service_is_broken(service: Service) -> None:
    for module in service.modules:
        new_test(open_service(service.folder), module, DEFAULT_NAME)
    files = sorted(path.relative_to(service.folder).as_posix() for path in service.folder.rglob("test_*_scenarios.py"))

    assert len(files) == len(service.modules)
    service.run("ruff", "check", ".")
    service.run("ruff", "format", "--check", "--diff", ".")
    service.check_types()
    service.run_suite("--no-cov", *files)

    break_lookup(service)
    output = service.run_suite("--no-cov", *files, expect=1)
    assert {*re.findall(r"^FAILED (\S+)::", output, re.MULTILINE)} == {*files}


def break_lookup(service: Service) -> None:
    """Make every service return another record instead of the requested one."""
    resource = service.folder / "src" / service.package / "core" / "resource.py"
    text = resource.read_text(encoding="utf-8")
    broken = text.replace(
        "select(self.model).where(self.model.id == record_id, *self._visible())",
        "select(self.model).where(self.model.id != record_id, *self._visible()).limit(1)",
        1,
    )
    assert broken != text
    resource.write_text(broken, encoding="utf-8")
