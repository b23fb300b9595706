"""Small projects that the plugin runs in."""

from pathlib import Path

import pytest

from tests.plugin.projects import Project, write_project


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with an empty service, whose tests run in this process, without installed plugins."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.mkdir("src").joinpath("shop").mkdir()
    return pytester


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with the whole plugin, whose tests run in a separate process."""
    return write_project(tmp_path / "project")


@pytest.fixture
def unit_project(tmp_path: Path) -> Project:
    """The same project with unit tests only: its runs start no server."""
    return write_project(tmp_path / "project", with_database=False)
