"""Subsets of the catalog: each module alone, all pairs, and random ones. Each has the modules that its modules need."""

import os
import random
import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

Subset = tuple[str, ...]

_FOLDER = Path(__file__).parents[2] / "template" / "catalog"
CATALOG: dict[str, dict[str, Any]] = {
    file.parent.name: yaml.safe_load(file.read_text(encoding="utf-8"))
    for file in sorted(_FOLDER.glob("[!_]*/module.yml"))
}
"""The module.yml of each module."""

# This module is imported before the workers of pytest-xdist start: they inherit the seed.
SEED = int(os.environ.setdefault("SUBSETS_SEED", os.environ.get("FUZZ_SEED") or str(int(time.time()))))
"""The seed of the random subsets; `make test SEED=...` draws the same again."""


def with_needs(modules: Iterable[str]) -> Subset:
    """Return modules and what they need, in alphabetical order."""
    found: set[str] = set()
    missing = set(modules)
    while missing:
        found |= missing
        missing = {need for name in missing for need in CATALOG[name]["needs"]} - found
    return tuple(sorted(found))


def each_alone() -> list[Subset]:
    """Return a subset for each module."""
    return [with_needs([name]) for name in CATALOG]


def all_pairs() -> list[Subset]:
    """Return a subset for each two modules."""
    return sorted({with_needs(pair) for pair in combinations(CATALOG, 2)})


def some_pairs(number: int) -> list[Subset]:
    """Return random pairs."""
    return random.Random(SEED).sample(all_pairs(), number)


def draw_subsets(number: int, most: int) -> list[Subset]:
    """Return random subsets of 1 to `most` modules, and what these need."""
    chance = random.Random(SEED)
    return [with_needs(chance.sample(sorted(CATALOG), chance.randint(1, most))) for _ in range(number)]


def name_of(subset: Subset) -> str:
    """Return a name for a test or a folder."""
    return "+".join(subset)
