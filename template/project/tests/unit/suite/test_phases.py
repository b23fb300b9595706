"""Tests are marked by the folders that they lie in."""

import pytest

from tests.support.phases import PHASES, TESTS, TIERS, pytest_collection_modifyitems


class Example(pytest.Item):
    """A test that is never run."""

    def runtest(self) -> None:
        raise NotImplementedError


def markers_of(request: pytest.FixtureRequest, path: str) -> list[str]:
    item = Example.from_parent(request.session, name="example", path=TESTS / path)
    pytest_collection_modifyitems([item])
    return sorted(mark.name for mark in item.iter_markers())


@pytest.mark.parametrize(
    ("path", "markers"),
    [
        ("unit/phase2/test_example.py", ["phase2", "unit"]),
        ("unit/core/test_example.py", ["unit"]),
        ("api/test_example.py", ["api"]),
        ("e2e/test_example.py", ["e2e"]),
        ("unit/phase10/test_example.py", ["unit"]),
        ("support/unit.py", []),
        ("test_example.py", []),
    ],
)
def test_a_test_has_the_markers_of_its_folders(request: pytest.FixtureRequest, path: str, markers: list[str]) -> None:
    assert markers_of(request, path) == markers


def test_this_test_is_marked(request: pytest.FixtureRequest) -> None:
    assert [mark.name for mark in request.node.iter_markers()] == ["unit"]


@pytest.mark.parametrize("marker", [*TIERS, *PHASES])
def test_every_marker_is_registered(pytestconfig: pytest.Config, marker: str) -> None:
    registered = {line.partition(":")[0] for line in pytestconfig.getini("markers")}

    assert marker in registered
