"""A team works on services of earlier versions, which are updated through this repository's history: nothing of it is lost."""

import re
from pathlib import Path

import pytest

from phasework.merge import find_module
from phasework.moved_files import MOVED
from tests.support.environments import cache_of_types
from tests.support.lab import EARLIER, NEWEST, ROUTES, Route, Step, answers, travel
from tests.support.services import Service, lock
from tests.support.updates import ServiceCache, clone_history

pytestmark = pytest.mark.xdist_group("history")

SHORTEST = Route("sync", (list(EARLIER)[-1], NEWEST))


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> ServiceCache:
    """Services of all versions."""
    folder = tmp_path_factory.mktemp("history")
    return ServiceCache(clone_history(folder / "template", EARLIER, NEWEST), folder / "services")


def test_an_update_from_the_last_version_keeps_all_lines_and_tests(services: ServiceCache, tmp_path: Path) -> None:
    (step,) = travel(services, SHORTEST, tmp_path)

    check(step)
    assert step.updated.tests_before


def test_each_listed_move_ends_at_a_file_of_the_template(services: ServiceCache) -> None:
    written = services.fresh(answers("sync"), NEWEST)

    assert {
        old for old, new in MOVED.items() if not (written / new.format(package="clinic_service")).is_file()
    } == set()
    assert {old for old in MOVED if (written / old).exists()} == set()


@pytest.mark.long
@pytest.mark.fuzz
@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_updates_through_the_history_keep_all_lines_and_tests(
    services: ServiceCache, tmp_path: Path, route: Route
) -> None:
    steps = []
    for step in travel(services, route, tmp_path):
        check(step)
        steps.append(step)
    assert steps[-1].updated.tests_before

    updated = steps[-1].updated.service
    runnable = Service(updated.folder, updated.files())
    runnable.run_suite()
    runnable.run("ruff", "check")
    with cache_of_types(runnable.environment) as variables:
        runnable.run("mypy", variables=variables)
    lock(updated.folder)


def check(step: Step) -> None:
    """Assert that an update lost nothing, and did not merge worse than git."""
    assert step.updated.lost_lines == {}
    assert step.updated.unreadable == []
    assert step.updated.lost_tests == names_in_removed_modules(step)
    assert all(ours <= of_git for ours, of_git in zip(step.updated.counts, step.by_git.counts, strict=True)), (
        f"updated: {step.updated.counts}, merged by git: {step.by_git.counts}"
    )


def names_in_removed_modules(step: Step) -> set[str]:
    """Return the team's tests of the module that the answers remove, in the files that the summary names."""
    named = [line.partition(" -> ")[2] for line in step.outcome.names("no longer part of the service")]
    texts = [step.updated.service.read(path) for path in named if find_module(path.partition("/")[2], ["visits"])]
    return {name for text in texts for name in re.findall(r"def (test_\w*_of_ours\w*)", text)}
