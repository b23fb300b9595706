"""An update formats the template's files as the team formats its own, so that only what they say can conflict."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.edits import CHANGES, EDITS
from tests.support.folders import Folder
from tests.support.services import environment_of_all
from tests.support.updates import LivingService, make_versions

pytestmark = pytest.mark.xdist_group("style")

NEXT = "v0.2.0"
SUM = "total_{number} = first_operand_{number} + second_operand_{number} + third_operand_{number}\n"
FILE = "".join(SUM.format(number=number) for number in range(3))
NEW = FILE.replace("third_operand_0", "third_operand_0 + fourth_operand_0")
WIDE = "[tool.ruff]\nline-length = 120\n"
SINGLE = "[tool.ruff.lint.isort]\nforce-single-line = true\n"
NARROW = "[tool.ruff]\nline-length = 60\n"


@pytest.fixture(scope="session")
def environment() -> Path:
    """An environment with ruff."""
    return environment_of_all("sync", Path(sys.executable))


@pytest.fixture(autouse=True)
def _no_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide uv: updates use the ruff in the environment of the service."""
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr("shutil.which", lambda _: None)


@pytest.fixture
def install(environment: Path) -> Callable[[Path], None]:
    """Lock and install ruff in a folder, as `uv sync` does."""

    def install(folder: Path) -> None:
        version = subprocess.run(
            [environment / "bin/ruff", "--version"], capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        (folder / "uv.lock").write_text(f'[[package]]\nname = "ruff"\nversion = "{version}"\n', encoding="utf-8")
        (folder / ".venv").symlink_to(environment)

    return install


@pytest.fixture
def folder(tmp_path: Path, install: Callable[[Path], None]) -> Folder:
    """A folder in three versions, with a ruff."""
    folder = Folder(tmp_path)
    (folder.ours / ".git/info/exclude").write_text(".venv\n", encoding="utf-8")
    install(folder.ours)
    return folder


@pytest.fixture
def narrow(environment: Path) -> Callable[[str], str]:
    """Return a text as ruff formats it with the settings of the team."""

    def narrow(text: str) -> str:
        command = [str(environment / "bin/ruff"), "format", "--line-length", "60", "-"]
        run = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True)
        return run.stdout

    return narrow


def test_a_line_that_only_looks_different_is_no_conflict(folder: Folder, narrow: Callable[[str], str]) -> None:
    page = "# Sums\n\n```python\n{}```\n".format
    folder.write({"a.py": FILE, "b.py": FILE, "c.py": FILE, "sums.md": page(FILE)})
    ours = {"a.py": f"{narrow(FILE)}# ours\n", "b.py": narrow(FILE), "c.py": narrow(FILE), "pyproject.toml": NARROW}

    code = folder.update(
        {**ours, "sums.md": f"{page(narrow(FILE))}Ours.\n"},
        {"a.py": NEW, "b.py": None, "d.py": NEW, "sums.md": page(NEW)},
    )

    assert code == 0
    assert folder.read("a.py") == f"{narrow(NEW)}# ours\n"
    assert folder.read("c.py") == narrow(FILE)
    assert folder.read("d.py") == narrow(NEW)
    assert folder.read("sums.md") == f"{page(narrow(NEW))}Ours.\n"
    # The team had only formatted it, so nothing of it is kept.
    assert not (folder.ours / "b.py").exists()
    assert not (folder.ours / "removed").exists()


def test_imports_that_the_team_sorts_otherwise_are_no_conflict(folder: Folder) -> None:
    several, single = ("from typing import Any, Self\n", "from typing import Any\nfrom typing import Self\n")
    code = "\nVALUES: list[Any] = []\n"
    folder.write({"a.py": several + code, "b.py": several + code})
    ours = {"a.py": f"{single}{code}# ours\n", "b.py": single + code, "pyproject.toml": SINGLE}

    assert folder.update(ours, {"a.py": f"import os\n{several}{code}", "b.py": None}) == 0
    assert folder.read("a.py") == f"import os\n{single}{code}# ours\n"
    assert folder.read("b.py") is None
    assert not (folder.ours / "removed").exists()


def test_a_file_whose_imports_the_team_does_not_sort_is_formatted_only(
    folder: Folder, narrow: Callable[[str], str]
) -> None:
    ordered, unordered = "import os\nimport sys\n\n", "import sys\nimport os\n\n"
    folder.write({"a.py": ordered + FILE})

    assert folder.update({"a.py": unordered + narrow(FILE), "pyproject.toml": NARROW}, {"a.py": ordered + NEW}) == 0
    assert folder.read("a.py") == unordered + narrow(NEW)


@pytest.mark.parametrize("place", ["ruff.toml", ".ruff.toml", "src/ruff.toml"])
def test_every_file_with_settings_counts(folder: Folder, narrow: Callable[[str], str], place: str) -> None:
    folder.write({"src/a.py": FILE})

    assert folder.update({"src/a.py": narrow(FILE), place: "line-length = 60\n"}, {"src/a.py": NEW}) == 0
    assert folder.read("src/a.py") == narrow(NEW)


def test_settings_above_the_service_count(
    tmp_path: Path, install: Callable[[Path], None], narrow: Callable[[str], str]
) -> None:
    folder = Folder(tmp_path, place="all/services/library")
    (folder.top / "shared").mkdir()
    (folder.top / "shared/ruff-base.toml").write_text("line-length = 60\n", encoding="utf-8")
    (folder.top / "ruff.toml").write_text('extend = "shared/ruff-base.toml"\n', encoding="utf-8")
    (folder.top / ".gitignore").write_text(".venv\n", encoding="utf-8")
    install(folder.top)

    assert folder.write({"a.py": FILE}).update({"a.py": narrow(FILE)}, {"a.py": NEW}) == 0
    assert folder.read("a.py") == narrow(NEW)


def test_a_file_that_the_team_does_not_format_is_merged_as_it_is(folder: Folder) -> None:
    folder.write({"a.py": FILE, "b.py": FILE})

    assert folder.update({"b.py": f"{FILE}# ours\n", "pyproject.toml": NARROW}, {"a.py": NEW, "b.py": NEW}) == 0
    assert (folder.read("a.py"), folder.read("b.py")) == (NEW, f"{NEW}# ours\n")


def test_a_file_of_the_team_that_does_not_parse_changes_nothing(folder: Folder, narrow: Callable[[str], str]) -> None:
    folder.write({"a.py": FILE, "b.py": FILE})
    ours = {"a.py": narrow(FILE), "b.py": f"{FILE}def (\n", "pyproject.toml": NARROW}

    assert folder.update(ours, {"a.py": NEW}) == 0
    assert folder.read("a.py") == narrow(NEW)
    assert folder.read("b.py") == ours["b.py"]


def test_new_settings_of_the_template_format_its_files(folder: Folder, narrow: Callable[[str], str]) -> None:
    folder.write({"a.py": FILE, "pyproject.toml": WIDE})

    assert folder.update({}, {"a.py": narrow(NEW), "pyproject.toml": NARROW}) == 0
    assert folder.read("a.py") == narrow(NEW)


def test_migrations_with_other_quotes_are_read_and_continued(folder: Folder) -> None:
    place = "migrations/versions/{}.py".format
    first = 'revision = "cats_0001"\ndown_revision = None\n'
    second = 'revision = "{}"\ndown_revision = "{}"\n'.format
    ours = {place("cats_0001"): first, place("cats_0002_b1f2"): second("cats_0002_b1f2", "cats_0001")}
    folder.write({place("cats_0001"): first})

    code = folder.update(
        {path: text.replace('"', "'") for path, text in ours.items()}
        | {"pyproject.toml": "[tool.ruff.format]\nquote-style = 'single'\n"},
        {place("cats_0002"): second("cats_0002", "cats_0001")},
    )

    assert code == 0
    assert folder.read(place("cats_0002")) == second("cats_0002", "cats_0002_b1f2").replace('"', "'")


def test_the_suite_is_not_formatted(folder: Folder, narrow: Callable[[str], str]) -> None:
    path = "tests/suite/a.py"
    folder.write({"a.py": FILE, path: FILE})

    assert folder.update({"a.py": narrow(FILE), "pyproject.toml": NARROW}, {"a.py": NEW, path: NEW}) == 0
    assert (folder.read("a.py"), folder.read(path)) == (narrow(NEW), NEW)


@pytest.mark.parametrize(
    ("lock", "settings", "reason"),
    [
        ("", NARROW, "uv.lock names no ruff."),
        ('name = "ruff"\nversion = "0.0.1"\n', NARROW, "neither ruff 0.0.1 nor uv is installed."),
        (None, "[tool.ruff]\nline-length = 'sixty'\n", "ruff failed Cause: Failed to parse pyproject.toml "),
    ],
    ids=["not locked", "not installed", "wrong settings"],
)
def test_a_reason_is_given_if_nothing_can_be_formatted(
    folder: Folder,
    narrow: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
    lock: str | None,
    settings: str,
    reason: str,
) -> None:
    folder.write({"a.py": FILE})
    if lock is not None:
        (folder.ours / "uv.lock").write_text(lock, encoding="utf-8")

    code = folder.update({"a.py": narrow(FILE), "pyproject.toml": settings}, {"a.py": NEW})

    assert code == 3
    assert f"could not be formatted like yours: {reason}" in capsys.readouterr().out


def test_uv_provides_the_locked_ruff_without_an_environment(
    folder: Folder, narrow: Callable[[str], str], environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.ours / ".venv").unlink()
    locked = (folder.ours / "uv.lock").read_text(encoding="utf-8").split('"')[3]
    uv = tmp_path / "uv"
    uv.write_text(
        f'#!/bin/sh\n[ "$4" = ruff@{locked} ] && shift 4 && exec {environment}/bin/ruff "$@"\n', encoding="utf-8"
    )
    uv.chmod(0o755)
    monkeypatch.setenv("UV", str(uv))
    folder.write({"a.py": FILE})

    assert folder.update({"a.py": narrow(FILE), "pyproject.toml": NARROW}, {"a.py": NEW}) == 0
    assert folder.read("a.py") == narrow(NEW)


def test_another_line_length_costs_no_conflict(tmp_path: Path, install: Callable[[Path], None]) -> None:
    versions = make_versions(tmp_path / "versions")
    versions.release(NEXT, *CHANGES.values())
    service = versions.write(tmp_path / "service", {})
    for edit in EDITS.values():
        edit(service)
    restyle(service, install)

    # A module is removed, and another one moves to a later phase.
    changes = {"modules": ["appointments", "patients", "tickets"], "plan": {"tickets": {"phase": 4}}}
    outcome = service.update(changes, version=NEXT)

    assert outcome.code == 0, outcome.printed
    assert "formatted like yours" not in outcome.printed
    assert not (service.folder / "removed").exists()
    ruff = service.folder / ".venv/bin/ruff"
    subprocess.run([ruff, "format", "--check"], cwd=service.folder, check=True, capture_output=True)


def restyle(service: LivingService, install: Callable[[Path], None]) -> None:
    """Format a service with shorter lines, and commit it."""
    install(service.folder)
    service.edit("pyproject.toml", "line-length = 120", "line-length = 88")
    ruff = service.folder / ".venv/bin/ruff"
    subprocess.run([ruff, "format", "--quiet"], cwd=service.folder, check=True)
    service.commit("Format")
