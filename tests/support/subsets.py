"""Subsets of the catalog: each module alone, all pairs, and random ones, each of one domain and with what its modules need."""

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


DOMAINS = sorted({domain for module in CATALOG.values() for domain in module["domains"]})
"""The domains of the catalog."""


def offered_in(domain: str) -> list[str]:
    """Return the modules that a domain offers, in alphabetical order."""
    return [name for name, module in CATALOG.items() if domain in module["domains"]]


def domain_of(modules: Iterable[str]) -> str | None:
    """Return the first domain that offers all of these modules."""
    return next((domain for domain in DOMAINS if {*modules} <= {*offered_in(domain)}), None)


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
    """Return a subset for each two modules that a domain offers."""
    return sorted({with_needs(pair) for domain in DOMAINS for pair in combinations(offered_in(domain), 2)})


def some_pairs(number: int) -> list[Subset]:
    """Return random pairs."""
    return random.Random(SEED).sample(all_pairs(), number)


def draw_subsets(number: int, most: int) -> list[Subset]:
    """Return random subsets of 1 to `most` modules of a domain, and what these need; the domains take turns."""
    chance = random.Random(SEED)
    offered = [offered_in(DOMAINS[n % len(DOMAINS)]) for n in range(number)]
    return [with_needs(chance.sample(names, chance.randint(1, min(most, len(names))))) for names in offered]


def name_of(subset: Subset) -> str:
    """Return a name for a test or a folder."""
    return "+".join(subset)
