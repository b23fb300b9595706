"""The names of the checks. Each is the module of that name, which is loaded when it is used."""

from functools import cache
from importlib import import_module

from .check import Check, Configurable
from .codemods import CODEMODS

CHECKS: tuple[str, ...] = (
    "patch_targets",
    "celery_calls",
    "mock_detector",
    "import_validator",
    "ratchet",
    "mock_classifier",
    "import_analyzer",
)
REPORTS = {"mock_classifier", "import_analyzer"}
"""The checks that only report. They are not loaded for a run of all that block."""


@cache
def load(name: str) -> Check:
    """Return the check with a name."""
    check = import_module(f".{name}", __package__).CHECK
    assert isinstance(check, Check)
    return check


def load_all() -> list[Check]:
    """Return all checks."""
    return [load(name) for name in CHECKS]


def load_blocking() -> list[Check]:
    """Return the checks that block."""
    return [load(name) for name in CHECKS if name not in REPORTS]


def find(name: str) -> Configurable | None:
    """Return the check or the codemod with a name: what may have a table in the settings."""
    return load(name) if name in CHECKS else next((each for each in CODEMODS if each.name == name), None)
