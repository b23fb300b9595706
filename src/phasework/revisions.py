"""Reads migrations, and puts new ones of the template after those of the team."""

import ast
import re
from collections.abc import Mapping

from .git import Repository, Tree

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


def read_sources(repository: Repository, entries: Tree) -> dict[str, str]:
    """Return the texts of Python files by their paths."""
    contents = repository.contents(entries.values())
    return {path: contents[entry].decode() for path, entry in entries.items()}


def find_head(first: str, sources: Mapping[str, str]) -> str | None:
    """Return the newest of the revisions that follow `first`; None if there are several, or `first` is missing."""
    before = {name: _read_names(source, "down_revision") for name, source in sources.items()}
    branch = {first} if first in sources else set()
    while added := {name for name, names in before.items() if branch & names} - branch:
        branch |= added
    heads = branch - {name for names in before.values() for name in names}
    return heads.pop() if len(heads) == 1 else None


def find_reached(revision: str, sources: Mapping[str, str]) -> set[str]:
    """Return a revision, and those that it follows or depends on."""
    reached, further = set(), {revision}
    while further:
        reached |= further
        texts = [sources[name] for name in further if name in sources]
        needed = (_read_names(text, key) for text in texts for key in ("down_revision", "depends_on"))
        further = set().union(*needed) - reached
    return reached


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


def _read_names(source: str, variable: str) -> set[str]:
    """Return the text or texts that a file assigns to a variable."""
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == variable for target in targets):
                parts = ast.walk(node.value)
                return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return set()


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
