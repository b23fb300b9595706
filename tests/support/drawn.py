"""Draws one of some cases for `make test`; `make test-all` runs all of them."""

from typing import Any

import pytest

from .subsets import SEED


def one_of(*cases: str, grouped: bool = True) -> list[Any]:
    """Return a parameter for each case, of which all but the drawn one are marked `long`.

    `grouped` keeps the tests of a case on the worker that wrote its service.
    """
    drawn = cases[SEED % len(cases)]
    return [
        pytest.param(
            case,
            marks=[
                *([pytest.mark.xdist_group(case)] if grouped else []),
                *([pytest.mark.long] if case != drawn else []),
            ],
        )
        for case in cases
    ]
