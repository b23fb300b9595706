"""Reads migrations, and puts new ones of the template after those of the team."""

import ast
import re
from collections.abc import Mapping

ASSIGNED = re.compile(r"""^(revision|down_revision)(: [^=]+)? = (?:["'](\w+)["']|None)$""", re.MULTILINE)


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
        before = read_down_revision(new[name])
        placed[ids[name]] = _assign(new[name], ids[name], _head(ids.get(before, before), known))
    return placed


def read_down_revision(source: str) -> str:
    """Return the id of the revision before this one, or an empty text."""
    return next((found[3] or "" for found in ASSIGNED.finditer(source) if found[1] == "down_revision"), "")


def is_known(added: str, existing: str) -> bool:
    """Return whether a migration with the id of an existing one is an earlier version of it, and not one of the team."""
    return not read_down_revision(added) or read_statements(added) == read_statements(existing)


def read_statements(source: str | bytes) -> str:
    """Return the statements of a Python file without comments, docstrings and imports."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef)):
            node.body = [entry for entry in node.body if not is_text_or_import(entry)]
    return ast.dump(tree)


def is_text_or_import(node: ast.stmt) -> bool:
    """Return whether a statement is a docstring or an import."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, (ast.Import, ast.ImportFrom))


def _free_name(name: str, taken: Mapping[str, str]) -> str:
    branch, number = name[:-4], int(name[-4:])
    while f"{branch}{number:04}" in taken:
        number += 1
    return f"{branch}{number:04}"


def _head(revision: str, known: Mapping[str, str]) -> str:
    following = [name for name, source in known.items() if revision and read_down_revision(source) == revision]
    return _head(following[0], known) if len(following) == 1 else revision


def _assign(source: str, name: str, before: str) -> str:
    values = {"revision": name, "down_revision": before}

    def assignment(found: re.Match[str]) -> str:
        return f'{found[1]}{found[2] or ""} = "{values[found[1]]}"' if found[3] else found[0]

    return ASSIGNED.sub(assignment, source)
