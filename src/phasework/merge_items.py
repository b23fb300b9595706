"""Merges files with one item per line item by item, so that neighbours do not conflict and nothing is there twice."""

import re
from collections import Counter
from collections.abc import Callable, Iterable

from .items import Item, Unreadable, split_ini, split_patterns, split_python, split_toml, split_variables

MergeTexts = Callable[[str, str, str], str]
"""Merges two changed texts with their common base, given as ours, base and new, and marks conflicts."""

SPLIT: dict[str, Callable[[str], Item]] = {
    r"pytest\.ini": split_ini,
    r"pyproject\.toml": split_toml,
    r"\.env\.example": split_variables,
    r"\.gitignore": split_patterns,
    r"src/\w+/modules/__init__\.py|tests/(conftest|test_utils)\.py": split_python,
}
"""The functions that split files into items, by the pattern of their paths."""


def merge_items(path: str, ours: str, base: str, new: str, merge_texts: MergeTexts) -> str | None:
    """Return the merged text with conflicts marked, or None if the file has no items or one of the texts is not valid."""
    split = find_split(path)
    # The order of negated patterns in .gitignore matters.
    if split is None or (split is split_patterns and "\n!" in f"{ours}\n{new}"):
        return None
    try:
        items = [split(text if text.endswith("\n") else f"{text}\n") for text in (ours, base, new)]
    except Unreadable:
        return None
    return _merge(items[0], items[1], items[2], merge_texts)


def is_valid(path: str, text: str) -> bool:
    """Return whether a merged file can be read; files without items always can."""
    split = find_split(path)
    try:
        return split is None or bool(split(text))
    except Unreadable:
        return False


def find_split(path: str) -> Callable[[str], Item] | None:
    """Return the function that splits a file into items, or None."""
    return next((split for pattern, split in SPLIT.items() if re.fullmatch(pattern, path)), None)


def _merge(ours: Item | None, base: Item | None, new: Item | None, merge_texts: MergeTexts) -> str:
    texts = str(ours or ""), str(base or ""), str(new or "")
    if ours is None or new is None or _took_other_form(ours, new) or len(set(texts)) < 3:
        return _merge_part(*texts, merge_texts)
    base = base or Item("")
    merged = [_merge_part(ours.above, base.above, new.above, merge_texts)]
    merged += [_merge_part(ours.head, base.head, new.head, merge_texts)]
    mine, before, theirs = _by_name(ours.children, base.children, new.children)
    for name in _in_order(mine, before, theirs):
        merged += [_merge(mine.get(name), before.get(name), theirs.get(name), merge_texts)]
    merged += [_merge_part(ours.end, base.end, new.end, merge_texts)]
    return "".join(merged)


def _took_other_form(ours: Item, new: Item) -> bool:
    # Such as a value on one line that became a list.
    return bool(ours.children) != bool(new.children) and ours.head != new.head


def _merge_part(ours: str, base: str, new: str, merge_texts: MergeTexts) -> str:
    if new in (ours, base):
        return ours
    return new if ours == base else merge_texts(ours, base, new)


def _by_name(*sides: Iterable[Item]) -> list[dict[str, Item]]:
    counts = [Counter(item.name for item in side) for side in sides]
    repeated = {name for count in counts for name in count if count[name] > 1}
    return [_keyed(side, repeated) for side in sides]


def _keyed(items: Iterable[Item], repeated: set[str]) -> dict[str, Item]:
    # Items with the same name are told apart by their text.
    keyed: dict[str, Item] = {}
    for item in items:
        name = str(item) if item.name in repeated else item.name
        while name in keyed:
            name += " again"
        keyed[name] = item
    return keyed


def _in_order(ours: dict[str, Item], base: dict[str, Item], new: dict[str, Item]) -> list[str]:
    """Return the names in the team's order; what the template adds comes after its neighbour there."""
    names = list(ours)
    place = 0
    for name in new:
        if name in ours:
            place = names.index(name) + 1
            continue
        while place < len(names) and _is_before(names[place], name, ours, base, new):
            place += 1
        names.insert(place, name)
        place += 1
    return names


def _is_before(name: str, added: str, ours: dict[str, Item], base: dict[str, Item], new: dict[str, Item]) -> bool:
    # What both add in the same place is sorted.
    return name in ours and name not in base and name not in new and ours[name].head < new[added].head
