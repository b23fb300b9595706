"""A damaged answers file changes nothing, and usually gets one clear sentence."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import copier
import pytest
from copier.errors import UserMessageError

from tests.support.in_process import written_files
from tests.support.services import copy_template, read_files

ANSWERS = {"domain": "blank", "own_modules": {"loans": {"fields": {"title": "str"}}}}
Damage = Callable[[str], str]


def replaced(pattern: str, text: str) -> Damage:
    """Damage a file by replacing a pattern."""
    return lambda content: re.sub(pattern, text, content, flags=re.DOTALL | re.MULTILINE)


TOLD: dict[str, tuple[Damage, str]] = {
    "a word that is misspelt": (
        replaced("^domain: blank", "domain: bnak"),
        'domain: use clinic, platform or blank, not "bnak".',
    ),
    "a word that was deleted": (
        replaced("^domain: blank", "domain:"),
        "domain: use text, in quotes where YAML reads something else, not an empty value.",
    ),
    "a version without its quotes": (
        replaced("^python_version: '3.11'", "python_version: 3.10"),
        'python_version: use 3.11, 3.12, 3.13 or 3.14, not "3.1".',
    ),
    "a number in words": (
        replaced("^coverage_total: 75", "coverage_total: most"),
        'coverage_total: use a whole number from 0 to 100, not "most".',
    ),
    "a list for a mapping": (
        replaced(r"^own_modules:.*?\n(?=\S)", "own_modules: [loans]\n"),
        "own_modules: use a mapping of each module's name to its description, or {}, not \"['loans']\".",
    ),
    "a phase out of range": (
        replaced("phase: 1", "phase: 0"),
        'plan.loans.phase: use a whole number from 1 to 9, not "0".',
    ),
}
# Copier reads the file before the template: docs/reference/questions.md lists its messages.
NOT_TOLD: dict[str, Damage] = {
    "the markers of a conflict": lambda content: f"<<<<<<< before updating\n{content}=======\n>>>>>>> after updating\n",
    "half of the file": lambda content: content[: content.index("fields:") + 3],
    "a tab": replaced("^  loans:", "\tloans:"),
    "a byte that is no text": lambda content: content + "\0",
    "nothing": lambda _: "",
    "a list": lambda _: "- domain\n- blank\n",
    "a key that is no text": lambda content: content + "5: five\n",
    "a template that is not there": replaced("^_src_path: .*?$", "_src_path: /nowhere"),
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service in a git repository, written from the first version of a template repository."""
    template = copy_template(tmp_path_factory.mktemp("versions"))
    commit(template)
    git(template, "tag", "v1.0.0")
    service = tmp_path_factory.mktemp("services") / "original"
    written_files(template, service, ANSWERS)
    commit(service)
    return service


@pytest.fixture
def service(original: Path, tmp_path: Path) -> Path:
    """A copy of the service."""
    return shutil.copytree(original, tmp_path / "service")


@pytest.mark.parametrize("command", ["update", "recopy"])
@pytest.mark.parametrize(("damage", "sentence"), TOLD.values(), ids=TOLD.keys())
def test_is_reported_in_one_sentence(service: Path, command: str, damage: Damage, sentence: str) -> None:
    before = damaged(service, damage)

    with pytest.raises(UserMessageError, match=re.escape(sentence)):
        run(command, service)

    assert read_files(service) == before


@pytest.mark.parametrize("command", ["update", "recopy"])
@pytest.mark.parametrize("damage", NOT_TOLD.values(), ids=NOT_TOLD.keys())
def test_changes_nothing(service: Path, command: str, damage: Damage) -> None:
    before = damaged(service, damage)

    with pytest.raises(Exception):  # noqa: B017, PT011 (whatever PyYAML, pydantic or Copier raises)
        run(command, service)

    assert read_files(service) == before


@pytest.mark.parametrize(
    ("command", "line"), [("update", "_commit"), ("recopy", "_src_path")]
)  # a recopy needs no commit, and an update without `_src_path` ends in Copier's own TypeError
def test_missing_keys_of_copier_are_reported_by_copier(service: Path, command: str, line: str) -> None:
    before = damaged(service, replaced(rf"^{line}: .*?\n", ""))

    with pytest.raises(UserMessageError, match="cannot obtain old template references"):
        run(command, service)

    assert read_files(service) == before


def test_an_unknown_answer_is_dropped(service: Path) -> None:
    damaged(service, lambda content: content + "colour: red\n")

    run("recopy", service)

    assert "colour" not in (service / ".copier-answers.yml").read_text(encoding="utf-8")


def damaged(service: Path, damage: Damage) -> dict[str, bytes]:
    """Damage the answers file, commit it, and return all files."""
    file = service / ".copier-answers.yml"
    content = file.read_text(encoding="utf-8")
    file.write_text(damage(content), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != content
    commit(service)
    return read_files(service)


def run(command: str, service: Path) -> None:
    """Update or recopy a service with the answers in its file."""
    if command == "update":
        copier.run_update(service, defaults=True, quiet=True, overwrite=True)
    else:
        copier.run_recopy(service, defaults=True, quiet=True, overwrite=True)


def commit(folder: Path) -> None:
    """Commit everything; create a repository if there is none."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "As it is")


def git(folder: Path, *command: str) -> None:
    """Run git with a fixed author."""
    options = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *options, *command], cwd=folder, check=True, capture_output=True)
