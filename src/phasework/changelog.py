"""Reads what the template's changelog says about the versions that an update skips."""

import re

from .rules import data_folder
from .sources import version_order

HEADING = re.compile(r"^## \[?(?:v?(?P<version>\d+\.\d+\.\d+)|Unreleased)\b.*$", re.MULTILINE)
"""The heading of a version: https://keepachangelog.com/en/1.1.0/."""
LINK = re.compile(r"^\[[^\]]+\]: \S+\n?", re.MULTILINE)


def find_changes(before: str, after: str) -> str:
    """Return what the changelog of this version says about the versions after `before`, up to `after`."""
    file = data_folder() / "CHANGELOG.md"
    return read_changes(file.read_text(encoding="utf-8"), before, after) if file.is_file() else ""


def read_changes(text: str, before: str, after: str) -> str:
    """Return the sections of a changelog for the versions after `before`, up to `after`; empty if one has no number."""
    first, last = version_order(before), version_order(after)
    if not first or not last or first == last:
        return ""
    headings = [*HEADING.finditer(text)]
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    found = [
        text[heading.start() : end]
        for heading, end in zip(headings, ends, strict=True)
        if _is_between(heading["version"], first, last)
    ]
    return LINK.sub("", "".join(found)).strip()


def _is_between(version: str | None, first: list[int], last: list[int]) -> bool:
    if version is None:
        # A commit after the last version.
        return last[-1] > 0
    return first < version_order(version) <= last
