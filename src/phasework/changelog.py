"""Reads what the template's changelog says about the versions that an update skips."""

import re
from collections.abc import Iterator

from .rules import data_folder
from .sources import read_file, version_order

FILE = "CHANGELOG.md"
HEADING = re.compile(r"^## \[?(?:v?(?P<version>\d+\.\d+\.\d+)|Unreleased)\b.*$", re.MULTILINE)
"""The heading of a version: https://keepachangelog.com/en/1.1.0/."""
LINK = re.compile(r"^\[[^\]]+\]: \S+\n?", re.MULTILINE)
HEAD = r"(#+) .*|\*\*[^*\n]+\*\*"
BLOCK = re.compile(rf"^(?:{HEAD}|.*\S.*(?:\n(?![-#]).*\S.*)*)$", re.MULTILINE)
"""A heading, which may be in bold, an item of a list, or a paragraph."""
BOLD = 7
"""The level of a heading in bold: Markdown has six."""


def find_changes(address: str, before: str, after: str) -> str:
    """Return what the changelog of this version says about the versions after `before`, up to `after`.

    `address` is the template's.
    """
    file = data_folder() / FILE
    if before == after or not file.is_file():
        return ""
    text = file.read_text(encoding="utf-8")
    if is_release(before):
        return read_changes(text, before, after)
    known = read_file(address, before, FILE)
    return "" if known is None else read_changes(text, before, after, known)


def is_release(version: str) -> bool:
    """Return whether a version is a tag, and no commit after one."""
    order = version_order(version)
    return bool(order) and not order[-1]


def read_changes(text: str, before: str, after: str, known: str = "") -> str:
    """Return the sections of a changelog for the versions after `before`, up to `after`.

    They are without what `known` says already, the changelog of a `before` that is no release. A version without a number
    is a commit of a repository without tags.
    """
    first, last = version_order(before), version_order(after)
    headings = [*HEADING.finditer(text)]
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    found = [
        text[heading.start() : end]
        for heading, end in zip(headings, ends, strict=True)
        if _is_between(heading["version"], first, last)
    ]
    return "".join(_join(_without(LINK.sub("", "".join(found)), known))).strip()


def _is_between(version: str | None, first: list[int], last: list[int]) -> bool:
    if version is None:
        # A commit after the last version.
        return not last or last[-1] > 0
    order = version_order(version)
    return first < order and (not last or order <= last)


def _without(text: str, known: str) -> Iterator[str]:
    """Return the blocks of a text that are not known, below their headings."""
    familiar = {_words(block) for block in _blocks(known)}
    headings: list[str] = []
    for block in _blocks(text):
        if level := _level(block):
            headings = [*(heading for heading in headings if _level(heading) < level), block]
        elif _words(block) not in familiar:
            yield from headings
            yield block
            headings = []


def _blocks(text: str) -> list[str]:
    return [found[0] for found in BLOCK.finditer(text)]


def _level(block: str) -> int:
    found = re.fullmatch(HEAD, block)
    return (len(found[1] or "") or BOLD) if found else 0


def _words(block: str) -> str:
    # The same words may be wrapped at other places.
    return " ".join(block.split())


def _join(blocks: Iterator[str]) -> Iterator[str]:
    before = ""
    for block in blocks:
        yield "\n" if before.startswith("- ") and block.startswith("- ") else "\n\n"
        yield block
        before = block
