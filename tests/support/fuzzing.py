"""The number of examples of property tests: few fixed ones in `make test`, many new ones in `make fuzz`."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings

BASE = os.environ.get("FUZZ_SEED")
"""The first seed of `make fuzz`; None in `make test`."""

Test = Callable[..., None]


def fuzz(*, few: int, many: int, parts: int = 2) -> Callable[[Test], Test]:
    """Run a test once for each of some seeds, a `seed` for each worker: `tried` takes it.

    `few` and `many` are the numbers of cases in `make test`, in `parts`, and in `make fuzz`, 100 for each seed.
    """
    seeds = range(parts) if BASE is None else range(int(BASE), int(BASE) + -(-many // 100))
    cases = few // parts if BASE is None else min(100, many)

    def mark(test: Test) -> Test:
        return pytest.mark.fuzz(pytest.mark.parametrize(("seed", "cases"), [(s, cases) for s in seeds])(test))

    return mark


def tried(property_: Test, seed_: int, cases: int) -> None:
    """Run a property test of `hypothesis.given` with the cases of a seed."""
    configured: Any = seed(seed_)(
        settings(
            max_examples=cases,
            deadline=None,
            database=None,
            # Shrinking takes minutes.
            phases=[Phase.generate] if BASE is None else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )(property_)
    )
    configured()
