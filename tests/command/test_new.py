"""`phasework new` asks the template's questions, writes the service, locks its dependencies and commits."""

import os
import re
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from phasework import cli
from phasework.rules import Rules
from tests.support.person import CTRL_C, CTRL_D, ENTER, NO, YES, Person, answering
from tests.support.services import read_files, write_files, write_service
from tests.support.updates import COMMAND, WORKING_TREE, Versions, commit_all, git, make_versions

pytestmark = pytest.mark.xdist_group("new")

ENTER_ALL_THE_WAY = [ENTER] * 11
"""The answers to all questions of the template and to the one about the folder."""


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """The template as a repository with a version."""
    return make_versions(tmp_path_factory.mktemp("versions"))


@pytest.fixture(scope="module")
def library(versions: Versions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service as Copier writes it."""
    folder = tmp_path_factory.mktemp("library") / "library"
    copier.run_copy(str(versions.folder), folder, {"modules": ["tickets"]}, defaults=True, quiet=True)
    return folder


@pytest.fixture
def written_once(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy a service instead of writing it with Copier, for tests of the later steps."""

    def copy(_: str, folder: Path, *__: object, **___: object) -> None:
        shutil.copytree(library, folder, dirs_exist_ok=True)

    monkeypatch.setattr("copier.run_copy", copy)


@pytest.fixture(autouse=True)
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Replace uv by a shell script."""

    def replace(script: str) -> None:
        program = tmp_path / "bin" / "uv"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("UV", str(program))

    replace("echo locked > uv.lock")
    return replace


@pytest.fixture(autouse=True)
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, a terminal, and an author for git."""
    folder = tmp_path / "workshop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setenv("PHASEWORK_VERSION", WORKING_TREE["PHASEWORK_VERSION"])
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ada@example.com")
    return folder


def run(versions: Versions, *arguments: str) -> object:
    """Run the command and return its exit code, or the message with which it exits."""
    try:
        cli.app(["new", "--template", str(versions.folder), *arguments])
    except SystemExit as error:
        return error.code
    raise AssertionError("the command always exits")


def test_pressing_enter_everywhere_is_the_same_as_defaults(
    versions: Versions, workshop: Path, person: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person.will_say(*ENTER_ALL_THE_WAY)

    assert run(versions) == 0
    written = read_files(workshop / "clinic-service")
    files = {path: content for path, content in written.items() if not path.startswith(".git/")}
    assert files.pop("uv.lock") == b"locked\n"
    assert files == {**write_service(versions.folder, tmp_path / "defaults", {}).files}
    assert git(workshop / "clinic-service", "log", "--format=%an: %s") == "Ada: Write the service\n"
    assert git(workshop / "clinic-service", "status", "--porcelain") == ""
    assert "    cd clinic-service\n    uv run pytest\n" in capsys.readouterr().out


@pytest.mark.usefixtures("written_once")
def test_every_question_of_the_template_is_asked(versions: Versions, person: Person, rules: Rules) -> None:
    person.will_say(*ENTER_ALL_THE_WAY)

    run(versions)

    answers = rules.with_defaults({})
    helps = {name: rules.question(name, answers).help for name in rules.question_names}
    # Own modules and the plan have their own questions, and git knows the folder.
    del helps["own_modules"], helps["plan"], helps["repository_folder"]
    assert set(helps.values()) <= set(person.asked)
    assert len(person.asked) == len(helps) + 3


def test_own_modules_and_the_plan_are_built_step_by_step(versions: Versions, workshop: Path, person: Person) -> None:
    person.will_say("Library", ENTER, "Lends books.", "blank")
    member: list[Any] = ["members", ENTER, ENTER, ENTER, "name", "str", NO, ENTER, NO, ["name"], [], ENTER, YES]
    loan: list[Any] = ["loans", ENTER, "2", ENTER, "due", "date", YES, ENTER, NO, [], ENTER, YES]
    person.will_say(YES, *member, YES, *loan, NO)
    person.will_say(NO, "3", "70", ENTER, ENTER)
    person.will_say("90", "async", "3.12", "our-library")

    assert run(versions) == 0
    answers = yaml.safe_load((workshop / "our-library/.copier-answers.yml").read_text())
    assert (
        answers.items()
        >= {
            "project_name": "Library",
            "package_name": "library",
            "domain": "blank",
            "plan": {"loans": {"coverage": 70, "phase": 3}, "members": {"coverage": 80, "phase": 1}},
            "coverage_total": 90,
            "database_access": "async",
            "python_version": "3.12",
        }.items()
    )
    assert list(answers["own_modules"]) == ["members", "loans"]
    assert "modules" not in answers


@pytest.mark.usefixtures("written_once")
def test_a_question_is_asked_again_after_a_refused_answer(
    versions: Versions, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.will_say("/", "Library", "class", "library", ENTER, ENTER, ["appointments"], ["tickets"])
    person.will_say(ENTER, ENTER, "101", "90", ENTER, ENTER, ENTER)

    assert run(versions) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for sentence in (
        "project_name: use 1 to 60 letters,",
        "package_name: use another name because Python",
        "modules: tick patients, which appointments needs,",
        'coverage_total: use a whole number from 0 to 100, not "101".',
    ):
        assert sentence in printed


def test_given_answers_are_not_asked_for(versions: Versions, workshop: Path, person: Person, tmp_path: Path) -> None:
    file = tmp_path / "answers.yml"
    file.write_text("domain: blank\ncoverage_total: 90\n")
    person.will_say(ENTER, ENTER, NO, ENTER, ENTER)

    assert run(versions, "library", "--data-file", str(file), "--data", "project_name=Library") == 0

    answers = yaml.safe_load((workshop / "library/.copier-answers.yml").read_text())
    assert answers.items() >= {"project_name": "Library", "domain": "blank", "coverage_total": 90}.items()


@pytest.mark.parametrize("by_copier", [True, False], ids=["copier", "phasework"])
def test_a_relative_path_of_the_template_is_recorded_in_full(
    versions: Versions, workshop: Path, by_copier: bool
) -> None:
    (workshop / "template").symlink_to(versions.folder)
    if by_copier:
        copier.run_copy("./template", "library", {"modules": []}, defaults=True, quiet=True)
    else:
        with pytest.raises(SystemExit):
            cli.app(["new", "--template", "./template", "--defaults", "--data", "modules=[]", "library"])

    answers = yaml.safe_load((workshop / "library/.copier-answers.yml").read_text(encoding="utf-8"))
    assert answers["_src_path"] == str(versions.folder)
    assert f"uvx --from {versions.folder} phasework" in (workshop / "library/README.md").read_text(encoding="utf-8")


def test_uncommitted_changes_of_the_template_are_reported(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = versions.folder / "notes.txt"
    notes.write_text("Not committed\n", encoding="utf-8")

    code = run(versions, "--vcs-ref", "HEAD", "--defaults", "--data", "modules=[]", "library")

    notes.unlink()
    assert code == 0
    assert capsys.readouterr().err.startswith(f"The template at {versions.folder} has uncommitted changes.")


def test_every_question_can_be_answered_without_a_terminal(
    versions: Versions, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    given = ["project_name=Library", "modules=[tickets]", "own_modules={loans: {fields: {title: str}}}"]
    given += ["plan={loans: {phase: 2}}", "coverage_total=90", "database_access=async", "python_version=3.12"]
    assert run(versions, "--defaults", *(word for answer in given for word in ("--data", answer))) == 0

    answers = yaml.safe_load((workshop / "library/.copier-answers.yml").read_text())
    assert (answers["modules"], answers["plan"]["loans"]["phase"], answers["coverage_total"]) == (["tickets"], 2, 90)
    assert (answers["database_access"], answers["python_version"]) == ("async", "3.12")


def test_without_a_terminal_the_options_are_named(
    versions: Versions, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    assert str(run(versions)).startswith("Questions need a terminal: answer them with --data or --data-file")
    assert list(workshop.iterdir()) == []


REFUSED: dict[str, tuple[list[str], str]] = {
    "no such question": (
        ["--data", "colour=red"],
        "colour: there is no such question; use coverage_total, database_access,",
    ),
    "a bad answer": (["--data", "coverage_total=101"], "coverage_total: use a whole number from 0 to 100"),
    "no number": (["--data", "coverage_total=most"], "coverage_total: use a whole number from 0 to 100"),
    "a bad own module": (
        ["--data", "own_modules={loans: {fields: {title: number}}}"],
        'own_modules.loans.fields.title: use int or decimal, not "number".',
    ),
    "no YAML": (["--data", "modules=["], "modules: line 1, column 2: close the bracket or brace before it."),
    "no such version": (["--vcs-ref", "v9.9.9"], "Unknown revision: 'v9.9.9'"),
}


@pytest.mark.parametrize("defaults", [True, False], ids=["defaults", "asked"])
@pytest.mark.parametrize(("arguments", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_bad_answer_gets_one_sentence_and_nothing_is_written(
    versions: Versions, workshop: Path, arguments: list[str], sentence: str, defaults: bool
) -> None:
    with answering() as person:
        person.will_say(*ENTER_ALL_THE_WAY)

        output = str(run(versions, *arguments, *(["--defaults"] if defaults else [])))

        person.answers.clear()
    assert sentence in output
    assert "\n" not in output
    assert list(workshop.iterdir()) == []


FOLDERS = {
    "a file": ("full/file", '"full/file" is not a folder; choose another name.'),
    "below a file": ("full/file/library", "{here}/full/file is not a folder; choose another name."),
    "a broken link": ("link", '"link" is not a folder; choose another name.'),
    "a service": ("service", "service has a service already; choose another folder, or run `phasework update` there."),
    "too long a name": ("x" * 300, "cannot be used (File name too long); choose another name."),
    "no home": ("~nobody-of-this-name/library", "cannot be used ("),
}


@pytest.mark.parametrize(("folder", "sentence"), FOLDERS.values(), ids=FOLDERS)
def test_a_folder_that_cannot_be_used_is_refused_before_the_first_question(
    versions: Versions, workshop: Path, folder: str, sentence: str
) -> None:
    for path in ("full/file", "service/.copier-answers.yml"):
        (workshop / path).parent.mkdir()
        (workshop / path).write_text("Mine.")
    (workshop / "link").symlink_to("nowhere")
    before = read_files(workshop)

    assert sentence.format(here=workshop) in str(run(versions, folder))
    assert read_files(workshop) == before


def test_a_tilde_is_the_home_of_the_person(
    versions: Versions, workshop: Path, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(workshop / "home"))
    person.will_say(*ENTER_ALL_THE_WAY[:-1], "~/our library")

    assert run(versions) == 0
    assert [path.name for path in workshop.iterdir()] == ["home"]
    assert (workshop / "home/our library/pyproject.toml").is_file()


CLONE = {"README.md": "# Ours\n", "LICENSE": "Ours.\n", ".gitignore": "ours/\n", "docs/ours.md": "Ours.\n"}


@pytest.fixture
def clone(workshop: Path) -> Path:
    """A fresh clone with a few files, as code hosts offer them."""
    folder = workshop / "library"
    write_files(folder, {path: text.encode() for path, text in CLONE.items()})
    commit_all(folder, "Initial commit")
    return folder


@pytest.mark.usefixtures("written_once")
def test_a_fresh_clone_is_filled_after_a_question(
    versions: Versions, clone: Path, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.will_say(*ENTER_ALL_THE_WAY[:-1], YES)

    assert run(versions, "library") == 0

    printed = capsys.readouterr().out
    assert "library has files. The service would replace .gitignore, README.md.\n" in printed
    assert '    git add --all && git commit -m "Write the service"\n' in printed
    assert (clone / "README.md").read_text() != CLONE["README.md"]
    assert (clone / "LICENSE").read_text() == CLONE["LICENSE"]
    assert (clone / "docs/ours.md").read_text() == CLONE["docs/ours.md"]
    assert (clone / "uv.lock").is_file()
    assert git(clone, "log", "--format=%s") == "Initial commit\n"


@pytest.mark.usefixtures("written_once")
def test_a_fresh_clone_stays_as_it_is_if_the_person_declines(versions: Versions, clone: Path, person: Person) -> None:
    before = read_files(clone)
    person.will_say(*ENTER_ALL_THE_WAY[:-1], ENTER)

    assert run(versions, "library") == "Nothing was written."
    assert read_files(clone) == before


@pytest.mark.usefixtures("written_once")
def test_without_questions_only_the_option_replaces_files(versions: Versions, clone: Path) -> None:
    before = read_files(clone)

    assert run(versions, "library", "--defaults") == (
        "library has files that the service would replace: .gitignore, README.md. Replace them with --overwrite."
    )
    assert read_files(clone) == before
    assert run(versions, "library", "--defaults", "--overwrite") == 0
    assert (clone / "README.md").read_text() != CLONE["README.md"]


@pytest.mark.usefixtures("written_once")
def test_a_repository_without_files_needs_no_question(versions: Versions, workshop: Path, person: Person) -> None:
    git(workshop, "init", "--quiet", "library")
    person.will_say(*ENTER_ALL_THE_WAY[:-1])

    assert run(versions, "library") == 0
    assert (workshop / "library/pyproject.toml").is_file()


@pytest.mark.usefixtures("written_once")
def test_a_clone_is_as_before_when_the_command_is_stopped(
    versions: Versions, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / "Dockerfile").symlink_to("docs/ours.md")
    before = read_files(clone)

    def stop(folder: Path) -> None:
        assert (folder / "pyproject.toml").is_file()
        assert not (folder / "Dockerfile").is_symlink()
        raise KeyboardInterrupt

    monkeypatch.setattr("phasework.writing.lock", stop)

    assert run(versions, "library", "--defaults", "--overwrite") == 130
    assert read_files(clone) == before
    assert (clone / "Dockerfile").is_symlink()
    assert sorted(path.name for path in clone.iterdir()) == sorted(
        [".git", ".gitignore", "Dockerfile", "LICENSE", "README.md", "docs"]
    )


@pytest.mark.usefixtures("written_once")
@pytest.mark.parametrize("path", ["README.md", "src"])
def test_a_folder_in_the_place_of_a_file_or_the_reverse_is_named(versions: Versions, workshop: Path, path: str) -> None:
    ours = workshop / "library" / ("README.md/ours.md" if path == "README.md" else "src")
    ours.parent.mkdir(parents=True)
    ours.write_text("Ours.")

    output = str(run(versions, "library", "--defaults", "--overwrite"))

    assert re.fullmatch(
        rf"{workshop}/library/{path}(/clinic_service)?: (Is a directory|File exists|Not a directory). Nothing was written.",
        output,
    )
    assert read_files(workshop) == {ours.relative_to(workshop).as_posix(): b"Ours."}


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["ctrl-c", "ctrl-d"])
def test_nothing_is_written_if_the_user_cancels_at_any_question(
    versions: Versions, workshop: Path, capsys: pytest.CaptureFixture[str], key: Any
) -> None:
    for number in range(len(ENTER_ALL_THE_WAY)):
        with answering() as person:
            person.will_say(*ENTER_ALL_THE_WAY[:number], key)

            assert run(versions) == 130

        assert capsys.readouterr().err.endswith("Nothing was written.\n")
    assert list(workshop.iterdir()) == []


@pytest.mark.usefixtures("written_once")
def test_the_files_stay_when_the_dependencies_cannot_be_locked(
    versions: Versions, workshop: Path, uv: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    uv('echo "  > No index answers." >&2; exit 1')

    assert run(versions, "--defaults", "library") == 0

    printed = capsys.readouterr()
    assert printed.err.endswith("The dependencies are not locked. uv: No index answers.\n")
    assert "    cd library\n    uv lock\n    uv run pytest\n" in printed.out
    assert (workshop / "library/pyproject.toml").is_file()
    assert git(workshop / "library", "log", "--format=%s") == "Write the service\n"


@pytest.mark.usefixtures("written_once")
def test_the_files_stay_when_git_cannot_commit(
    versions: Versions, workshop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "")

    assert run(versions, "--defaults", "library") == 0

    printed = capsys.readouterr()
    assert "not committed. git: empty ident name" in " ".join(printed.err.split())
    identity = 'git config --global user.name "Your Name"\n    git config --global user.email you@example.com'
    command = 'git init --initial-branch main && git add --all && git commit -m "Write the service"'
    assert f"    cd library\n    {identity}\n    {command}\n    uv run pytest\n" in printed.out
    assert (workshop / "library/uv.lock").is_file()
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Ada")
    subprocess.run(command, shell=True, cwd=workshop / "library", check=True, capture_output=True)


@pytest.mark.usefixtures("written_once")
def test_a_service_inside_a_repository_is_left_to_its_team(versions: Versions, workshop: Path) -> None:
    git(workshop, "init", "--quiet")

    assert run(versions, "--defaults", "--join-repository", "services/library") == 0

    assert not (workshop / "services/library/.git").exists()
    assert git(workshop, "status", "--porcelain") == "?? services/\n"


QUESTION = "Put the workflow and a hook at its root? Otherwise, the service gets its own repository."


@pytest.mark.parametrize("answer", [YES, ENTER], ids=["yes", "enter"])
def test_the_root_of_a_repository_is_written_to_after_a_question(
    versions: Versions, workshop: Path, person: Person, capsys: pytest.CaptureFixture[str], answer: object
) -> None:
    git(workshop, "init", "--quiet")
    person.will_say(*ENTER_ALL_THE_WAY[:-1], answer)

    assert run(versions, "library") == 0

    assert person.asked[-1] == QUESTION
    assert f"library is in the git repository {workshop}, which has no service yet.\n" in capsys.readouterr().out
    assert (workshop / ".github/workflows/library.yml").is_file()
    assert not (workshop / "library/.git").exists()

    # There is no question for the second service.
    assert run(versions, "--defaults", "--data", "modules=[]", "second") == 0
    assert (workshop / ".github/workflows/second.yml").is_file()


@pytest.mark.usefixtures("written_once")
@pytest.mark.parametrize("home", [False, True], ids=["no", "enter in a home that is a repository"])
def test_a_service_gets_its_own_repository_if_the_person_declines(
    versions: Versions, workshop: Path, person: Person, monkeypatch: pytest.MonkeyPatch, home: bool
) -> None:
    git(workshop, "init", "--quiet")
    if home:
        monkeypatch.setenv("HOME", str(workshop))
    person.will_say(*ENTER_ALL_THE_WAY[:-1], ENTER if home else NO)

    assert run(versions, "library") == 0

    assert git(workshop / "library", "log", "--format=%s") == "Write the service\n"
    assert git(workshop / "library", "status", "--porcelain") == ""
    assert (workshop / "library/.github/workflows/test-deploy.yml").is_file()
    assert sorted(path.name for path in workshop.iterdir()) == [".git", "library"]


@pytest.mark.usefixtures("written_once")
def test_without_questions_only_an_option_writes_to_the_root(versions: Versions, workshop: Path) -> None:
    git(workshop, "init", "--quiet")

    assert run(versions, "--defaults", "library") == (
        f"{workshop} is a git repository without a service: add --join-repository to put a workflow and a hook there, "
        "or --own-repository."
    )
    assert [path.name for path in workshop.iterdir()] == [".git"]

    assert run(versions, "--defaults", "--own-repository", "our library") == 0

    assert git(workshop / "our library", "log", "--format=%s") == "Write the service\n"
    assert sorted(path.name for path in workshop.iterdir()) == [".git", "our library"]


def test_a_service_at_the_root_has_neighbours(versions: Versions, workshop: Path, library: Path) -> None:
    git(workshop, "init", "--quiet")
    shutil.copytree(library, workshop, dirs_exist_ok=True)

    assert run(versions, "--defaults", "--data", "modules=[]", "second") == 0

    assert (workshop / ".github/workflows/second.yml").is_file()


def test_the_folder_in_the_repository_is_no_answer(versions: Versions, workshop: Path) -> None:
    assert run(versions, "--defaults", "--data", "repository_folder=services/library", "library") == (
        "repository_folder: leave it out, because git knows the folder of a service in its repository."
    )
    assert list(workshop.iterdir()) == []


def test_a_workflow_of_the_team_is_replaced_only_after_a_question(
    versions: Versions, workshop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(workshop, "init", "--quiet")
    workflow = workshop / ".github/workflows/library.yml"
    write_files(workshop, {".github/workflows/library.yml": b"name: Ours\n", "ours.txt": b"Ours.\n"})

    refusal = str(run(versions, "--defaults", "--join-repository", "--data", "modules=[]", "library"))

    assert refusal == (
        "The repository has files that the service would replace: .github/workflows/library.yml at the root. "
        "Replace them with --overwrite."
    )
    assert workflow.read_text(encoding="utf-8") == "name: Ours\n"
    assert not (workshop / "library").exists()

    assert run(versions, "--defaults", "--join-repository", "--data", "modules=[]", "--overwrite", "library") == 0

    assert workflow.read_text(encoding="utf-8").startswith("name: Test and deploy library\n")
    assert (
        "The service is in library, with .github/workflows/library.yml and .pre-commit-config.yaml at the root of the "
        "repository. Next:" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("hooks.yml", b"repos:\n- repo: meta\n  hooks: [{id: identity}]\n"),
        (".pre-commit-config.yaml", b"# F\xfcr uns.\n"),
    ],
    ids=["a link", "another encoding"],
)
def test_hooks_that_cannot_be_changed_are_left_to_the_team(
    versions: Versions, workshop: Path, capsys: pytest.CaptureFixture[str], file: str, content: bytes
) -> None:
    git(workshop, "init", "--quiet")
    write_files(workshop, {file: content})
    hooks = workshop / ".pre-commit-config.yaml"
    if file != hooks.name:
        hooks.symlink_to(file)

    assert run(versions, "--defaults", "--join-repository", "--data", "modules=[]", "library") == 0

    assert (hooks.is_symlink(), hooks.read_bytes()) == (file != hooks.name, content)
    assert "Add these lines to the list `repos`" in capsys.readouterr().out


def test_the_root_is_as_before_when_the_command_is_stopped(
    versions: Versions, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: Path) -> None:
        raise KeyboardInterrupt

    git(workshop, "init", "--quiet")
    write_files(workshop, {".pre-commit-config.yaml": b"# Ours.\n"})
    monkeypatch.setattr("phasework.writing.lock", stop)

    assert run(versions, "--defaults", "--join-repository", "--data", "modules=[]", "services/library") == 130

    assert {path for path in read_files(workshop) if not path.startswith(".git/")} == {".pre-commit-config.yaml"}
    assert (workshop / ".pre-commit-config.yaml").read_text(encoding="utf-8") == "# Ours.\n"


@pytest.mark.parametrize("ignored", ["build/", "/build", "*"])
def test_a_folder_that_git_ignores_is_no_part_of_the_repository(
    versions: Versions, workshop: Path, ignored: str
) -> None:
    git(workshop, "init", "--quiet")
    write_files(workshop, {".gitignore": f"{ignored}\n".encode()})

    assert run(versions, "--defaults", "--data", "modules=[]", "build/demo") == 0

    assert (workshop / "build/demo/.github/workflows/test-deploy.yml").is_file()
    assert not (workshop / ".github").exists()


@pytest.mark.parametrize("folder", ["our services/library", "2024/library", "no"])
def test_a_folder_that_no_workflow_can_name_is_refused(versions: Versions, workshop: Path, folder: str) -> None:
    git(workshop, "init", "--quiet")

    assert run(versions, "--defaults", folder) == (
        "repository_folder: use names of letters, digits and _ . - with / between them, a letter first, "
        f'as in services/shop, not "{folder}"; or add --own-repository.'
    )


@pytest.mark.usefixtures("written_once")
def test_no_repository_is_made_inside_one_that_git_refuses(
    versions: Versions, workshop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git(workshop, "init", "--quiet")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr("phasework.writing.newest_version", lambda _: None)

    assert run(versions, "--defaults", "services/library") == 0

    assert not (workshop / "services/library/.git").exists()
    assert "not committed. git: detected dubious ownership" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one program")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "terminated"]
)
def test_nothing_is_left_behind_when_it_is_stopped_while_it_locks(
    versions: Versions, workshop: Path, uv: Callable[[str], None], number: int, code: int
) -> None:
    uv("touch started; exec sleep 60")
    run = subprocess.Popen(
        [*COMMAND, "new", "--defaults", "--template", str(versions.folder), "services/library"],
        stderr=subprocess.PIPE,
        text=True,
        # Background processes ignore Ctrl-C, and so do the programs that they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (workshop / "services/library/started").exists() and run.poll() is None:
        time.sleep(0.02)

    run.send_signal(number)

    _, output = run.communicate(timeout=30)
    assert run.returncode == code, output
    assert list(workshop.iterdir()) == []


@pytest.mark.usefixtures("written_once")
def test_an_empty_folder_stays_when_the_command_is_stopped(
    versions: Versions, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: Path) -> None:
        raise KeyboardInterrupt

    (workshop / "library").mkdir()
    monkeypatch.setattr("phasework.writing.lock", stop)

    assert run(versions, "--defaults", "library") == 130
    assert [path.name for path in workshop.rglob("*")] == ["library"]


def test_a_program_from_an_index_asks_for_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phasework.commands.new.running_source", lambda: None)

    with pytest.raises(SystemExit, match="installed from an index: name the template with --template"):
        cli.app(["new", "--defaults"])
