"""The tier and the phase of a test: both follow from the path of its file."""

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

# This file is also imported without pytest.
if TYPE_CHECKING:
    from .service import Service

TIERS = ("unit", "api", "integration", "e2e", "performance")
PHASES = tuple(f"phase{number}" for number in range(1, 10))
# In these tiers each test belongs to one module; tests of the others cross modules and phases.
PHASED_TIERS = ("unit", "api")


class Place(NamedTuple):
    """The tier and the phase of a test; None where it has none."""

    tier: str | None
    phase: str | None

    @property
    def label(self) -> str:
        """The row of the summary in which the test is counted."""
        if self.phase:
            return self.phase
        return f"other {self.tier}" if self.tier in PHASED_TIERS else self.tier or "other"


LABELS = (*PHASES, *(Place(tier, None).label for tier in TIERS), Place(None, None).label)


def read_phases(service: "Service") -> dict[str, str]:
    """Return the phase of each module that has unit tests: the folder of these tests."""
    modules = service.modules
    phases: dict[str, str] = {}
    for file in sorted(service.root.glob("tests/unit/phase[1-9]/**/test_*.py")):
        module = find_module(file.name, modules)
        if module:
            phases.setdefault(module, file.relative_to(service.root).parts[2])
    return phases


def find_module(file: str, modules: Iterable[str]) -> str | None:
    """Return the module that `test_<module>_*.py` is about; if two names match, the longer one."""
    return max((module for module in modules if file.startswith(f"test_{module}_")), key=len, default=None)


def find_place(nodeid: str, phases: Mapping[str, str]) -> Place:
    """Return the place of a test, given its node id or the path of its file, and the phase of each module."""
    root, *folders = PurePath(nodeid.partition("::")[0]).parts
    if root != "tests" or folders[0] not in TIERS:
        return Place(None, None)
    tier, *below, file = folders
    if tier != "api":
        return Place(tier, next((folder for folder in below if folder in PHASES), None))
    if "core" in below:
        return Place(tier, None)
    return Place(tier, phases.get(find_module(file, phases) or ""))
