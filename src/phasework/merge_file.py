"""Merges one file that the team and the template both changed."""

from functools import partial
from pathlib import Path

from .git import Labels, Repository, find_conflicts, merge_contents, merge_texts
from .merge import Merge
from .merge_items import is_valid, merge_items

REGULAR = "100"
"""What the modes of regular files begin with; links and submodules have others."""


def merge_file(repository: Repository, path: str, files: Merge, labels: Labels) -> tuple[str, list[str]]:
    """Return the merged file, which has the team's line ends, and the lines in conflict."""
    if files.new is None:
        return files.ours, ["all of it, which the template no longer has"]
    entries = (files.ours, files.base or files.ours, files.new)
    if not all(entry.startswith(REGULAR) for entry in entries):
        return files.ours, ["all of it, which is no regular file on one side"]
    contents = [repository.content(entry) for entry in (files.ours, files.base, files.new)]
    has_crlf = b"\r\n" in contents[0] and b"\r\n" not in contents[2]
    if has_crlf:
        contents = [content.replace(b"\r\n", b"\n") for content in contents]
    merged = _merge_contents(path, contents[0], contents[1], contents[2], labels, repository.root)
    if merged is None:
        return files.ours, ["all of it"]
    conflicts = find_conflicts(merged.decode(errors="replace"), labels)
    entry = repository.store_content(_merge_modes(*entries), merged.replace(b"\n", b"\r\n") if has_crlf else merged)
    return entry, conflicts


def _merge_contents(path: str, ours: bytes, base: bytes, new: bytes, labels: Labels, cwd: Path) -> bytes | None:
    """Merge item by item if the file has items, else by lines; return None for a file that is not text."""
    try:
        text = merge_items(
            path, ours.decode(), base.decode(), new.decode(), partial(merge_texts, labels=labels, cwd=cwd)
        )
    except UnicodeDecodeError:
        text = None
    if text is None:
        return merge_contents(ours, base, new, labels, cwd)
    merged = text.encode()
    if find_conflicts(text, labels) or is_valid(path, text):
        return merged
    # Without a base, everything that differs is in conflict.
    return merge_contents(ours, b"", new, labels, cwd)


def _merge_modes(ours: str, base: str, new: str) -> str:
    modes = [entry.split()[0] for entry in (ours, base, new)]
    return modes[0] if modes[2] == modes[1] else modes[2]
