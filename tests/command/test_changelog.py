"""The changelog of the versions that an update skips, in the terminal and in the text of a pull request."""

import subprocess
from pathlib import Path

import pytest

from phasework.changelog import find_changes, read_changes
from tests.support.folders import Folder
from tests.support.updates import COMMAND, WORKING_TREE, commit_all, git

CHANGELOG = """\
# Changelog

## [Unreleased]

- To come.

## [0.3.0] - 2027-02-01

### Added

- Third.

## [0.2.0] - 2027-01-11

- Second.

## [0.1.0] - 2026-12-01

- First.

[0.1.0]: https://example.com/v0.1.0
"""
THIRD = "## [0.3.0] - 2027-02-01\n\n### Added\n\n- Third."
SECOND = "## [0.2.0] - 2027-01-11\n\n- Second."


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("v0.1.0", "v0.3.0", f"{THIRD}\n\n{SECOND}"),
        ("v0.2.0", "v0.3.0", THIRD),
        ("v0.1.0-4-g1a2b3c4", "v0.2.0", SECOND),
        ("v0.2.0", "v0.3.0-2-g1a2b3c4", f"## [Unreleased]\n\n- To come.\n\n{THIRD}"),
        ("v0.0.9", "v0.1.0", "## [0.1.0] - 2026-12-01\n\n- First."),
        ("v0.3.0", "v0.2.0", ""),
        ("1a2b3c4", "v0.1.0", "## [0.1.0] - 2026-12-01\n\n- First."),
        ("v0.2.0", "1a2b3c4", f"## [Unreleased]\n\n- To come.\n\n{THIRD}"),
    ],
)
def test_the_sections_between_two_versions_are_read(before: str, after: str, changes: str) -> None:
    assert read_changes(CHANGELOG, before, after) == changes


GROUPED = """\
# Changelog

## [Unreleased]

### Added

**Pages**

- A page
  about cats.
- A page about dogs.

**Commands**

- `purr`.

### Fixed

- A page about
  cats.

  It has a picture.

Thank you all.

## [0.1.0] - 2026-12-01

- First.
"""


DOGS = "- A page about dogs.\n"
PURR = "- `purr`.\n"
PICTURE = "  It has a picture.\n"


@pytest.mark.parametrize(
    ("known", "changes"),
    [
        (GROUPED, ""),
        (GROUPED.replace("A page\n  about", "A page about").replace("[Unreleased]", "[0.0.9]"), ""),
        (GROUPED.replace(DOGS, ""), f"## [Unreleased]\n\n### Added\n\n**Pages**\n\n{DOGS}"),
        (
            GROUPED.replace(PURR, "").replace(PICTURE, ""),
            f"## [Unreleased]\n\n### Added\n\n**Commands**\n\n{PURR}\n### Fixed\n\n{PICTURE}",
        ),
        ("", GROUPED.partition("\n\n")[2]),
    ],
    ids=["nothing", "only moved", "an item", "in two groups", "no changelog"],
)
def test_what_the_changelog_of_a_commit_says_already_is_left_out(known: str, changes: str) -> None:
    assert read_changes(GROUPED, "1a2b3c4", "5d6e7f8", known) == changes.strip()


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_commits_without_tags_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    template = tmp_path / "template"
    for text in (None, GROUPED.replace(DOGS, ""), GROUPED):
        template.mkdir(exist_ok=True)
        if text:
            (template / "CHANGELOG.md").write_text(text, encoding="utf-8")
        commit_all(template, "Change")
    monkeypatch.setattr("phasework.changelog.data_folder", lambda: template)
    newest, before, first = git(template, "log", "--format=%h").split()

    def changes(version: str) -> str:
        return find_changes(f"{scheme}{template}", version, newest)

    assert changes(before) == f"## [Unreleased]\n\n### Added\n\n**Pages**\n\n{DOGS}".strip()
    assert changes(first) == GROUPED.partition("\n\n")[2].strip()
    assert changes(newest) == ""
    # Such as uncommitted changes at the last update.
    assert changes("0123456") == ""


@pytest.fixture
def _changelog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another changelog than that of this repository."""
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    monkeypatch.setattr("phasework.changelog.data_folder", lambda: tmp_path)


SUMMARY = f"""\
## The template's v0.1.0 -> v0.2.0

Files that you had not touched: 0 added, 1 changed, 0 deleted

### In CONFLICT at these lines

- `b.txt`: 1-5

### No longer part of the service; your version is kept

- `old.txt` -> removed/old.txt

### Merged with your changes

- `c.txt`

{SECOND}
"""


@pytest.mark.usefixtures("_changelog")
def test_the_summary_for_a_pull_request_begins_with_the_conflicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"
    lines = "".join(f"line {number}\n" for number in range(9))
    folder = Folder(tmp_path).write({"b.txt": "b\n", "c.txt": lines, "old.txt": "old\n"})

    code = folder.update(
        {"b.txt": "ours\n", "c.txt": f"ours\n{lines}", "old.txt": "ours\n"},
        {"b.txt": "new\n", "c.txt": f"{lines}new\n", "old.txt": None},
        summary=summary,
    )

    assert code == 3
    assert summary.read_text(encoding="utf-8") == SUMMARY
    printed = capsys.readouterr().out
    begin = "The template's v0.1.0 -> v0.2.0:\n\n  ## [0.2.0] - 2027-01-11\n\n  - Second.\n\n  Files that you had not"
    assert printed.startswith(begin)


def test_nothing_is_changed_if_the_summary_cannot_be_written(tmp_path: Path) -> None:
    folder = Folder(tmp_path).write({"a.md": "a\n"})

    with pytest.raises(SystemExit) as refusal:
        folder.update({}, {"a.md": "new\n"}, summary=tmp_path / "nowhere" / "summary.md")

    assert str(refusal.value) == f"{tmp_path}/nowhere/summary.md: No such file or directory. Nothing was changed."
    assert folder.read("a.md") == "a\n"


def test_the_summary_is_no_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path).write({})

    run = subprocess.run(
        [*COMMAND, "update", "--defaults", "--summary", str(tmp_path)],
        cwd=folder.ours,
        env=WORKING_TREE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 2
    assert "Invalid value for '--summary'" in run.stderr
