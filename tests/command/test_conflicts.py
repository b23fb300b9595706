"""Ordinary edits of a team merge with ordinary changes of the template."""

import pytest

from benchmarks.conflicts import BEGIN, END, PAGE, Table, count_conflicts, summarise
from phasework.merge_lists import merge_lists

pytestmark = pytest.mark.xdist_group("conflicts")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The files in conflict, by change of the template and by edit of the team."""
    return count_conflicts(tmp_path_factory.mktemp("conflicts"))


def test_ordinary_edits_do_not_conflict(table: Table) -> None:
    assert len(table) > 10
    assert {(change, edit): files for change, edits in table.items() for edit, files in edits.items() if files} == {}


def test_the_published_result_is_current(table: Table) -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page.split(BEGIN)[1].split(END)[0].strip() == summarise(table)


LIST = "[a]\nb\nc\nd\n"


@pytest.mark.parametrize(
    ("ours", "new", "merged"),
    [
        ("[a]\nb\nbb\nc\nd\n", "[a]\nb\nC\nd\n", "[a]\nb\nbb\nC\nd\n"),
        ("[a]\nb\nbb\nc\nd\n", "[a]\nB\nc\nd\n", "[a]\nB\nbb\nc\nd\n"),
        ("[a]\nb\nb2\nc\nd\n", "[a]\nb\nb1\nc\nd\n", "[a]\nb\nb1\nb2\nc\nd\n"),
        ("[a]\nb\nx\nc\nd\n", "[a]\nb\nx\nc\nd\n", "[a]\nb\nx\nc\nd\n"),
        ("[a]\nb\nc\nd\ne\n", "[a]\nb\nc\n", "[a]\nb\nc\ne\n"),
        ("[a]\nb\nmine\nd\n", "[a]\nb\ntheirs\nd\n", None),
        ("[a]\nb\nmine\nd\n", "[a]\nb\nd\n", None),
    ],
)
def test_list_items_are_merged_next_to_changed_neighbours(ours: str, new: str, merged: str | None) -> None:
    assert merge_lists("pytest.ini", ours, LIST, new) == merged


def test_a_merge_that_would_break_toml_stays_in_conflict() -> None:
    assert merge_lists("pyproject.toml", "[a]\nx=1\n", "[a]\n", "[a]\nx=2\n") is None


def test_code_is_not_merged_as_a_list() -> None:
    assert merge_lists("src/a/main.py", "a\nb\n", "a\n", "A\n") is None
