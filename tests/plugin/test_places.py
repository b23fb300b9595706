"""The tier and the phase of a test follow from the path of its file."""

from pathlib import Path

import pytest

from phasework_suite.places import Place, find_place, read_phases
from phasework_suite.service import Service

PHASES_OF_MODULES = {"errands": "phase2", "errands_old": "phase3"}


@pytest.mark.parametrize(
    ("nodeid", "place"),
    [
        ("tests/unit/phase2/test_example.py::test_example", Place("unit", "phase2")),
        ("tests/unit/phase2/deeper/test_example.py", Place("unit", "phase2")),
        ("tests/unit/phase10/test_example.py", Place("unit", None)),
        ("tests/unit/core/test_errands_service.py", Place("unit", None)),
        ("tests/unit/test_example.py", Place("unit", None)),
        ("tests/api/test_errands_api.py", Place("api", "phase2")),
        ("tests/api/test_errands_old_api.py::test_example[tests/unit::x]", Place("api", "phase3")),
        ("tests/api/test_example_api.py", Place("api", None)),
        ("tests/api/core/test_errands_of_core.py", Place("api", None)),
        ("tests/integration/test_errands_flow.py", Place("integration", None)),
        ("tests/e2e/test_example.py", Place("e2e", None)),
        ("tests/support/unit.py", Place(None, None)),
        ("tests/test_example.py", Place(None, None)),
        ("src/unit/test_example.py", Place(None, None)),
        ("test_example.py", Place(None, None)),
    ],
)
def test_place_follows_from_the_path(nodeid: str, place: Place) -> None:
    assert find_place(nodeid, PHASES_OF_MODULES) == place


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A service with the modules `errands`, `errands_old` and `parcels`; the last one has no tests."""
    for module in ("errands", "errands_old", "parcels"):
        (tmp_path / "src/shop/modules" / module).mkdir(parents=True)
        (tmp_path / "src/shop/modules" / module / "service.py").touch()
    (tmp_path / "src/shop/modules/deleted/__pycache__").mkdir(parents=True)
    for file in ("phase2/test_errands_rules.py", "phase3/test_errands_old_service.py", "phase3/test_errands_late.py"):
        path = tmp_path / "tests/unit" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return Service(tmp_path, "shop")


def test_modules_are_folders_with_code(service: Service) -> None:
    assert service.modules == ["errands", "errands_old", "parcels"]


def test_phase_of_a_module_is_the_first_with_tests(service: Service) -> None:
    assert read_phases(service) == {"errands": "phase2", "errands_old": "phase3"}


def test_service_without_modules_has_no_phases(tmp_path: Path) -> None:
    assert read_phases(Service(tmp_path, "shop")) == {}
