"""Ordinary edits of a team merge with ordinary changes of the template."""

import pytest

from benchmarks.conflicts import NAME, Table, count_conflicts, split_page, summarise

pytestmark = pytest.mark.xdist_group("conflicts")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The files in conflict, by change of the template and by edit of the team."""
    return count_conflicts(tmp_path_factory.mktemp("conflicts"))


def test_ordinary_edits_do_not_conflict(table: Table) -> None:
    assert len(table) > 10
    assert {(change, edit): files for change, edits in table.items() for edit, files in edits.items() if files} == {}


def test_the_published_result_is_current(table: Table) -> None:
    assert split_page(NAME)[1] == summarise(table)
