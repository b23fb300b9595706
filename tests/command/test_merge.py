"""What an update does to each file of a service."""

import pytest

from phasework.git import find_conflicts
from phasework.merge import Merge, Update, plan_update
from phasework.revisions import read_statements
from phasework.sources import version_order
from phasework.summary import summarize

SERVICE = "src/post/modules/parcels/service.py"
TEST = "tests/unit/phase1/test_parcels_service.py"
MOVED = "tests/unit/phase2/test_parcels_service.py"
REVISION = "migrations/versions/parcels_0001.py"
WRITTEN = {SERVICE: "a", TEST: "a", REVISION: "a", "README.md": "a"}


def plan(ours: dict[str, str], new: dict[str, str]) -> Update:
    """Plan an update of a service whose files have the content `a`."""
    return plan_update(WRITTEN, WRITTEN | ours, new, {})


def test_changes_of_the_template_are_applied() -> None:
    update = plan({}, WRITTEN | {"README.md": "b", "NEWS.md": "b"})

    assert update.tree == WRITTEN | {"README.md": "b", "NEWS.md": "b"}
    assert (update.changed, update.written, update.deleted) == (["README.md"], ["NEWS.md"], [])


def test_changes_of_the_team_stay() -> None:
    update = plan({"README.md": "ours", "NOTES.md": "ours"}, WRITTEN)

    assert update.tree == WRITTEN | {"README.md": "ours", "NOTES.md": "ours"}
    assert (update.merges, update.changed) == ({}, [])


def test_changes_of_both_are_merged() -> None:
    assert plan({"README.md": "ours"}, WRITTEN | {"README.md": "b"}).merges == {"README.md": Merge("a", "ours", "b")}


def test_files_added_by_both_are_merged() -> None:
    assert plan({"NEWS.md": "ours"}, WRITTEN | {"NEWS.md": "b"}).merges == {"NEWS.md": Merge(None, "ours", "b")}


def test_removed_files_are_deleted_or_kept() -> None:
    new = {"README.md": "a"}

    update = plan({SERVICE: "ours", "tests/api/test_parcels_of_ours.py": "ours"}, new)

    assert update.deleted == [TEST]
    assert update.kept == {path: f"removed/{path}" for path in (SERVICE, "tests/api/test_parcels_of_ours.py")}
    assert update.tree == {
        "README.md": "a",
        REVISION: "a",
        f"removed/{SERVICE}": "ours",
        "removed/tests/api/test_parcels_of_ours.py": "ours",
    }


def test_kept_files_are_not_overwritten() -> None:
    update = plan({SERVICE: "ours", f"removed/{SERVICE}": "earlier"}, {"README.md": "a"})

    assert update.kept == {SERVICE: f"removed-2/{SERVICE}"}
    assert update.tree[f"removed/{SERVICE}"] == "earlier"


def test_a_file_that_the_team_deleted_is_left_out() -> None:
    ours = {path: entry for path, entry in WRITTEN.items() if path != "README.md"}

    update = plan_update(WRITTEN, ours, WRITTEN | {"README.md": "b"}, {})

    assert update.skipped == ["README.md"]
    assert update.tree == ours


def test_a_file_that_the_team_renamed_is_changed_under_its_name() -> None:
    ours = {"START.md" if path == "README.md" else path: entry for path, entry in WRITTEN.items()}

    update = plan_update(WRITTEN, ours, WRITTEN | {"README.md": "b"}, {"README.md": "START.md"})

    assert update.tree == ours | {"START.md": "b"}


def test_tests_follow_the_phase_of_their_module() -> None:
    new = {MOVED if path == TEST else path: entry for path, entry in WRITTEN.items()}

    update = plan({TEST: "ours", "tests/unit/phase1/test_parcels_of_ours.py": "ours"}, new)

    assert update.tree == new | {MOVED: "ours", "tests/unit/phase2/test_parcels_of_ours.py": "ours"}
    assert update.moved[TEST] == MOVED


def test_a_test_belongs_to_the_module_with_the_longest_name() -> None:
    longer = {
        "src/post/modules/parcels_sent/service.py": "a",
        "tests/unit/phase1/test_parcels_sent_service.py": "a",
    }
    new = {MOVED if path == TEST else path: entry for path, entry in (WRITTEN | longer).items()}

    update = plan_update(WRITTEN | longer, WRITTEN | longer, new, {})

    assert update.tree == new


def test_an_existing_revision_stays() -> None:
    further = {REVISION: "b", "migrations/versions/parcels_0002.py": "b"}

    update = plan({}, WRITTEN | further)

    assert update.tree == WRITTEN
    assert update.tables == ["parcels"]


def test_an_additional_revision_is_written() -> None:
    further = {"migrations/versions/parcels_0002.py": "b"}

    update = plan({}, WRITTEN | further)

    assert update.tree == WRITTEN | further
    assert update.tables == []


def test_a_reworded_revision_stays_and_a_new_one_is_written() -> None:
    further = {REVISION: "A", "migrations/versions/parcels_0002.py": "b"}

    update = plan_update(WRITTEN, WRITTEN, WRITTEN | further, {}, same_tables=lambda a, b: a == b.lower())

    assert update.tree == WRITTEN | further | {REVISION: "a"}
    assert update.tables == []


def test_edits_of_the_suite_are_replaced_even_if_the_template_did_not_change_it() -> None:
    gates = "tests/suite/gates.py"
    written = WRITTEN | {gates: "a"}

    update = plan_update(written, written | {gates: "ours"}, written, {})

    assert update.tree == written | {f"removed/{gates}": "ours"}
    assert update.replaced == {gates: f"removed/{gates}"}


def test_a_deleted_file_of_the_suite_is_written_again() -> None:
    written = WRITTEN | {"tests/suite/gates.py": "a"}

    assert plan_update(written, WRITTEN, written, {}).tree == written


def test_a_renamed_file_of_the_suite_is_written_again() -> None:
    gates, renamed = "tests/suite/gates.py", "tests/suite/ours.py"
    written = WRITTEN | {gates: "a"}

    update = plan_update(written, WRITTEN | {renamed: "a"}, written | {gates: "b"}, {gates: renamed})

    assert update.tree == written | {gates: "b", renamed: "a"}


REWORDED = 'def upgrade() -> None:\n    """Create."""\n    create("a")\n'


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ('"""Tables."""\n\nimport a\n\n\ndef upgrade() -> None:\n    create("a")  # one\n', True),
        ('def upgrade() -> None:\n    """Create."""\n    create("b")\n', False),
        (f"{REWORDED}    create('b')\n", False),
    ],
)
def test_revisions_are_compared_by_their_statements(source: str, same: bool) -> None:
    assert (read_statements(source.encode()) == read_statements(REWORDED.encode())) is same


def test_a_revision_can_be_rewritten() -> None:
    update = plan_update(WRITTEN, WRITTEN, WRITTEN | {REVISION: "b"}, {}, rewrite_migrations=True)

    assert update.tree[REVISION] == "b"


def test_a_conflict_is_reported_with_its_lines() -> None:
    text = "a\n<<<<<<< yours\nb\n=======\nc\n>>>>>>> new\nd\n<<<<<<< yours\n=======\n>>>>>>> new\n"

    assert find_conflicts(text, ("yours", "before", "new")) == ["2-6", "8-10"]


def test_the_summary_names_each_file_that_needs_attention() -> None:
    update = Update({}, moved={TEST: MOVED}, kept={SERVICE: f"removed/{SERVICE}"}, tables=["parcels"])
    update.merges = {"README.md": Merge("a", "b", "c"), "NEWS.md": Merge("a", "b", "c")}

    update.conflicts = {"NEWS.md": ["2-6"]}

    lines = list(summarize(update))

    assert f"  {TEST} -> {MOVED}" in lines
    assert f"  {SERVICE} -> removed/{SERVICE}" in lines
    assert "  README.md" in lines
    assert "  NEWS.md: 2-6" in lines
    assert "The tables of parcels have changed or were removed" in "\n".join(lines)


def test_few_files_are_named_and_many_are_counted() -> None:
    update = Update({}, written=["b.md", "a.md"], changed=["c.md"], deleted=["d.md"])

    assert list(summarize(update))[1:] == [
        "    added   a.md",
        "    added   b.md",
        "    changed c.md",
        "    deleted d.md",
    ]
    assert len(list(summarize(Update({}, written=[f"{number}.md" for number in range(11)])))) == 1


def test_versions_are_in_order() -> None:
    versions = ["v0.9.0", "v0.10.0", "v0.10.0-3-g1a2b3c4", "v1.0.0"]

    assert sorted(versions, key=version_order) == versions
    assert version_order("1a2b3c4") == []
