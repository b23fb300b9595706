"""The check finds mocks in integration and e2e tests."""

from errno import EACCES
from pathlib import Path

import pytest

from hooks.mock_policy import main

from .conftest import Project

MOCKS = {
    "from unittest.mock import AsyncMock, patch": "unittest.mock.AsyncMock",
    "from unittest import mock\nmock.patch('a.b')": "unittest.mock",
    "import unittest.mock\nunittest.mock.Mock()": "unittest.mock",
    "from tests.test_utils import create_mock_service": "tests.test_utils.create_mock_service",
    "from ..test_utils import ProperAsyncMock": "test_utils.ProperAsyncMock",
    "def test_it(mocker): ...": "mocker",
}
NO_MOCKS = [
    "from unittest.mock import ANY",
    "from unittest import mock\nassert x == mock.ANY",
    "from tests.test_utils import TenantContext",
    "def test_it(monkeypatch): monkeypatch.setenv('A', '1')",
    "from unittest.mock import Mock  # mock-policy: allow, a clock has no loopback",
    "this is no Python",
]


@pytest.mark.parametrize("folder", ["tests/integration", "tests/e2e", "tests/integration/concurrency"])
@pytest.mark.parametrize(("source", "name"), MOCKS.items())
def test_a_mock_is_found(
    project: Project, capsys: pytest.CaptureFixture[str], folder: str, source: str, name: str
) -> None:
    project.write(f"{folder}/test_it.py", source)

    assert main([]) == 1
    assert f": {name} is a mock in {folder}: " in capsys.readouterr().out


def test_message_names_the_mock_and_the_alternative(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("tests/e2e/test_it.py", "x = 1\nfrom unittest.mock import Mock")

    main([])

    assert capsys.readouterr().out == (
        "tests/e2e/test_it.py:2:1: unittest.mock.Mock is a mock in tests/e2e: use real servers here (on 127.0.0.1), "
        "or write a unit test.\n"
    )


@pytest.mark.parametrize("source", NO_MOCKS)
def test_nothing_else_is_found(project: Project, capsys: pytest.CaptureFixture[str], source: str) -> None:
    project.write("tests/integration/test_it.py", source)

    assert main([]) == 0
    assert capsys.readouterr().out == ""


def test_unit_tests_may_mock(project: Project) -> None:
    project.write("tests/unit/test_it.py", "from unittest.mock import Mock")

    assert main([]) == 0


def test_only_the_named_files_are_read(project: Project) -> None:
    project.write("tests/e2e/test_mocks.py", "from unittest.mock import Mock")
    project.write("tests/e2e/test_it.py", "")

    assert main(["tests/e2e/test_it.py"]) == 0
    assert main(["tests/e2e/test_mocks.py"]) == 1


@pytest.mark.parametrize("name", ["tests/e2e/test_typo.py", "tests"])
def test_missing_file_is_reported(project: Project, capsys: pytest.CaptureFixture[str], name: str) -> None:
    project.write("tests/e2e/test_it.py", "")

    assert main([name]) == 2
    assert capsys.readouterr().err == f"{name} is not a file.\n"


def test_unreadable_file_is_reported(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("tests/e2e/test_it.py", "")

    def read_bytes(file: Path) -> bytes:
        raise PermissionError(EACCES, "Permission denied", str(file))

    monkeypatch.setattr(Path, "read_bytes", read_bytes)

    assert main([]) == 2
    assert capsys.readouterr().err == "tests/e2e/test_it.py: Permission denied.\n"


def test_folders_and_broken_links_are_skipped(project: Project) -> None:
    (project.folder / "link.py").symlink_to("nowhere.py")
    (project.folder / "folder.py").mkdir()

    assert main([]) == 0


def test_folder_may_be_chosen(project: Project) -> None:
    project.write("system/test_it.py", "from unittest.mock import Mock")

    assert main([]) == 0
    assert main(["--folder", "system"]) == 1
