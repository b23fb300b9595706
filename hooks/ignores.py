"""Comments that allow a finding: `# phasework: ignore[patch_targets]`."""

import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

from .check import Finding
from .source import Source

MARK = b"phasework:"
COMMENT = re.compile(r"#\s*phasework:\s*ignore\s*\[([^\]]*)\]")
NAME = "unused_ignore"

Ignores = list[tuple[int, int, list[str]]]
"""Line, column and names of checks of each comment."""


def scan(source: Source) -> Ignores | None:
    """Return the comments of a file that allow findings."""
    if MARK not in source.data:
        return None
    return list(_find(source.text)) or None


def _find(text: str) -> Iterator[tuple[int, int, list[str]]]:
    try:
        for token in tokenize.generate_tokens(StringIO(text).readline):
            if token.type == tokenize.COMMENT and (found := COMMENT.search(token.string)):
                names = [name.strip() for name in found[1].split(",")]
                yield token.start[0], token.start[1] + found.start() + 1, [name for name in names if name]
    except (tokenize.TokenError, SyntaxError):
        return


def apply(
    findings: Iterable[Finding], comments: Mapping[str, Ignores], ran: Iterable[str], known: Iterable[str]
) -> Iterator[Finding]:
    """Yield the findings that no comment allows, and the comments that allow nothing.

    A comment is unused only if the check that it names ran.
    """
    used: set[tuple[str, int, str]] = set()
    allowed = {(path, line, name) for path, ignores in comments.items() for line, _, names in ignores for name in names}
    for finding in findings:
        places = {(finding.path, line, finding.check) for line in (finding.line, finding.last_line)} & allowed
        used |= places
        if not places:
            yield finding
    for path, ignores in comments.items():
        for line, column, names in ignores:
            for name in names:
                if (path, line, name) not in used and (message := _problem(name, set(ran), set(known))):
                    yield Finding(path, line, column, message, level="warning", key=f"{name} at {line}", check=NAME)


def _problem(name: str, ran: set[str], known: set[str]) -> str:
    if name not in known:
        return f"{name} is not a check: this comment allows nothing."
    return f"{name} finds nothing here: remove the comment." if name in ran else ""
