"""The changes of code that `phasework codemod` offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Codemod:
    """A change of code. Its module is named like it and has the function `rewrite`."""

    name: str
    summary: str
    needs: tuple[bytes, ...]
    """Regular expressions that a file must all contain, or it is not parsed."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The keys of `[tool.phasework.NAME]`, with their defaults."""


CODEMODS = (
    Codemod(
        "utcnow",
        "Make datetime.utcnow() and utcfromtimestamp() aware: datetime.now(UTC), fromtimestamp(..., tz=UTC).",
        (rb"utcnow|utcfromtimestamp",),
    ),
    Codemod(
        "async_session",
        "Replace bare AsyncMock() and MagicMock() sessions of SQLAlchemy by mocks that know what a session can do.",
        (rb"Mock\(\)", rb"session|db\b", rb"commit|execute|scalar|flush|refresh|rollback|add\b|AsyncSession"),
        {"helper": ""},
    ),
)
