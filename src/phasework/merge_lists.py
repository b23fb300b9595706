"""Merges files with one item per line: changes of neighbouring items do not conflict there."""

import ast
import re
import tomllib
from difflib import SequenceMatcher

LISTS = re.compile(
    r"pyproject\.toml|pytest\.ini|\.env\.example|\.gitignore|src/\w+/modules/__init__\.py"
    r"|tests/(conftest|test_utils)\.py"
)
SYNTAX_ERRORS = (SyntaxError, tomllib.TOMLDecodeError)


def merge_lists(path: str, ours: str, base: str, new: str) -> str | None:
    """Return the merged text, or None if both sides changed the same item or the file holds no list."""
    if not LISTS.fullmatch(path):
        return None
    before = base.splitlines(keepends=True)
    merged: list[str] = []
    for item, mine, theirs in zip([*before, ""], _changes(before, ours), _changes(before, new), strict=True):
        if (both := _merge_item(item, mine, theirs)) is None:
            return None
        merged += both
    text = "".join(merged)
    whole = all(line.endswith("\n") for line in merged[:-1])
    return text if whole and _is_valid(path, text) else None


def _changes(before: list[str], text: str) -> list[tuple[list[str], str]]:
    """Return the lines added before each item and before the end, each with the item's new text."""
    after = text.splitlines(keepends=True)
    added: list[list[str]] = [[] for _ in range(len(before) + 1)]
    items = [*before, ""]
    for kind, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        common = min(last - first, end - start)
        items[first : first + common] = after[start : start + common]
        items[first + common : last] = [""] * (last - first - common)
        added[last] += after[start + common : end]
    return list(zip(added, items, strict=True))


def _merge_item(item: str, mine: tuple[list[str], str], theirs: tuple[list[str], str]) -> list[str] | None:
    if item not in (mine[1], theirs[1]) and mine[1] != theirs[1]:
        return None
    if (both := _merge_added(mine[0], theirs[0])) is None:
        return None
    kept = theirs[1] if mine[1] == item else mine[1]
    return [*both, kept] if kept else both


def _merge_added(mine: list[str], theirs: list[str]) -> list[str] | None:
    if mine == theirs or not mine or not theirs:
        return mine or theirs
    # The order of headings and of negated patterns in .gitignore matters.
    if any(line.lstrip().startswith(("[", "!")) for line in mine + theirs):
        return None
    if len(mine) == len(theirs) == 1:
        # More than one line may be an item with its comment.
        return sorted(mine + theirs)
    # Shared lines may be one item or parts of two.
    shared = {line for line in mine if line.strip()}.intersection(theirs)
    return None if shared else mine + theirs


def _is_valid(path: str, text: str) -> bool:
    try:
        if path.endswith(".toml"):
            tomllib.loads(text)
        if path.endswith(".py"):
            ast.parse(text)
    except SYNTAX_ERRORS:
        return False
    return True
