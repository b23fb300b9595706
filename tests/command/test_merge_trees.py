"""An update of a small folder: what the template wrote before, what the team made of it, and what the template writes now."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from phasework import moved_files
from phasework.git import Repository
from tests.support.folders import Files, Folder, change
from tests.support.updates import commit_all, git

LONG = "".join(f"line {number}\n" for number in range(40))
OTHER = LONG.replace("line", "another line")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder in three versions."""
    return Folder(tmp_path)


MOVED: Files = {"tests/old.py": None, "tests/new/name.py": f"# new\n{LONG}"}


@pytest.mark.parametrize(
    ("ours", "after"),
    [
        ({}, {"tests/old.py": None, "tests/new/name.py": f"# new\n{LONG}"}),
        ({"tests/old.py": f"{LONG}# ours\n"}, {"tests/old.py": None, "tests/new/name.py": f"# new\n{LONG}# ours\n"}),
        ({"tests/old.py": None}, {"tests/old.py": None, "tests/new/name.py": None}),
        (
            {"tests/old.py": None, "tests/ours.py": LONG},
            {"tests/old.py": None, "tests/new/name.py": None, "tests/ours.py": f"# new\n{LONG}"},
        ),
    ],
    ids=["untouched", "edited", "deleted", "moved elsewhere"],
)
def test_an_update_follows_a_file_that_the_template_moves(folder: Folder, ours: Files, after: Files) -> None:
    code = folder.write({"tests/old.py": LONG}).update(ours, MOVED)

    assert code == 0
    assert {path: folder.read(path) for path in after} == after
    assert not (folder.ours / "removed").exists()


@pytest.mark.parametrize("old", moved_files.MOVED)
def test_an_update_follows_a_listed_move_of_a_file_that_became_another(folder: Folder, old: str) -> None:
    new = moved_files.MOVED[old].format(package="shop")
    before = {old: LONG, "src/shop/__init__.py": ""}

    code = folder.write(before).update({old: f"{LONG}# ours\n"}, {old: None, new: f"{OTHER}{LONG[-8:]}"})

    assert code == 0
    assert (folder.read(old), folder.read(new)) == (None, f"{OTHER}{LONG[-8:]}# ours\n")


def test_an_edited_test_that_the_template_deletes_stays_in_the_suite(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = "tests/unit/core/test_clock.py", "tests/unit/core/clocks.py"
    edited = f"{LONG}# ours\n"

    code = folder.write({path: LONG, other: LONG}).update({path: edited, other: edited}, {path: None, other: None})

    assert code == 3
    assert folder.read(path) == folder.read(f"removed/{other}") == edited
    assert f"  {path}: all of it, which the template no longer has\n" in capsys.readouterr().out
    assert [line.split()[2] for line in git(folder.ours, "ls-files", "--unmerged").splitlines()] == ["1", "2"]


def test_an_edited_test_of_a_module_that_is_removed_is_kept_elsewhere(folder: Folder) -> None:
    module, path = "src/shop/modules/cats/models.py", "tests/integration/test_all_pets.py"

    code = folder.write({module: LONG, path: LONG}).update({path: f"{LONG}# ours\n"}, {module: None, path: None})

    assert code == 0
    assert folder.read(f"removed/{path}") == f"{LONG}# ours\n"


def test_a_file_of_another_module_is_not_a_new_place(folder: Folder) -> None:
    before = {"src/shop/modules/cats/service.py": LONG, "src/shop/modules/cats/models.py": "cats = 1\n"}
    after: Files = dict.fromkeys(before) | {"src/shop/modules/dogs/service.py": LONG}

    folder.write(before).update({"src/shop/modules/cats/service.py": f"{LONG}# ours\n"}, after)

    assert folder.read("src/shop/modules/dogs/service.py") == LONG
    assert folder.read("removed/src/shop/modules/cats/service.py") == f"{LONG}# ours\n"


def test_an_empty_file_has_no_new_place(folder: Folder) -> None:
    folder.write({"tests/a/__init__.py": ""}).update(
        {"tests/a/__init__.py": None, "tests/ours/__init__.py": ""}, {"tests/a/__init__.py": "# new\n"}
    )

    assert folder.read("tests/ours/__init__.py") == ""


@pytest.mark.parametrize(
    ("ours", "path", "sentence"),
    [
        ({"infra/a.yml": "a\n", "monitoring": "-> infra"}, "monitoring/alerts.yml", "monitoring is not a folder"),
        ({"monitoring": "ours\n"}, "monitoring/alerts.yml", "monitoring is not a folder"),
        ({"notes/ours.txt": "ours\n"}, "notes", "notes is a folder"),
    ],
    ids=["link", "file", "folder"],
)
def test_a_file_of_the_team_is_not_in_the_way(folder: Folder, ours: Files, path: str, sentence: str) -> None:
    folder.write({})

    with pytest.raises(SystemExit) as refusal:
        folder.update(ours, {path: "new\n"})

    assert str(refusal.value).startswith(sentence)
    assert git(folder.ours, "status", "--porcelain") == ""
    assert all((folder.ours / each).exists() for each in ours)


def test_an_ignored_file_is_not_in_the_way(folder: Folder) -> None:
    folder.write({".gitignore": "monitoring\n"})
    (folder.ours / "monitoring").write_text("ours\n", encoding="utf-8")

    with pytest.raises(SystemExit, match=r"^monitoring is ignored by git"):
        folder.update({}, {"monitoring/alerts.yml": "new\n"})

    assert folder.read("monitoring") == "ours\n"


def test_kept_files_leave_a_file_named_removed_alone(folder: Folder) -> None:
    folder.write({"old.md": "old\n"}).update({"old.md": "ours\n", "removed": "a list\n"}, {"old.md": None})

    assert folder.read("removed") == "a list\n"
    assert folder.read("removed-2/old.md") == "ours\n"


def revision(name: str, before: str | None, step: str = "pass") -> str:
    """Return the source of a migration."""
    down = f'"{before}"' if before else None
    return f'revision = "{name}"\ndown_revision = {down}\n\n\ndef upgrade() -> None:\n    {step}\n'


@pytest.mark.parametrize(
    ("theirs", "name", "before"),
    [
        ([], "cats_0002", "cats_0001"),
        ([("cats_0002_1f2a", "cats_0001")], "cats_0002", "cats_0002_1f2a"),
        ([("cats_0002", "cats_0001")], "cats_0003", "cats_0002"),
        ([("cats_0002", "cats_0001"), ("cats_0003", "cats_0002")], "cats_0004", "cats_0003"),
    ],
    ids=["no migration", "another name", "the same name", "several"],
)
def test_a_migration_of_the_template_follows_those_of_the_team(
    folder: Folder, theirs: list[tuple[str, str]], name: str, before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = "migrations/versions/{}.py".format
    ours = {place(name): revision(name, down, "ours()") for name, down in theirs}
    folder.write({place("cats_0001"): revision("cats_0001", None)})

    assert folder.update(ours, {place("cats_0002"): revision("cats_0002", "cats_0001", "new()")}) == 0

    assert folder.read(place(name)) == revision(name, before, "new()")
    assert {path: folder.read(path) for path in ours} == ours
    assert (f"{place(name)}, after {before}" in capsys.readouterr().out) == bool(theirs)
    change(
        folder.base,
        {
            ".copier-answers.yml": folder.read(".copier-answers.yml"),
            place("cats_0002"): folder.new.joinpath(place("cats_0002")).read_text(encoding="utf-8"),
        },
    )
    commit_all(folder.ours, "Update")
    assert folder.merge() == 0
    assert git(folder.ours, "status", "--porcelain") == ""


@pytest.mark.parametrize("step", ["pass", "other()"])
def test_a_module_that_is_added_again_keeps_its_migrations(folder: Folder, step: str) -> None:
    place = "migrations/versions/{}.py".format
    ours = {place("cats_0001"): revision("cats_0001", None), place("cats_0002"): revision("cats_0002", "cats_0001")}
    new = {place("cats_0001"): revision("cats_0001", None, step), place("cats_0002"): ours[place("cats_0002")]}

    assert folder.write({}).update(ours, new) == 0
    assert {path.name for path in (folder.ours / "migrations/versions").iterdir()} == {"cats_0001.py", "cats_0002.py"}
    assert {path: folder.read(path) for path in ours} == ours


def test_a_migration_is_never_merged(folder: Folder) -> None:
    path = "migrations/versions/cats_0001.py"
    folder.write({path: revision("cats_0001", None)})

    assert (
        folder.update({path: revision("cats_0001", None, "ours()")}, {path: revision("cats_0001", None, "new()")}) == 0
    )
    assert folder.read(path) == revision("cats_0001", None, "ours()")


def test_a_link_is_not_merged_as_text(folder: Folder) -> None:
    code = folder.write({"a.md": "a\n", "b.md": "b\n"}).update({"a.md": "-> b.md"}, {"a.md": "new\n"})

    assert code == 3
    assert (folder.ours / "a.md").readlink() == Path("b.md")


def test_the_executable_bit_of_the_template_is_taken(folder: Folder) -> None:
    folder.write({"run": LONG})
    (folder.new / "run").chmod(0o755)

    assert folder.update({"run": f"{LONG}# ours\n"}, {}) == 0
    assert os.access(folder.ours / "run", os.X_OK)
    assert folder.read("run") == f"{LONG}# ours\n"


def test_line_ends_of_the_team_stay_and_do_not_conflict(folder: Folder) -> None:
    ours = f"{LONG}ours\n".replace("\n", "\r\n")

    assert folder.write({"README.md": LONG}).update({"README.md": ours}, {"README.md": f"new\n{LONG}"}) == 0
    assert folder.read("README.md") == f"new\n{LONG}ours\n".replace("\n", "\r\n")


def test_a_repository_with_sha_256_is_updated(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "--object-format=sha256").write({"a.md": "a\n", "b.md": "b\n", "c.md": "c\n"})

    assert folder.update({"c.md": "ours\n"}, {"a.md": None, "b.md": "new\n", "c.md": "new\n"}) == 3
    assert (folder.read("a.md"), folder.read("b.md")) == (None, "new\n")
    assert git(folder.ours, "diff", "--name-only", "--diff-filter=U").split() == ["c.md"]


def test_a_conflict_never_looks_merged(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write({"a.md": "a\n"})
    replace: Callable[[Path, Path], Path] = Path.replace

    def interrupted(path: Path, target: Path) -> Path:
        if target.name == "index":
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.update({"a.md": "ours\n"}, {"a.md": "new\n", "b.md": "new\n"})

    assert "<<<<<<<" in (folder.read("a.md") or "")
    assert git(folder.ours, "diff", "--cached", "--name-only") == ""
    assert not list((folder.ours / ".git").glob("*phasework*"))
    subprocess.run(
        "git restore --source=HEAD --staged --worktree . && git clean -fdq", shell=True, cwd=folder.ours, check=True
    )
    assert (folder.read("a.md"), folder.read("b.md")) == ("ours\n", None)


def test_files_that_a_submodule_does_not_track_are_no_changes(folder: Folder, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "a.py").write_text("a = 1\n", encoding="utf-8")
    commit_all(library, "Begin")
    folder.write({"a.md": "a\n"})
    git(folder.ours, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "library")
    commit_all(folder.ours, "Add a submodule")
    (folder.ours / "library" / "notes.txt").write_text("ours\n", encoding="utf-8")

    assert Repository(folder.ours).changed_files() == []
