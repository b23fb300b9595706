"""The names of the checks. Each is the module of that name, which is loaded when it is used."""

from functools import cache
from importlib import import_module

from .check import Check, Configurable
from .codemods import CODEMODS

CHECKS: tuple[str, ...] = (
    "patch_targets",
    "celery_calls",
    "mock_detector",
    "mock_classifier",
    "import_validator",
    "import_analyzer",
    "ratchet",
)


@cache
def load(name: str) -> Check:
    """Return the check with a name."""
    check = import_module(f".{name}", __package__).CHECK
    assert isinstance(check, Check)
    return check


def load_all() -> list[Check]:
    """Return all checks."""
    return [load(name) for name in CHECKS]


def configurable() -> list[Configurable]:
    """Return all that may have a table in the settings."""
    return [*load_all(), *CODEMODS]
