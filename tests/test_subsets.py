"""Any subset of the catalog works: each module alone, all pairs, and random subsets, in both forms.

`make test` checks each module alone and a few pairs, and runs the suites of a few small subsets; `make fuzz` runs more.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.environments import find_python
from tests.support.fuzzing import BASE
from tests.support.in_process import written_files
from tests.support.services import Service, write_service
from tests.support.subsets import (
    CATALOG,
    SEED,
    Subset,
    all_pairs,
    domain_of,
    draw_subsets,
    each_alone,
    name_of,
    some_pairs,
)
from tests.test_services import PYTHONS, pass_suite

# The services with the dependencies of all modules of a domain.
COMPLETE = {
    ("clinic", "sync"): "everything",
    ("clinic", "async"): "everything-async",
    ("platform", "sync"): "platform",
    ("platform", "async"): "platform-async",
}
# `make test` draws small ones: tests/test_services.py runs the suite of all modules.
DRAWN = draw_subsets(2, most=2) if BASE is None else draw_subsets(30, most=len(CATALOG))
IMPORTS = Path(__file__).parent / "support" / "imports.py"


@pytest.mark.fuzz
@pytest.mark.parametrize(
    ("domain", "form"), [pytest.param(*key, marks=pytest.mark.xdist_group(case)) for key, case in COMPLETE.items()]
)
def test_each_module_alone_and_pairs_are_clean_and_can_be_imported(
    template: Path, written: Callable[[str], Service], tmp_path: Path, domain: str, form: str
) -> None:
    complete = written(COMPLETE[domain, form])
    for subset in chosen(domain, form):
        answers = {"domain": domain, "modules": list(subset), "database_access": form}
        written_files(template, tmp_path / name_of(subset), answers)

    complete.run("ruff", "check", "--no-cache", str(tmp_path))
    complete.run("ruff", "format", "--check", "--diff", "--no-cache", str(tmp_path))
    # PYTHONPATH would offer the code of the complete service.
    complete.run("python", str(IMPORTS), *map(str, sorted(tmp_path.iterdir())), variables={"PYTHONPATH": ""})


def chosen(domain: str, form: str) -> list[Subset]:
    """Return the subsets of a domain that are written in a form: all of them in `make fuzz`, else every other one."""
    subsets = {*each_alone(), *(some_pairs(6) if BASE is None else all_pairs())}
    # A subset that several domains offer is written for the first one.
    of_domain = sorted(subset for subset in subsets if domain_of(subset) == domain)
    return of_domain if BASE is not None else of_domain[(SEED + (form == "async")) % 2 :: 2]


@pytest.mark.fuzz
@pytest.mark.parametrize(
    ("number", "subset"),
    [
        pytest.param(
            number, subset, id=f"{SEED}-{number}-{name_of(subset)}", marks=pytest.mark.xdist_group(f"subset-{number}")
        )
        for number, subset in enumerate(DRAWN)
    ],
)
def test_suite_of_a_random_subset_passes(template: Path, tmp_path: Path, number: int, subset: Subset) -> None:
    form = ("sync", "async")[(SEED + number) % 2]
    version = PYTHONS[number % len(PYTHONS)]
    answers = {"domain": domain_of(subset), "modules": list(subset), "database_access": form}
    service = write_service(template, tmp_path / "service", answers)

    if BASE is not None:
        # In `make test`, mypy checks the services of all modules: a cold cache costs as much as a small suite.
        service.check_types()
    pass_suite(service, find_python(version) or Path(sys.executable), number % 2 * 2)
