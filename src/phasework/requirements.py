"""Reads what uv locks."""

import tomllib
from typing import Any

from .answers import as_mapping

PROJECT = ("name", "version", "requires-python", "dependencies", "optional-dependencies")


def needs_lock(before: bytes, after: bytes) -> bool:
    """Return whether the lock file for one pyproject.toml does not fit another one, or one that is in conflict."""
    return before != after and read_locked(before) != read_locked(after)


def read_locked(content: bytes) -> list[Any] | None:
    """Return what uv reads from a pyproject.toml to lock it, or None if it is not valid."""
    try:
        declared = tomllib.loads(content.decode())
    except ValueError:
        return None
    project = as_mapping(declared.get("project"))
    return [
        *(project.get(key) for key in PROJECT),
        declared.get("dependency-groups"),
        as_mapping(declared.get("tool")).get("uv"),
    ]
