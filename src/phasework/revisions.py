"""Puts new migrations of the template after those of the team."""

import re
from collections.abc import Mapping

BRANCH = re.compile(r"(\w+)_\d{4}")
ASSIGNED = re.compile(r'^(revision|down_revision)(: [^=]+)? = (?:"(\w+)"|None)$', re.MULTILINE)


def place_revisions(existing: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Return the sources of new revisions by their ids: each continues the last revision of its branch.

    `existing` are the sources of the service's revisions by their ids, `new` those that the template adds. One whose id
    is taken gets the next free number. A branch with several heads is left alone: Alembic names them.
    """
    placed: dict[str, str] = {}
    ids: dict[str, str] = {}
    for name in sorted(new):
        known = {**existing, **placed}
        ids[name] = _free_name(name, known)
        before = read_revision(new[name], "down_revision")
        placed[ids[name]] = _assign(new[name], ids[name], _head(ids.get(before, before), known))
    return placed


def read_revision(source: str, name: str) -> str:
    """Return the id that is assigned to `revision` or `down_revision`, or an empty text."""
    return next((found[3] or "" for found in ASSIGNED.finditer(source) if found[1] == name), "")


def _free_name(name: str, taken: Mapping[str, str]) -> str:
    branch, number = name[:-4], int(name[-4:])
    while f"{branch}{number:04}" in taken:
        number += 1
    return f"{branch}{number:04}"


def _head(revision: str, known: Mapping[str, str]) -> str:
    following = [
        name for name, source in known.items() if revision and read_revision(source, "down_revision") == revision
    ]
    return _head(following[0], known) if len(following) == 1 else revision


def _assign(source: str, name: str, before: str) -> str:
    values = {"revision": name, "down_revision": before}

    def assignment(found: re.Match[str]) -> str:
        return f'{found[1]}{found[2] or ""} = "{values[found[1]]}"' if found[3] else found[0]

    return ASSIGNED.sub(assignment, source)
