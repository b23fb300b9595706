"""What a check is, and what it finds."""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from .project import Project
    from .source import Source

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
"""From the worst to the mildest. Notes never fail a run and are printed on request."""

Scan = Callable[["Source"], Any]
"""Reads the facts of one file, or None. A function of a module, because it runs in other processes. It looks at nothing
but this file, so that its result can be stored."""

Place = tuple[int, int, int]
"""The line and column of a node, counted from 1, and its last line."""

Positioned = ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias | ast.ExceptHandler


class Unusable(Exception):
    """A check cannot run; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found at one place."""

    path: str
    """Relative to the root of the project, with forward slashes."""
    line: int
    column: int
    """Both counted from 1."""
    message: str
    hint: str = ""
    """What to do about it."""
    level: Level | None = None
    """None means an error if the check blocks, else a warning."""
    verdict: str = ""
    """A word for programs that read the report."""
    key: str = ""
    """What stays the same when lines move; the message if empty."""
    end_line: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)
    """More for programs that read the report; types of JSON only."""
    check: str = ""
    """The name of the check, which the run fills in."""

    @property
    def last_line(self) -> int:
        """The last line of the code that was found."""
        return self.end_line or self.line

    @property
    def identity(self) -> str:
        """What identifies the finding in its file."""
        return self.key or self.message


class Configurable(Protocol):
    """Something with a table in the settings: a check, or a codemod."""

    @property
    def name(self) -> str:
        """The name of the table."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The keys of the table, with their defaults."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its module is named like it and has it as `CHECK`."""

    name: str
    summary: str
    """One line for the help."""
    run: Callable[["Project"], Iterable[Finding]]
    blocks: bool = False
    """Whether its findings are errors."""
    scans: Callable[["Project", str], tuple[Scan, ...]] = lambda _project, _path: ()
    """What `run` will ask for about a checked file. All checks together read it once; what it does not name is read later."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The keys of its table in pyproject.toml, with defaults, whose types are those that are allowed."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the command line with their help: `update` is a switch, `labels=FILE` takes a value."""
    formats: Mapping[str, Callable[["Project", Sequence[Finding]], str]] = field(default_factory=dict)
    """More formats, for runs of this check alone."""
    close: Callable[["Project", Sequence[Finding]], str] | None = None
    """Returns the last lines of the text format."""

    def level_of(self, finding: Finding) -> Level:
        """Return the level of a finding of this check."""
        return finding.level or ("error" if self.blocks else "warning")


def place(node: Positioned) -> Place:
    """Return where a node is."""
    return node.lineno, node.col_offset + 1, node.end_lineno or node.lineno


def at(path: str, node: Positioned, message: str, **more: Any) -> Finding:
    """Return a finding at the place of a node."""
    line, column, end_line = place(node)
    return Finding(path, line, column, message, end_line=end_line, **more)
